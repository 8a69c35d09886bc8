"""Do something again whenever a file changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

# How often the files are looked at, in seconds: at once for people, next to nothing for a machine.
_PAUSE = 0.2

_Stamp = tuple[int, int, int] | None


def again(action: Callable[[], Iterable[Path]]) -> None:
    """Do `action`, and again whenever a file that it returned changes; only a signal ends it."""
    while True:
        # Before the files are read: a change while they are is not missed.
        begun = time.time_ns()
        before = _stamps(action(), begun)
        while _stamps(before) == before:
            time.sleep(_PAUSE)


def _stamps(paths: Iterable[Path], begun: int | None = None) -> dict[Path, _Stamp]:
    return {path: _stamp(path, begun) for path in paths}


def _stamp(path: Path, begun: int | None) -> _Stamp:
    """Return what changes with a file; one that changed after `begun` counts as unknown."""
    try:
        status = path.stat()
    except OSError:
        return None
    if begun is not None and status.st_mtime_ns >= begun:
        return -1, -1, -1
    return status.st_mtime_ns, status.st_size, status.st_ino
