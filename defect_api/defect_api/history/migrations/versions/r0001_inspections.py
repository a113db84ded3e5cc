"""The table of inspections, with an index for each way of sorting it."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TABLE = "inspections"
SORTS = ("created_at", "defect_probability", "defect_area_px")
COVERED = ("verdict", *SORTS, "search_name", "types", "bytes", "stamp")


def upgrade() -> None:
    """Make the table and its indexes."""
    op.create_table(
        TABLE,
        sa.Column("id", sa.String(100), primary_key=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("filename", sa.String(255), nullable=False),
        sa.Column("search_name", sa.Text(), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("defect_probability", sa.Double(), nullable=False),
        sa.Column("max_probability", sa.Double(), nullable=False),
        sa.Column("defect_count", sa.Integer(), nullable=False),
        sa.Column("defect_area_px", sa.BigInteger(), nullable=False),
        sa.Column("types", sa.Text(), nullable=False),
        sa.Column("model_name", sa.String(64), nullable=False),
        sa.Column("model_version", sa.String(32), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=False),
    )
    for sort in SORTS:
        _create_index(sort, "id")
    _create_index("verdict", "created_at")
    op.create_index(f"ix_{TABLE}_filename", TABLE, ["filename", "created_at", "id"])


def _create_index(*keys: str) -> None:
    # in SQLite with every column that is searched or read: a page is one walk of one index, whatever is filtered;
    # PostgreSQL refuses index rows over 2.7 kB and has statistics to choose its plan by
    others = COVERED if op.get_bind().dialect.name == "sqlite" else ()
    op.create_index(f"ix_{TABLE}_{keys[0]}", TABLE, list(dict.fromkeys((*keys, *others))))
