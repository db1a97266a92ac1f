"""The HTTP API: routes, schemas, errors. Only this package knows status codes."""
