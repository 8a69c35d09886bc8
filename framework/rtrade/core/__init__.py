"""Frozen types that every layer speaks: errors, units, timeframes, bars, results, settings."""
