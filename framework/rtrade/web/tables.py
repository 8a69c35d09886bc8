"""Columns as JSON, CSV and Arrow: whole columns become text at once, no row becomes an object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rtrade.core.bars import FloatArray, IntArray

JSON, CSV = "application/json", "text/csv; charset=utf-8"
ARROW = "application/vnd.apache.arrow.stream"
FORMATS: Mapping[str, str] = {"json": JSON, "csv": CSV, "arrow": ARROW}

Columns = Mapping[str, IntArray | FloatArray]


def json_table(document: Mapping[str, Any]) -> bytes:
    """Return a document whose arrays are one-dimensional int64 or float64; NaN becomes null."""
    import orjson

    return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)


def csv_table(columns: Columns) -> bytes:
    """Return a header line and a line a row. Cells are numbers: none begins what a sheet runs."""
    from rtrade.data.exporting import csv_text

    return csv_text(columns)


def arrow_table(columns: Columns, facts: Mapping[str, str]) -> bytes:
    """Return an Arrow stream of int64 and float64 columns; `facts` are in its schema's metadata."""
    import pyarrow as pa

    table = pa.table({name: pa.array(values) for name, values in columns.items()})
    table = table.replace_schema_metadata(dict(facts))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    made: bytes = sink.getvalue().to_pybytes()
    return made
