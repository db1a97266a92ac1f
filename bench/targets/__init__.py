"""The services that are measured: installation, start and check."""
