"""Do something again whenever a file changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

# How often the files are looked at, in seconds: at once for people, next to nothing for a machine.
_PAUSE = 0.2

_Stamps = dict[Path, tuple[int, int, int] | None]


def again(files: Callable[[], Sequence[Path]], action: Callable[[Sequence[Path]], None]) -> None:
    """Do `action` with the files, and again whenever one of them changes; only a signal ends it."""
    while True:
        # Before the action reads them: what changes while it does is not missed.
        before = _stamps(files())
        while (now := _stamps(files())) != before:
            before = now
        action(list(before))
        while _stamps(before) == before:
            time.sleep(_PAUSE)


def _stamps(paths: Sequence[Path] | _Stamps) -> _Stamps:
    return {path: _stamp(path) for path in paths}


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Return what changes with a file, None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
