"""Answers of language models: prompts, requests, replies, their cache, a local model.

The only importer of openai, which is loaded where it is used.
"""
