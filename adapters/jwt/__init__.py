"""JSON Web Tokens, verified with PyJWT."""
