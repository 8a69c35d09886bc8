"""The secrets of a workspace, to keep them out of what is told about it.

Messages are written without secrets to begin with. This is the net below: it is held under logs and
errors that come from libraries, whose words are not ours.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from rtrade.core.resources import data_folder
from rtrade.core.settings import SETTINGS, load_secret, load_settings

HIDDEN = "***"
_NAMED = re.compile(r"\$\{env:([A-Za-z_][A-Za-z0-9_]{0,99})\}")
# A shorter one would be found in words that have nothing to do with it.
_SHORTEST = 6


class Redactor:
    """Replaces the secrets of a workspace, as they were when this was made."""

    def __init__(self, workspace: Path) -> None:
        found = {one for secret in _secrets(workspace) for one in _spellings(secret)}
        # Longer ones first: one may be a part of another.
        texts = sorted((one for one in found if len(one) >= _SHORTEST), key=len, reverse=True)
        self._texts = [(one, one.encode(errors="replace")) for one in texts]

    def __call__(self, text: str) -> str:
        """Return `text` with `***` in place of each secret."""
        for one, _ in self._texts:
            text = text.replace(one, HIDDEN)
        return text

    def cleaned(self, data: bytes) -> bytes:
        """Return UTF-8 text with `***` in place of each secret; the same object without any."""
        for _, one in self._texts:
            # To look is many times as fast as to replace, and there is nothing to be found.
            if one in data:
                data = data.replace(one, HIDDEN.encode())
        return data


def _secrets(workspace: Path) -> Iterator[str]:
    settings = load_settings(workspace)
    for setting in SETTINGS:
        if setting.secret:
            yield from _of_setting(settings[setting.name])
    for folder in (workspace / "datasources", data_folder("datasources")):
        for file in sorted(folder.glob("*.yaml")):
            try:
                text = file.read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue  # what cannot be read names nothing
            for name in _NAMED.findall(text):
                yield load_secret(name, workspace, os.environ) or ""


def _of_setting(value: str) -> Iterator[str]:
    """Yield what is secret in the value of a setting: of an address, its password alone."""
    if "://" not in value:
        yield value
        return
    try:
        parts = urlsplit(value)
    except ValueError:
        yield value
        return
    if parts.password:
        yield parts.password
    yield from re.findall(r"(?i)password=([^&]*)", parts.query)


def _spellings(secret: str) -> set[str]:
    """Return a secret as it is, decoded from an address, and as it stands in JSON."""
    return {secret, unquote(secret), json.dumps(secret)[1:-1]}
