"""Evaluate a plan's nodes over whole arrays, each node once."""
