"""What was measured on each picture, beside how near it comes to the limits of the model's card."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TABLE = "inspections"
STATISTICS = ("strip_share", "brightness", "saturated_share", "texture", "sharpness", "novelty")
COLUMNS = tuple(f"{name}{end}" for name in STATISTICS for end in ("", "_use"))


def upgrade() -> None:
    """Add the columns, and forget every entry: what follows a migration enters the records anew."""
    for column in COLUMNS:
        op.add_column(TABLE, sa.Column(column, sa.Double(), nullable=True))
    op.execute(sa.delete(sa.table(TABLE)))
