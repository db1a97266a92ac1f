"""The HTTP API: routes, schemas, errors. Only this package uses status codes."""
