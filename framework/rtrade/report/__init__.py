"""Render a run as one HTML file; never runs anything."""
