"""Bars from files: read by kind, checked, and refused with every finding where they are wrong."""

from __future__ import annotations

import difflib
from pathlib import Path

import numpy as np

from rtrade.config.definitions import FileSeries, SourceDef
from rtrade.core.bars import Bars
from rtrade.core.diagnostics import Diagnostic
from rtrade.core.errors import InvalidInput, WorldError
from rtrade.data.csv_files import read_csv
from rtrade.data.findings import diagnose
from rtrade.data.parquet_files import read_parquet
from rtrade.data.policy import Cleaned, clean
from rtrade.data.quality import check


def read_file(source: SourceDef, series: FileSeries) -> Bars:
    """Return the bars of a CSV or Parquet file, as the source's quality policy leaves them.

    Raises as `read_cleaned` does.
    """
    return read_cleaned(source, series).bars


def read_cleaned(source: SourceDef, series: FileSeries) -> Cleaned:
    """Return the bars of a CSV or Parquet file, with what the quality policy made of them.

    Raises InvalidInput with the findings (RT3xx), WorldError where the system refuses the file.
    """
    _check_path(source, series)
    read = read_parquet if source.kind == "parquet" else read_csv
    try:
        table = read(series.path, source)
    except OSError as error:
        message = f"cannot read {series.path}: {error.strerror or error}"
        raise WorldError(message, hint="check that the file may be read") from error
    findings = [*table.findings, *check(table, series.timeframe, source.quality)]
    if not findings:
        values = [np.ascontiguousarray(line) for line in table.values]
        rows = Bars(series.symbol, series.timeframe, np.ascontiguousarray(table.time), *values)
        cleaned, findings = clean(rows, source.quality)
    if findings:
        raise InvalidInput(diagnose(findings, table.places, table.time))
    return cleaned


def _check_path(source: SourceDef, series: FileSeries) -> None:
    """Raise InvalidInput (RT301) where there is no such file; the place is the source file's."""
    path = series.path
    if path.is_file():
        return
    message = f"{path} is a folder" if path.is_dir() else f"there is no file {path}"
    advice = "paths count from the source file"
    near = _similar(path)
    if near:
        advice = f"did you mean `{near}`? {advice}"
    if source.document is None:
        finding = Diagnostic("RT301", message, series.span, advice)
    else:
        finding = source.document.finding("RT301", message, series.span, help=advice)
    raise InvalidInput([finding])


def _similar(path: Path) -> str | None:
    """Return the name in the same folder that is most like the one asked for."""
    try:
        names = sorted(each.name for each in path.parent.iterdir() if each.is_file())
    except OSError:
        # No folder, or none that may be listed: there is nothing to suggest.
        return None
    return next(iter(difflib.get_close_matches(path.name, names, n=1)), None)
