"""Compile a strategy into a plan: typed nodes, warm-up, fingerprint, explanation."""
