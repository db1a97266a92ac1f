"""What OpenTelemetry is told. Nothing of it but ``wanted`` is imported when nobody listens."""
