"""One folder per technology. Adapters do not import each other."""
