"""Bars out of Parquet files, plain or gzip: columns by name, types as they are stored."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rtrade.config.definitions import SourceDef
from rtrade.core.bars import COLUMNS, FloatArray, IntArray
from rtrade.core.diagnostics import Diagnostic, Span
from rtrade.core.errors import InvalidInput
from rtrade.data.arrow import float_values, int_values, nulls
from rtrade.data.columns import find_columns
from rtrade.data.csv_files import unpack
from rtrade.data.findings import Finding, RowPlaces, broken
from rtrade.data.tables import Table
from rtrade.data.times import BAD, from_numbers, from_text

_MAGIC = b"PAR1"
_GZIP = b"\x1f\x8b"


def read_parquet(path: Path, source: SourceDef) -> Table:
    """Return the rows of a Parquet file, plain or gzip by its content.

    Raises InvalidInput for a file that is none or has no rows, OSError where the system does.
    """
    rows = _read(path, source)
    if not rows.num_rows:
        raise broken(path, "RT303", "the file has columns, but no rows", "add bars")
    _check_types(path, rows)
    findings: list[Finding] = []
    values = [_floats(name, rows.column(name), findings) for name in COLUMNS[1:]]
    time, of_times = _times(rows.column("time"), source.time_unit)
    places = RowPlaces(path, "row", _locate)
    return Table(time, np.array(values), places, findings + of_times)


def _locate(rows: Sequence[int]) -> list[tuple[int, str | None]]:
    return [(row + 1, None) for row in rows]


def _read(path: Path, source: SourceDef) -> Any:
    """Return the six columns as an Arrow table under our names."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with path.open("rb") as file:
        start = file.read(len(_MAGIC))
        if not start:
            raise broken(path, "RT303", "the file is empty", "add bars")
        if start != _MAGIC and not start.startswith(_GZIP):
            raise broken(path, "RT302", "this is no Parquet file", "CSV files need `kind: csv`")
        content = start + file.read()
    if start.startswith(_GZIP):
        content = unpack(path, content)
    try:
        file = pq.ParquetFile(pa.BufferReader(content))
        names = file.schema_arrow.names
        at = find_columns(source.columns, names, path)
        table = file.read(columns=[names[at[name]] for name in COLUMNS], use_pandas_metadata=False)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).split("\n", 1)[0]
        advice = "fetch or write the file again"
        raise broken(path, "RT302", f"the Parquet data is damaged ({reason})", advice) from error
    return pa.table({name: table.column(names[at[name]]) for name in COLUMNS})


def _check_types(path: Path, rows: Any) -> None:
    """Raise for columns whose type holds no numbers, or no times."""
    import pyarrow.types as kinds

    numbers = (kinds.is_integer, kinds.is_floating, kinds.is_decimal)
    texts = (kinds.is_string, kinds.is_large_string)
    times = (*numbers, *texts, kinds.is_timestamp, kinds.is_date)
    findings = []
    for name in COLUMNS:
        kind = rows.column(name).type
        fits = times if name == "time" else numbers
        if not any(test(kind) for test in fits):
            needs = "times" if name == "time" else "numbers"
            message = f"{path.name}: the column for {name} holds {kind}, not {needs}"
            advice = "store prices and volumes as double, times as timestamp"
            findings.append(Diagnostic("RT307", message, Span(str(path), 1, 1, 1, 1), advice))
    if findings:
        raise InvalidInput(findings)


def _floats(name: str, column: Any, findings: list[Finding]) -> FloatArray:
    import pyarrow as pa

    values = float_values(column.cast(pa.float64(), safe=False))
    empty = nulls(column)
    if empty.any():
        values[empty] = np.nan
        findings += [
            Finding("RT307", int(row), f"{name} is empty", column=name)
            for row in np.flatnonzero(empty)
        ]
    return values


def _times(column: Any, unit: str) -> tuple[IntArray, list[Finding]]:
    import pyarrow as pa
    import pyarrow.types as kinds

    kind = column.type
    if kinds.is_string(kind) or kinds.is_large_string(kind):
        return from_text([cell or "" for cell in column.to_pylist()], unit)
    empty = nulls(column)
    if kinds.is_timestamp(kind):
        numbers, unit = int_values(column.cast(pa.int64())), kind.unit
    elif kinds.is_date(kind):
        numbers, unit = int_values(column.cast(pa.date64()).cast(pa.int64())), "ms"
    elif kinds.is_integer(kind):
        numbers = int_values(column.cast(pa.int64(), safe=False))
    else:
        return from_text(["" if cell is None else str(cell) for cell in column.to_pylist()], unit)
    findings = [Finding("RT305", int(row), "the time is empty") for row in np.flatnonzero(empty)]
    times, of_numbers = from_numbers(np.where(empty, BAD, numbers), unit, ~empty)
    return times, findings + of_numbers
