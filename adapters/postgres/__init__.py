"""Tasks in PostgreSQL: SQLModel's tables, SQLAlchemy's pool, psycopg's cursors."""
