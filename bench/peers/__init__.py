"""Other backends with the same API, written as their frameworks recommend."""
