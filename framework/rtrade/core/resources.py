"""Find the data folders that ship with rtrade, in an installed wheel and in a checkout."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def data_folder(kind: str) -> Path:
    """Return the folder of `schemas`, `reports`, `strategies` or `datasources` as shipped."""
    installed = Path(str(files("rtrade") / "_data" / kind))
    return installed if installed.is_dir() else Path(__file__).parents[3] / kind
