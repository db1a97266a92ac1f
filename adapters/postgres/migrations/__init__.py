"""The schema's history, for Alembic. A migration that has shipped is never edited."""
