"""What a file may not hold so that it can be shared.

A strategy comes from anyone: it names no environment variable, no URL and no absolute path. A
source is the user's own: it may point anywhere, and takes secrets, and only those, from the
environment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rtrade.config.document import SECRET_KEYS, Path
from rtrade.config.formats import FORMATS, SECRET
from rtrade.config.wording import Words, label

_ENV = re.compile(r"\$\{\s*env\s*:", re.IGNORECASE)
_FILLED = re.compile(r"\$\{|\{\{")
_URL = re.compile(r"\b[A-Za-z][A-Za-z0-9+.-]{1,20}://")
_ABSOLUTE = re.compile(r"\s*(/[^\s/]|~[^\s/]{0,32}/|\\\\|[A-Za-z]:[\\/])")


def unsafe_in_strategy(data: Any) -> Iterator[tuple[Path, Words]]:
    """Yield the path of each value that a strategy may not hold, with the reason."""
    for path, text in _texts(data):
        name = label(path)
        if _ENV.search(text):
            message = f"{name} reads the environment: a strategy is safe to share, so it cannot"
            yield path, Words("RT028", message, "secrets belong into a source file")
        elif not _is_prose(path) and _FILLED.search(text):
            message = f"{name} waits to be filled in: a strategy says all of its values itself"
            key = ".".join(str(part) for part in path)
            yield path, Words("RT028", message, f"write the value, and change it by `--set {key}=`")
        elif _URL.search(text):
            message = f"{name} holds a URL: a strategy is safe to share, so it names no address"
            yield path, Words("RT028", message, "addresses belong into a source file")
        elif not _is_prose(path) and _ABSOLUTE.match(text):
            message = f"{name} is an absolute path: a strategy only names what its workspace holds"
            help_text = "name a source in `datasources/`; `--source` takes any path"
            if path[:1] == ("signals",):
                help_text = "prompts stand beside the strategy: `prompts/analyst.j2`"
            yield path, Words("RT028", message, help_text)


def unsafe_in_source(data: Any) -> Iterator[tuple[Path, Words]]:
    """Yield the path of each value that reads the environment without being a secret, and of each
    secret that does not.
    """
    secrets = [(key,) for key in SECRET_KEYS]
    if isinstance(data, dict):
        # Whatever it is: a secret in a message would be a secret given away.
        for key in SECRET_KEYS:
            value = data.get(key)
            if value not in (None, "") and not _names_secret(value):
                message = f"`{key}` does not name a variable: secrets come from the environment"
                yield (key,), Words("RT033", message, _secret_advice(key))
    for path, text in _texts(data):
        if _ENV.search(text) and path not in secrets:
            keys = " and ".join(f"`{key}`" for key in SECRET_KEYS)
            message = f"{label(path)} reads the environment; only {keys} may"
            yield path, Words("RT028", message, "write the value out")


def _is_prose(path: Path) -> bool:
    """Whether a text is told to people, or to a model as it is."""
    return path == ("description",) or ("examples" in path and path[:1] == ("signals",))


def _names_secret(value: Any) -> bool:
    return isinstance(value, str) and FORMATS[SECRET].matches(value)


def _secret_advice(key: str) -> str:
    name = f"EXCHANGE_{key.upper()}"
    return (
        f"write `{key}: ${{env:{name}}}`, and set `{name}` in the environment or in the "
        "workspace's `.env`"
    )


def _texts(data: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    if isinstance(data, str):
        yield path, data
    elif isinstance(data, dict | list):
        items = data.items() if isinstance(data, dict) else enumerate(data)
        for key, value in items:
            yield from _texts(value, (*path, key))
