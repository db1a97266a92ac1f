"""One class per thing that can be asked of the service."""
