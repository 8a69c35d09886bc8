"""Bars out of CSV text: a fast reader for files in order, a patient one that says what is wrong.

1. The first 64 KiB tell whether this is text with a usable header; a large file of another kind
   is refused without reading it.
2. pyarrow parses all rows at once and stops at the first cell that it cannot read.
3. Then only, each line is read again by itself, and every bad cell is noted. This reader knows
   more forms of times too, so what it can read without findings is as good.
"""

from __future__ import annotations

import csv
import io
import itertools
import math
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rtrade.config.definitions import SourceDef
from rtrade.core.bars import COLUMNS
from rtrade.data.arrow import float_values, int_values
from rtrade.data.columns import find_columns
from rtrade.data.findings import MAX_COLLECTED, Finding, RowPlaces, broken
from rtrade.data.tables import Table
from rtrade.data.times import from_numbers, from_text, is_number

HEAD_BYTES = 65_536
# Of a line that is quoted in a finding.
MAX_LINE = 200
_GZIP = b"\x1f\x8b"
_DELIMITERS = ",;\t"
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_OFFSET = re.compile(r".*(Z|[+-][0-9]{2}:?[0-9]{2})")


@dataclass(frozen=True)
class Header:
    """The first line of a file: how cells are separated, and where each column is."""

    delimiter: str
    width: int
    columns: Mapping[str, int]


def read_csv(path: Path, source: SourceDef) -> Table:
    """Return the rows of a CSV file, plain or gzip by its content.

    Raises InvalidInput for a file that has no rows to speak of, OSError where the system does.
    """
    text, header = _text(path, source)
    return read_rows(path, text, header, source.time_unit)


def read_rows(path: Path, text: bytes, header: Header, unit: str) -> Table:
    """Return the rows of CSV text below its first line; raise InvalidInput where there are none.

    `path` names the file in findings.
    """
    table = _read_fast(path, text, header, unit)
    if table is None:
        table = _read_patiently(path, text, header, unit)
    if not len(table):
        raise broken(
            path, "RT303", "the file has a header, but no rows", "add bars below the header"
        )
    return table


def _text(path: Path, source: SourceDef) -> tuple[bytes, Header]:
    """Return the unpacked content and its header."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        if not head:
            raise broken(path, "RT303", "the file is empty", "add a header and bars")
        packed = head.startswith(_GZIP)
        header = _header(path, _unpacked_head(path, head) if packed else head, source)
        content = head + file.read()
    return (unpack(path, content) if packed else content), header


def _unpacked_head(path: Path, head: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=31).decompress(head, HEAD_BYTES)
    except zlib.error as error:
        raise _bad_gzip(path) from error


def unpack(path: Path, content: bytes) -> bytes:
    """Return gzip content unpacked; raise InvalidInput (RT302) where it is damaged."""
    import gzip

    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise _bad_gzip(path) from error


def _bad_gzip(path: Path) -> Exception:
    return broken(
        path,
        "RT302",
        "the gzip data is damaged or cut off",
        "fetch or pack the file again",
    )


def _header(path: Path, head: bytes, source: SourceDef) -> Header:
    """Read the first line; raise InvalidInput for what is not CSV or lacks a column."""
    if head.startswith(b"PAR1"):
        raise broken(
            path, "RT302", "this is a Parquet file", "write `kind: parquet` in the source file"
        )
    line, newline, _ = head.partition(b"\n")
    if b"\0" in line:
        raise broken(path, "RT302", "this is a binary file, not CSV", "save it as UTF-8 text")
    if not newline and len(head) >= HEAD_BYTES:
        advice = "the first line is a header with the names of the columns"
        raise broken(path, "RT302", "this is not CSV: its first line does not end", advice)
    try:
        text = line.decode("utf-8-sig").rstrip("\r")
    except UnicodeDecodeError as error:
        raise broken(path, "RT302", "the header is not UTF-8 text", "save it as UTF-8") from error
    delimiter = max(_DELIMITERS, key=text.count)
    names = [name.strip() for name in _split(text, delimiter)]
    return Header(delimiter, len(names), find_columns(source.columns, names, path, text[:MAX_LINE]))


def _split(line: str, delimiter: str) -> list[str]:
    if '"' not in line:
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        # A cell beyond the reader's limit, or a stray carriage return: no row of bars.
        return []


def _read_fast(path: Path, text: bytes, header: Header, unit: str) -> Table | None:
    """Return the rows as pyarrow reads them, None where it cannot."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    time_type = _time_type(text, header, unit)
    if time_type is None:
        return None
    types = {str(at): pa.float64() for at in header.columns.values()}
    types[str(header.columns["time"])] = time_type
    try:
        rows = arrow_csv.read_csv(
            pa.BufferReader(text),
            read_options=arrow_csv.ReadOptions(
                column_names=[str(at) for at in range(header.width)], skip_rows=1
            ),
            parse_options=arrow_csv.ParseOptions(delimiter=header.delimiter),
            convert_options=arrow_csv.ConvertOptions(
                column_types=types,
                include_columns=list(types),
                null_values=[],
                timestamp_parsers=[arrow_csv.ISO8601],
            ),
        )
    except pa.ArrowInvalid:
        return None
    time = int_values(rows.column(str(header.columns["time"])))
    every = np.ones(len(time), dtype=np.bool_)
    time, findings = from_numbers(time, unit if time_type == pa.int64() else "ms", every)
    if findings and time_type != pa.int64():
        return None
    values = [float_values(rows.column(str(header.columns[name]))) for name in COLUMNS[1:]]
    return Table(time, np.array(values), _places(path, text), findings)


