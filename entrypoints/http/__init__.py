"""The HTTP edge: parses, calls, renders. It alone knows status codes."""
