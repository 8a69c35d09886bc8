"""Bars into files that the readers of files, ours and others', read back to the bit.

CSV has the columns `ts,open,high,low,close,volume`: `ts` in milliseconds, numbers with as many
digits as tell them from their neighbours and no more. Parquet has the same columns as int64 and
double. Either is packed with gzip where the name ends in `.gz`.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rtrade.core.bars import COLUMNS, Bars, FloatArray, IntArray
from rtrade.core.errors import UsageError, WorldError

HEADER = ("ts", *COLUMNS[1:])
ENDINGS = (".csv", ".csv.gz", ".parquet", ".parquet.gz")
# Fast, and within a few percent of the smallest.
_LEVEL = 6

_Columns = Mapping[str, IntArray | FloatArray]
_Write = Callable[[_Columns, Any], None]


def export(bars: Bars, path: Path) -> None:
    """Write the bars to a file, as `write_columns` does."""
    columns = {name: getattr(bars, column) for name, column in zip(HEADER, COLUMNS, strict=True)}
    write_columns(path, columns)


def write_columns(path: Path, columns: Mapping[str, IntArray | FloatArray]) -> None:
    """Write columns of equal length to a file, in the form that its name ends in.

    NaN is an empty cell, or null. The file is replaced where it exists, is there whole or not at
    all, and equal columns make equal bytes. Raises UsageError for another ending, WorldError where
    it cannot be written.
    """
    write = _writer(path)
    try:
        with tempfile.NamedTemporaryFile(dir=path.absolute().parent, delete=False) as file:
            fresh = Path(file.name)
            try:
                if path.name.endswith(".gz"):
                    with gzip.GzipFile("", "wb", _LEVEL, file, mtime=0) as packed:
                        write(columns, packed)
                else:
                    write(columns, file)
                file.flush()
                os.fsync(file.fileno())
                fresh.chmod(0o666 & ~_umask())
                fresh.replace(path)
            except BaseException:
                with contextlib.suppress(FileNotFoundError):
                    fresh.unlink()
                raise
    except OSError as error:
        message = f"cannot write {path}: {error.strerror or error}"
        hint = "check that its folder exists, may be written and has room"
        raise WorldError(message, hint=hint) from error


def csv_text(columns: Mapping[str, IntArray | FloatArray]) -> bytes:
    """Return columns of equal length as CSV, as `write_columns` writes it."""
    import io

    file = io.BytesIO()
    _write_csv(columns, file)
    return file.getvalue()


def require_ending(path: Path) -> None:
    """Raise UsageError where the name does not say in which form to write."""
    _writer(path)


def _writer(path: Path) -> _Write:
    name = path.name.removesuffix(".gz")
    if name.endswith(".csv"):
        return _write_csv
    if name.endswith(".parquet"):
        return _write_parquet
    raise UsageError(
        f"`{path}` is no file that can be written", hint=f"let it end in {', '.join(ENDINGS)}"
    )


def _umask() -> int:
    """Return which rights new files do not get; it can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _table(columns: _Columns) -> Any:
    import pyarrow as pa

    return pa.table({name: pa.array(values, from_pandas=True) for name, values in columns.items()})


def _write_csv(columns: _Columns, file: Any) -> None:
    from pyarrow import csv

    # Arrow would put the names into quotes.
    file.write(f"{','.join(columns)}\n".encode())
    csv.write_csv(_table(columns), file, csv.WriteOptions(include_header=False))


def _write_parquet(columns: _Columns, file: Any) -> None:
    import pyarrow.parquet as pq

    pq.write_table(_table(columns), file, compression="zstd")
