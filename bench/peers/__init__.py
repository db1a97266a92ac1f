"""The same API as its users would write it without this project."""
