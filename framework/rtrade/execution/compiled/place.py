"""Where compiled kernels are kept between processes."""

from __future__ import annotations

import hashlib
import os
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


@cache
def kernel_folder() -> Path:
    """Return the folder of kernels that were compiled from this state of the package.

    It is below RTRADE_CACHE, else below the user's cache folder (XDG_CACHE_HOME, `~/.cache`). Its
    name is a digest of all sources of `execution`, and of the versions of Python and numba.
    """
    state = hashlib.sha256(f"{sys.version}|{version('numba')}|{version('numpy')}".encode())
    sources = [
        *sorted(_PACKAGE.rglob("*.py")),
        _PACKAGE.parent / "core" / "results.py",
        _PACKAGE.parent / "signals" / "loops.py",
    ]
    for path in sources:
        state.update(path.name.encode() + path.read_bytes())
    return _root() / "kernels" / state.hexdigest()[:16]


def _root() -> Path:
    stated = os.environ.get("RTRADE_CACHE")
    if stated:
        return Path(stated).resolve()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rtrade"
