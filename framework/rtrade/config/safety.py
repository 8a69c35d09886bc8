"""What a file may not hold so that it can be shared.

A strategy comes from anyone: it names no environment variable, no URL and no absolute path. A
source is the user's own: it may point anywhere, and takes secrets, and only those, from the
environment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rtrade.config.document import Path
from rtrade.config.wording import Words, label

SECRET_KEYS = ("api_key", "secret")

_ENV = re.compile(r"\$\{\s*env\s*:", re.IGNORECASE)
_FILLED = re.compile(r"\$\{|\{\{")
_URL = re.compile(r"\b[A-Za-z][A-Za-z0-9+.-]{1,20}://")
_ABSOLUTE = re.compile(r"\s*(/[^\s/]|~[^\s/]{0,32}/|\\\\|[A-Za-z]:[\\/])")
_PROSE = ("description",)


def unsafe_in_strategy(data: Any) -> Iterator[tuple[Path, Words]]:
    """Yield the path of each value that a strategy may not hold, with the reason."""
    for path, text in _texts(data):
        name = label(path)
        if _ENV.search(text):
            message = f"{name} reads the environment: a strategy is safe to share, so it cannot"
            yield path, Words("RT028", message, "secrets belong into a source file")
        elif path != _PROSE and _FILLED.search(text):
            message = f"{name} waits to be filled in: a strategy says all of its values itself"
            key = ".".join(str(part) for part in path)
            yield path, Words("RT028", message, f"write the value, and change it by `--set {key}=`")
        elif _URL.search(text):
            message = f"{name} holds a URL: a strategy is safe to share, so it names no address"
            yield path, Words("RT028", message, "addresses belong into a source file")
        elif path != _PROSE and _ABSOLUTE.match(text):
            message = f"{name} is an absolute path: a strategy only names what its workspace holds"
            help_text = "name a source in `datasources/`; `--source` takes any path"
            yield path, Words("RT028", message, help_text)


def unsafe_in_source(data: Any) -> Iterator[tuple[Path, Words]]:
    """Yield the path of each value that reads the environment without being a secret."""
    for path, text in _texts(data):
        if _ENV.search(text) and path[-1:] not in [(key,) for key in SECRET_KEYS]:
            keys = " and ".join(f"`{key}`" for key in SECRET_KEYS)
            message = f"{label(path)} reads the environment; only {keys} may"
            yield path, Words("RT028", message, "write the value out")


def _texts(data: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    if isinstance(data, str):
        yield path, data
    elif isinstance(data, dict | list):
        items = data.items() if isinstance(data, dict) else enumerate(data)
        for key, value in items:
            yield from _texts(value, (*path, key))
