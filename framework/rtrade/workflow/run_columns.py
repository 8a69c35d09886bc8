"""Read the curves of a run for a chart: few points, and none of the extremes left out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rtrade.core.errors import WorldError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    Column = NDArray[np.float64]

_COLUMNS = ("equity", "position", "benchmark")


@dataclass(frozen=True, eq=False)
class Curves:
    """Columns of a run with a value per close, or a choice of them; `time` is of opens (ms).

    `bars` counts the bars of the asked range, of which there may be fewer values.
    """

    time: NDArray[np.int64]
    equity: Column
    position: Column
    benchmark: Column
    bars: int

    def document(self) -> dict[str, Any]:
        """Return the columns as plain lists."""
        lists = {name: getattr(self, name).tolist() for name in ("time", *_COLUMNS)}
        return {"bars": self.bars, **lists}


def read_curves(
    file: Path,
    stamp: int,
    *,
    start: int | None = None,
    end: int | None = None,
    points: int,
) -> Curves:
    """Return the curves of a run's equity.csv in `[start, end)` (ms), at most `points` values.

    Thinned, each stretch keeps its first close, its last, and those of the least and the greatest
    equity. `stamp` is the file's, so that another one is read anew. Raises WorldError where it
    cannot be read.
    """
    import numpy as np

    time, columns = _read(file, stamp)
    low = 0 if start is None else int(np.searchsorted(time, start))
    high = len(time) if end is None else max(low, int(np.searchsorted(time, end)))
    kept = low + _extremes(columns["equity"][low:high], points)
    return Curves(time[kept], **{name: columns[name][kept] for name in _COLUMNS}, bars=high - low)


@lru_cache(maxsize=4)
def document_of(file: Path, stamp: int) -> Mapping[str, Any]:
    """Return a JSON document of a run; `stamp` is its file's, so that another one is read anew."""
    import json

    del stamp
    try:
        document = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise WorldError(f"cannot read {file.name} of run {file.parent.name}: {error}") from error
    if not isinstance(document, dict):
        raise WorldError(f"{file.name} of run {file.parent.name} holds no document")
    return document


@lru_cache(maxsize=4)
def _read(file: Path, stamp: int) -> tuple[NDArray[np.int64], Mapping[str, Column]]:
    import numpy as np
    import pyarrow as pa
    from pyarrow import csv

    del stamp
    types = {"time": pa.timestamp("ms", tz="UTC"), **dict.fromkeys(_COLUMNS, pa.float64())}
    try:
        table = csv.read_csv(file, convert_options=csv.ConvertOptions(column_types=types))
        time = table["time"].cast(pa.int64()).to_numpy()
        columns = {name: table[name].to_numpy() for name in _COLUMNS}
    except (pa.ArrowInvalid, KeyError, OSError) as error:
        raise WorldError(
            f"equity.csv of run {file.parent.name} is not what a run writes: {error}"
        ) from error
    if not all(np.isfinite(column).all() for column in columns.values()):
        raise WorldError(f"equity.csv of run {file.parent.name} holds what is no number")
    return time, columns


def _extremes(values: Column, points: int) -> NDArray[np.int64]:
    """Return which of `values` to keep so that at most `points` are left."""
    import numpy as np

    count = len(values)
    if count <= points:
        return np.arange(count)
    edges = np.linspace(0, count, max(points // 4, 1) + 1).astype(np.int64)
    kept: list[int] = []
    for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        part = values[low:high]
        kept += [low, low + int(part.argmin()), low + int(part.argmax()), high - 1]
    return np.unique(np.array(kept, dtype=np.int64))
