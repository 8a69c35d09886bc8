"""Bars and sources made by hand for the tests of rtrade.data."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rtrade.config.definitions import FileSeries, SourceDef
from rtrade.core.bars import COLUMNS, Bars
from rtrade.core.diagnostics import Diagnostic
from rtrade.core.errors import InvalidInput
from rtrade.core.timeframes import Timeframe, parse_time
from rtrade.data.files import read_file

HEADER = "ts,open,high,low,close,volume"
T0 = parse_time("2024-01-01T00:00:00Z")


def frame(text: str) -> Timeframe:
    return Timeframe.parse(text)


def bars_at(times: Sequence[int], timeframe: str, *, symbol: str = "BTC/USDT") -> Bars:
    """Bars at `times` (ms), each with prices and a volume of its own."""
    time = np.array(times, dtype=np.int64)
    number = np.arange(len(time), dtype=np.float64)
    middle = 100.0 + number % 17
    return Bars(
        symbol=symbol,
        timeframe=frame(timeframe),
        time=time,
        open=middle,
        high=middle + 2 + number % 3,
        low=middle - 2 - number % 5,
        close=middle + 1 - number % 2,
        volume=1.0 + number,
    )


def steps(count: int, timeframe: str, *, start: int = T0) -> list[int]:
    return [start + step * frame(timeframe).ms for step in range(count)]


def assert_same(one: Bars, other: Bars) -> None:
    """Equal to the bit."""
    assert (one.symbol, one.timeframe, one.digest()) == (
        other.symbol,
        other.timeframe,
        other.digest(),
    )


def csv_lines(bars: Bars) -> list[str]:
    columns = zip(bars.time, bars.open, bars.high, bars.low, bars.close, bars.volume, strict=True)
    return [HEADER, *(",".join(str(cell.item()) for cell in row) for row in columns)]


def write(path: Path, lines: Sequence[str] | bytes) -> Path:
    content = lines if isinstance(lines, bytes) else ("\n".join(lines) + "\n").encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def source_of(path: Path, *, timeframe: str = "1h", kind: str = "csv", **settings) -> SourceDef:
    series = (FileSeries("BTC/USDT", frame(timeframe), path),)
    return SourceDef("mine", kind, series, **settings)


def read(path: Path, *, timeframe: str = "1h", kind: str = "csv", **settings) -> Bars:
    source = source_of(path, timeframe=timeframe, kind=kind, **settings)
    return read_file(source, source.series[0])


def findings_of(path: Path, **settings) -> list[Diagnostic]:
    """What is wrong with a file; fails where nothing is."""
    with pytest.raises(InvalidInput) as caught:
        read(path, **settings)
    return list(caught.value.diagnostics)


def places_of(found: Sequence[Diagnostic]) -> list[tuple[str, int]]:
    return [(each.code, each.span.line) for each in found if each.span is not None]


def write_parquet(path: Path, bars: Bars, **columns) -> Path:
    names = {"ts": bars.time} | {name: getattr(bars, name) for name in COLUMNS[1:]} | columns
    pq.write_table(pa.table(names), path)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(path.read_bytes()))
    return path
