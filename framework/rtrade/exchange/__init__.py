"""Exchanges: the only importer of ccxt. Answers are asked for politely, checked, and typed."""
