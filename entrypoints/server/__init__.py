"""uvicorn, hardened: docs/server.md says how it differs, and why. Knows nothing of the API."""
