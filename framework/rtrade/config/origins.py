"""Where each value of a strategy came from, for `explain`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from rtrade.config.document import Document

FILE, DEFAULT = "file", "default"
# What a file may leave out, and has a value all the same.
_DEFAULTS = ("data.start", "data.end", "backtest.benchmark")
_DISTANCES = ("stop_loss", "take_profit", "trailing_stop")


def origins(
    document: Document, params: Iterable[str], *, source: str | None, last: int | None
) -> Mapping[str, str]:
    """Return the origin of each dotted key: `file`, `default`, or the option that gave it."""
    found = dict.fromkeys(_DEFAULTS, DEFAULT)
    for path, span in document.values.items():
        if path:
            key = ".".join(map(str, path))
            found[key] = FILE if span.file == document.file else span.file
    for name in _DISTANCES:
        if f"risk.{name}.atr" in found:
            found.setdefault(f"risk.{name}.period", DEFAULT)
    found |= {f"params.{name}": "--set" for name in params}
    if source is not None:
        found["data.source"] = "--source"
    if last is not None:
        found["data.last"] = found["data.start"] = "--last"
    return MappingProxyType(found)
