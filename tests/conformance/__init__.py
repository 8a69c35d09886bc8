"""Engines against the rules: hand-written candle tables, and programs drawn at random."""
