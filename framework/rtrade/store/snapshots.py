"""Whole series as files of plain columns beside the database, so that a repeated load is one read.

A snapshot belongs to one state of one series of one database, and its name says which; the state
changes in the transaction that changes bars, so a stale snapshot is never found. It can be deleted
at any time. Damage is noticed (size, and two checksums over every eight bytes) and answered by
reading the database again.
"""

from __future__ import annotations

import logging
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtrade.core.bars import COLUMNS, Bars
from rtrade.core.series import SeriesKey

log = logging.getLogger("rtrade.store")

_MAGIC = b"rtrade bars 1\n\x00\x00"
_HEADER = len(_MAGIC) // 8 + 4  # words: magic, count, sum, xor, reserved
Words = NDArray[np.uint64]


@dataclass(frozen=True)
class Snapshots:
    """The snapshots of one database in `folder`, which is made when the first is written."""

    folder: Path
    database_id: str

    def load(self, key: SeriesKey, series_id: int, state: str) -> Bars | None:
        """Return the whole series in that state; None where no sound snapshot of it exists."""
        path = self._path(series_id, state)
        try:
            words = np.fromfile(path, np.uint64)
        except FileNotFoundError:
            return None
        except OSError as error:
            log.warning("snapshot not read", extra={"path": str(path), "error": str(error)})
            return None
        body = _body(words)
        if body is None:
            log.warning("snapshot damaged, reading the database", extra={"path": str(path)})
            return None
        columns = body.reshape(len(COLUMNS), -1)
        values = {name: columns[at].view(np.float64) for at, name in enumerate(COLUMNS)}
        return Bars(key.symbol, key.timeframe, **{**values, "time": columns[0].view(np.int64)})

    def has(self, series_id: int, state: str) -> bool:
        """Tell whether there is a snapshot of the series in that state, sound or not."""
        return self._path(series_id, state).exists()

    def save(self, bars: Bars, series_id: int, state: str) -> None:
        """Write the whole series in that state, in one step, and remove its older snapshots.

        A cache that cannot be written costs time, not results: that is logged, not raised.
        """
        columns = [np.ascontiguousarray(getattr(bars, name)).view(np.uint64) for name in COLUMNS]
        body = np.concatenate(columns)
        path = self._path(series_id, state)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _publish(path, _header(body), body)
        except OSError as error:
            log.warning("snapshot not written", extra={"path": str(path), "error": str(error)})
            return
        for other in self.folder.glob(f"{self.database_id}-{series_id}-*.bars"):
            if other != path:
                with suppress(OSError):  # another process removed it, or reads it (Windows)
                    other.unlink()

    def _path(self, series_id: int, state: str) -> Path:
        return self.folder / f"{self.database_id}-{series_id}-{state}.bars"


def _checks(body: Words) -> tuple[int, int]:
    return int(body.sum(dtype=np.uint64)), int(np.bitwise_xor.reduce(body, initial=np.uint64(0)))


def _header(body: Words) -> Words:
    facts = np.array([len(body) // len(COLUMNS), *_checks(body), 0], np.uint64)
    return np.concatenate([np.frombuffer(_MAGIC, np.uint64), facts])


def _body(words: Words) -> Words | None:
    body = words[_HEADER:]
    sound = len(words) >= _HEADER and np.array_equal(words[:_HEADER], _header(body))
    return body if sound and len(body) % len(COLUMNS) == 0 else None


def _publish(path: Path, header: Words, body: Words) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "wb") as file:
            header.tofile(file)
            body.tofile(file)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
