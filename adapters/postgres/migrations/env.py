"""How Alembic runs the migrations: over the connection, and the transaction, that it is handed."""

from alembic import context

config = context.config
context.configure(
    connection=config.attributes["connection"],
    # Not Alembic's default name: the database may hold another application's history.
    version_table="tasks_api_schema_version",
)
context.run_migrations(users_table=config.attributes["users_table"])
