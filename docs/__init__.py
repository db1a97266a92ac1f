"""The documents, and the generator of one of them."""
