"""Find the data folders that ship with rtrade, in an installed wheel and in a checkout."""

from __future__ import annotations

from pathlib import Path


def data_folder(kind: str) -> Path:
    """Return the folder of `schemas`, `reports`, `strategies` or `datasources` as shipped."""
    # By the file's own place: importlib.resources costs more to import than files to check.
    installed = Path(__file__).parents[1] / "_data" / kind
    return installed if installed.is_dir() else Path(__file__).parents[3] / kind
