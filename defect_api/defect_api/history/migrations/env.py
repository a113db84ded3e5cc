"""What Alembic runs to migrate: on the connection that `defect_api.history.migrate` hands over."""

from alembic import context

from defect_api.history.schema import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    # Alembic takes SQLite for a database that cannot do it; None leaves the others as they are
    transactional_ddl=True if connection.dialect.name == "sqlite" else None,
)
with context.begin_transaction():
    context.run_migrations()
