"""The sources of a workspace that have bars, for forms and for the page of data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rtrade.config.definitions import SourceDef
from rtrade.config.loading import find_source, load_source, source_names
from rtrade.core.errors import InvalidInput


def bar_sources(workspace: Path) -> list[SourceDef]:
    """Return the sources that have bars, by name; one that cannot be read is left out."""
    return [one for one in _readable(workspace) if one.kind != "llm"]


def _readable(workspace: Path) -> Iterator[SourceDef]:
    for name in source_names(workspace):
        try:
            yield load_source(find_source(name, workspace))
        except InvalidInput:
            # What is wrong in it is told by whatever uses it.
            continue
