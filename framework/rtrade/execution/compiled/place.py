"""Where compiled kernels are kept between processes."""

from __future__ import annotations

import hashlib
import os
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def sources() -> tuple[Path, ...]:
    """Return the files that all compiled code comes from."""
    return (
        *sorted(_PACKAGE.rglob("*.py")),
        _PACKAGE.parent / "core" / "results.py",
        *sorted((_PACKAGE.parent / "signals").glob("*loops.py")),
    )


@cache
def kernel_folder() -> Path:
    """Return the folder of kernels that were compiled from this state of the package.

    It is below RTRADE_CACHE, else below the user's cache folder (XDG_CACHE_HOME, `~/.cache`). Its
    name is a digest of the sources, and of the versions of Python, numba and numpy.
    """
    state = hashlib.sha256(f"{sys.version}|{version('numba')}|{version('numpy')}".encode())
    for path in sources():
        state.update(path.name.encode() + path.read_bytes())
    return _root() / "kernels" / state.hexdigest()[:16]


def _root() -> Path:
    stated = os.environ.get("RTRADE_CACHE")
    if stated:
        return Path(stated).resolve()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rtrade"
