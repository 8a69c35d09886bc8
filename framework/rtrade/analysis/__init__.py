"""Metrics, warnings and run records."""