def _time_type(text: bytes, header: Header, unit: str) -> Any:
    """Return the Arrow type of the times by the first of them, None where it is no usual form."""
    import pyarrow as pa

    first = next((line for _, line in _rows(text)), None)
    cells = [] if first is None else _split(first, header.delimiter)
    at = header.columns["time"]
    cell = cells[at].strip() if at < len(cells) else ""
    if is_number(cell):
        return pa.int64() if unit != "iso" and cell.lstrip("+-").isdigit() else None
    if not cell or unit not in ("auto", "iso"):
        return None
    return pa.timestamp("ms", tz="UTC" if _OFFSET.fullmatch(cell) else None)


def _rows(text: bytes) -> Iterator[tuple[int, str]]:
    """Yield the number (from 1, the header's) and the text of each line that holds a row."""
    lines = io.BytesIO(text)
    next(lines, None)
    for number, line in enumerate(lines, start=2):
        decoded = line.decode("utf-8", errors="replace").rstrip("\r\n")
        if decoded.strip():
            yield number, decoded


def _places(path: Path, text: bytes) -> RowPlaces:
    def locate(rows: Sequence[int]) -> list[tuple[int, str | None]]:
        wanted = set(rows)
        stop = max(wanted, default=-1) + 1
        lines = itertools.islice(_rows(text), stop)
        found = {row: line for row, line in enumerate(lines) if row in wanted}
        return [(found[row][0], found[row][1][:MAX_LINE]) for row in rows]

    return RowPlaces(path, "line", locate)


def _read_patiently(path: Path, text: bytes, header: Header, unit: str) -> Table:
    """Return the rows read one by one, with a finding for each cell that cannot be used."""
    findings: list[Finding] = []
    times: list[str | None] = []
    values: list[list[float]] = []
    for row, (_, line) in enumerate(_rows(text)):
        cells = _split(line, header.delimiter)
        whole = len(cells) == header.width
        times.append(cells[header.columns["time"]] if whole else None)
        values.append(_values(row, cells, header, findings) if whole else [math.nan] * 5)
        if not whole:
            message = f"{len(cells)} cells where the header has {header.width}"
            findings.append(Finding("RT315", row, message))
        if len(findings) >= MAX_COLLECTED:
            break
    time, of_times = from_text(times, unit)
    columns = np.array(values, dtype=np.float64).reshape(-1, 5).T
    return Table(time, columns, _places(path, text), findings + of_times)


def _values(row: int, cells: list[str], header: Header, findings: list[Finding]) -> list[float]:
    values = []
    for name in COLUMNS[1:]:
        cell = cells[header.columns[name]]
        value = _number(cell)
        values.append(math.nan if value is None else value)
        if value is None:
            said = f"`{cell.strip()[:40]}`, not a number" if cell.strip() else "empty"
            findings.append(Finding("RT307", row, f"{name} is {said}", column=name))
    return values


def _number(cell: str) -> float | None:
    """Return the number in a cell, as pyarrow would; float() alone takes more for numbers."""
    try:
        value = float(cell)
    except ValueError:
        return None
    plain = math.isfinite(value) and cell.isascii() and "_" not in cell
    return value if plain or _NUMBER.fullmatch(cell.strip()) else None
