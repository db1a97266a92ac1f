"""One folder per technology. Adapters do not know each other."""
