"""The documents, and what generates one of them."""
