"""Traces and metrics through OpenTelemetry.

Only ``enabled`` is imported unless traces or metrics are turned on.
"""
