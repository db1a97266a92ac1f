"""Samples of measurements, rounds of samples, and tables."""
