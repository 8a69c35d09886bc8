"""What lists of runs show of one: read from its folder, small enough to keep many of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from rtrade.catalog.metrics import METRICS
from rtrade.core.errors import WorldError
from rtrade.core.timeframes import parse_time

# Points of the small line of equity.
POINTS = 48
# Of the form in which an index keeps summaries: another one is read from the folder again.
_VERSION = 1


@dataclass(frozen=True)
class RunSummary:
    """A run as lists show it. `started` is when it was carried out (ms).

    `equity` has at most `POINTS` closes of the run, evenly spaced, the last one among them. `valid`
    is False where models answered too seldom or engines disagreed.
    """

    run_id: str
    strategy: str
    symbol: str
    timeframe: str
    engine: str
    source: str
    start: str | None
    end: str | None
    bars: int
    synthetic: bool
    valid: bool
    warnings: int
    started: int
    metrics: Mapping[str, float | int | None]
    equity: tuple[float, ...]

    def as_text(self) -> str:
        """Return the summary as JSON text; `read_summary` makes the same of it again."""
        return json.dumps({"version": _VERSION, **vars(self)}, separators=(",", ":"))


def read_summary(text: str) -> RunSummary | None:
    """Return the summary that `text` was made of; None: of another version, or damaged."""
    try:
        found = json.loads(text)
        current = found.pop("version", None) == _VERSION
        if not current or found["metrics"].keys() != {metric.name for metric in METRICS}:
            return None
        return RunSummary(**{**found, "equity": tuple(found["equity"])})
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def summarise(folder: Path) -> RunSummary:
    """Return the summary of the run in a folder; raise WorldError where it holds none."""
    try:
        file = folder / "result.json"
        document = json.loads(file.read_bytes())
        written = int(file.stat().st_mtime * 1000)
        lines = (folder / "equity.csv").read_bytes().splitlines()[1:]
        return _summary(folder, document, lines, _started(folder, written))
    except OSError as error:
        raise WorldError(f"cannot read {error.filename}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise WorldError(f"{folder.name} does not hold what a run writes: {reason}") from error


def _summary(
    folder: Path, document: Mapping[str, Any], lines: list[bytes], started: int
) -> RunSummary:
    if document["run_id"] != folder.name:
        raise ValueError(f"result.json is of the run {document['run_id']!r}")
    data, metrics = document["data"], document["metrics"]
    answered = document.get("llm", {"valid": True})["valid"]
    agreed = document.get("verified", {"equal": True})["equal"]
    known = {metric.name: _number(metrics.get(metric.name)) for metric in METRICS}
    return RunSummary(
        run_id=folder.name,
        strategy=str(document["strategy"]),
        symbol=str(data["symbol"]),
        timeframe=str(data["timeframe"]),
        engine=str(document["engine"]),
        source=str(data["source"]),
        start=None if data["start"] is None else str(data["start"]),
        end=None if data["end"] is None else str(data["end"]),
        bars=int(data["bars"]),
        synthetic=bool(data["synthetic"]),
        valid=bool(answered and agreed),
        warnings=len(document["warnings"]),
        started=started,
        metrics=known,
        equity=tuple(map(_equity, _spread(lines))),
    )


def _number(value: Any) -> float | int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise TypeError("a metric is no number")
    if value is not None and not isfinite(value):
        raise ValueError("a metric is not finite")
    return value


def _equity(line: bytes) -> float:
    value = float(line.split(b",")[1])
    if not isfinite(value):
        raise ValueError("equity is not finite")
    return value


def _spread(lines: list[bytes]) -> list[bytes]:
    if len(lines) <= POINTS:
        return lines
    last = len(lines) - 1
    return [lines[round(at * last / (POINTS - 1))] for at in range(POINTS)]


def _started(folder: Path, written: int) -> int:
    """Return when the run was carried out (ms); where run.lock does not say, when it was written.

    Copies of a folder are younger than the run.
    """
    try:
        times = json.loads((folder / "run.lock").read_bytes())["times"]
        return parse_time(times["started"])
    except (OSError, ValueError, KeyError, TypeError):
        return written
