"""Brings the index's schema up to date, with the migrations of this package."""

import logging

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Engine

from defect_api.history.database import NewerSchema
from defect_api.history.schema import Entry

# at INFO it says of each connection how it treats transactions
logging.getLogger("alembic.runtime.migration").setLevel(logging.WARNING)


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Run the missing migrations up to `revision`, all in one transaction; on a server, within `alone_on_server`.

    Raises SQLAlchemyError, NewerSchema where the index has a revision that is not known here.
    """
    config = _config()
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            # its driver begins no transaction of its own for CREATE TABLE
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, revision)
        except CommandError as error:
            raise NewerSchema(
                f"the index was written by another version of this service ({error}); once its tables "
                f"{Entry.__tablename__} and alembic_version are dropped it is made again from the records"
            ) from error


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "defect_api.history:migrations")
    config.set_main_option("path_separator", "os")
    return config
