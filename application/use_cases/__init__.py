"""One class per use case."""
