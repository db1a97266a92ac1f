"""Tasks in PostgreSQL: SQLModel's tables, SQLAlchemy's pool, libpq's calls."""
