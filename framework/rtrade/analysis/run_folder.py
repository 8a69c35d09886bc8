"""Publish the files of a run as one folder that is always whole.

1. One publisher at a time works in a folder of runs: a lock file says whose turn it is, and the
   system frees it when its holder dies. Whatever unfinished is found under the lock is therefore
   nobody's, and is cleared away.
2. The files are written to a folder beside the final one and brought to the disk.
3. It gets its name in one step; where a run of that id exists, the two swap names in one step.
   A file system that cannot swap has two renames, and the next publisher mends a crash between.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rtrade.core.errors import UsageError, WorldError

_NAME = re.compile(r"(?!\.)[A-Za-z0-9._-]+")
_FRESH, _ASIDE, _LOCK = ".rtrade-new-", ".rtrade-old-", ".rtrade-lock"

_ELSEWHERE = "or write elsewhere with `--out DIR` or RTRADE_OUT"
_HINTS = {
    errno.ENOSPC: f"free some space there, {_ELSEWHERE}",
    errno.EDQUOT: f"free some space there, {_ELSEWHERE}",
    errno.EACCES: f"make the folder and what is in it writable, {_ELSEWHERE}",
    errno.EPERM: f"make the folder and what is in it writable, {_ELSEWHERE}",
    errno.EROFS: f"make the folder and what is in it writable, {_ELSEWHERE}",
}

# From linux/fs.h and fcntl.h.
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2
_CANNOT_SWAP = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EXDEV)


def publish(root: Path, run_id: str, files: Mapping[str, bytes]) -> Path:
    """Write `files` as the folder `root/run_id`, replacing one that is there; return its path.

    At every moment, also after a crash, the folder holds all old files or all new ones. Raises
    UsageError for names that could leave the folder, and WorldError where it cannot be written.
    """
    for name in (run_id, *files):
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"`{name}` cannot name a run or one of its files",
                hint="names have letters, digits, `.`, `_` and `-`, and do not start with a dot",
            )
    try:
        root.mkdir(parents=True, exist_ok=True)
        with _locked(root):
            _mend(root)
            return _published(root, run_id, files)
    except OSError as error:
        raise WorldError(
            f"cannot write run `{run_id}` to {root}: {error.strerror or error}",
            hint=_HINTS.get(error.errno or 0, f"look at that folder, {_ELSEWHERE}"),
        ) from error


def remove(root: Path, run_id: str) -> None:
    """Delete the folder `root/run_id` of a run; raise WorldError where it cannot be.

    It is gone as a whole in one step; what a crash leaves behind, the next publisher clears away.
    """
    if not _NAME.fullmatch(run_id):
        raise UsageError(f"`{run_id}` cannot name a run")
    try:
        with _locked(root):
            _mend(root)
            going = root / f"{_FRESH}{run_id}"
            (root / run_id).rename(going)
            _sync(root)
            shutil.rmtree(going)
    except OSError as error:
        raise WorldError(
            f"cannot delete run `{run_id}` in {root}: {error.strerror or error}",
            hint=_HINTS.get(error.errno or 0, "look at that folder"),
        ) from error


def replace_file(folder: Path, name: str, content: bytes) -> Path:
    """Write one file of a folder anew, in one step; return its path. Raises WorldError."""
    fresh, final = folder / f"{_FRESH}{name}", folder / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        fresh.write_bytes(content)
        fresh.replace(final)
    except OSError as error:
        raise WorldError(
            f"cannot write {final}: {error.strerror or error}",
            hint="make the folder and what is in it writable",
        ) from error
    finally:
        fresh.unlink(missing_ok=True)
    return final


def _published(root: Path, run_id: str, files: Mapping[str, bytes]) -> Path:
    fresh, final = root / f"{_FRESH}{run_id}", root / run_id
    try:
        _write(fresh, files)
        if not _exists(final):
            fresh.rename(final)
        elif final.is_symlink() or not final.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, f"{final} is there and is not a folder")
        elif not _swap(fresh, final):
            _replace(fresh, final, root / f"{_ASIDE}{run_id}")
        _sync(root)
    finally:
        # Half a folder or, after a swap, the old one. What cannot be removed now, the next
        # publisher removes or complains of: this run is there, or its own error is on the way.
        shutil.rmtree(fresh, ignore_errors=True)
    return final


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir()
    for name, content in files.items():
        with (folder / name).open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    _sync(folder)


def _swap(a: Path, b: Path) -> bool:
    """Exchange two folders in one step; return False where the system cannot."""
    renameat2 = None if sys.platform == "win32" else getattr(_libc(), "renameat2", None)
    if renameat2 is None:
        return False
    if renameat2(_AT_FDCWD, os.fsencode(a), _AT_FDCWD, os.fsencode(b), _RENAME_EXCHANGE) == 0:
        return True
    error = ctypes.get_errno()
    if error in _CANNOT_SWAP:
        return False
    raise OSError(error, os.strerror(error), str(b))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _replace(fresh: Path, final: Path, aside: Path) -> None:
    """Put `fresh` in the place of `final` in two steps."""
    final.rename(aside)
    try:
        fresh.rename(final)
    except OSError:
        aside.rename(final)
        raise
    shutil.rmtree(aside)


def _mend(root: Path) -> None:
    """Clear away what crashed publishers left; give a folder its name back that has none."""
    for path in sorted(root.iterdir()):
        if path.name.startswith(_FRESH):
            shutil.rmtree(path)
        elif path.name.startswith(_ASIDE):
            final = root / path.name.removeprefix(_ASIDE)
            if _exists(final):
                shutil.rmtree(path)
            else:
                path.rename(final)


def _exists(path: Path) -> bool:
    return path.is_symlink() or path.exists()


def _sync(folder: Path) -> None:
    """Bring the names in a folder to the disk, where the system lets folders be opened."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that does this by itself, or never
            raise
    finally:
        os.close(handle)


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    """Wait until no other process publishes in `root`."""
    handle = os.open(root / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_LOCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
