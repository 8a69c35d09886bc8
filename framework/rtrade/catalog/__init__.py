"""Declarations, each once: indicators, functions, sizers, risk rules, metrics. No numerics."""
