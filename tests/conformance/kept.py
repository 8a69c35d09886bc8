"""Cases that are kept: programs with their bars as small files of JSON, run in every test run.

What a comparison finds is made small and told as such a file, to be kept in `cases/` under a name
that says what went wrong.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, fields, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from rtrade.config.definitions import CostsDef, Distance, RiskDef, SizingDef
from rtrade.core.bars import Bars, Filters
from rtrade.core.timeframes import Timeframe
from rtrade.execution.program import Program

FOLDER = Path(__file__).with_name("cases")
RULES = ("enter_long", "exit_long", "enter_short", "exit_short")
COLUMNS = ("volatility", "scale", "risk_factor")
PRICES = ("open", "high", "low", "close")
Case = tuple[Program, Bars]


def read_all() -> dict[str, Case]:
    """Read every case of the folder."""
    return {
        path.stem: case_of(json.loads(path.read_text(encoding="utf-8")))
        for path in sorted(FOLDER.glob("*.json"))
    }


def text_of(case: Case) -> str:
    """Return a case as the text of a file; floats are written so that they are read back."""
    program, bars = case
    told = {
        "timeframe": str(bars.timeframe),
        "time": bars.time.tolist(),
        **{name: getattr(bars, name).tolist() for name in PRICES},
        **{name: "".join("01"[int(on)] for on in getattr(program, name)) for name in RULES},
        "cash": program.cash,
        "bars_per_year": program.bars_per_year,
        "sizing": [program.sizing.kind, program.sizing.value, program.sizing.lookback],
        "risk": {name: value for name, value in asdict(program.risk).items() if value is not None},
        "costs": asdict(program.costs),
        "filters": [str(program.filters.lot), program.filters.min_notional],
        "atr": {str(period): _told(values) for period, values in program.atr.items()},
        **{name: _told(getattr(program, name)) for name in COLUMNS},
    }
    lines = [f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in told.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def case_of(told: dict[str, Any]) -> Case:
    """Return the case that a file tells."""
    prices = [np.array(told[name], dtype=np.float64) for name in PRICES]
    times = np.array(told["time"], dtype=np.int64)
    frame = Timeframe.parse(told["timeframe"])
    bars = Bars("BTC/USDT", frame, times, *prices, volume=np.ones(len(times)))
    lot, minimum = told["filters"]
    program = Program(
        **{name: np.array([letter == "1" for letter in told[name]], dtype=bool) for name in RULES},
        sizing=SizingDef(*told["sizing"]),
        risk=RiskDef(**{name: _limit(value) for name, value in told["risk"].items()}),
        costs=CostsDef(**told["costs"]),
        cash=told["cash"],
        bars_per_year=told["bars_per_year"],
        filters=Filters(Decimal(lot), min_notional=minimum),
        atr={int(period): _column(values) for period, values in told["atr"].items()},
        **{name: _column(told[name]) for name in COLUMNS},
    )
    return program, bars


def shrunk(case: Case, fails: Callable[[Case], bool]) -> Case:
    """Return a smaller case that fails as well: fewer bars, less in use."""
    smaller = True
    while smaller:
        smaller = False
        for simpler in _simpler(case):
            if fails(simpler):
                case, smaller = simpler, True
                break
    return case


def _simpler(case: Case) -> Iterator[Case]:
    """Yield cases with something left out, the most at once first."""
    program, bars = case
    count = len(bars)
    for size in (count // 2, count // 4, 2, 1):
        if 0 < size < count:
            for start in range(0, count, size):
                yield _without(case, slice(start, start + size))
    for field in fields(RiskDef):
        risk = replace(program.risk, **{field.name: None})
        if risk != program.risk and (program.sizing.kind != "risk" or _stops(risk)):
            yield replace(program, risk=risk), bars
    for name in ("scale", "risk_factor"):
        if getattr(program, name) is not None:
            yield replace(program, **{name: None}), bars
    for name in RULES:
        if getattr(program, name).any():
            yield replace(program, **{name: np.zeros(count, dtype=bool)}), bars
    for name, plain in _PLAIN.items():
        if getattr(program, name) != plain:
            yield replace(program, **{name: plain}), bars


_PLAIN: dict[str, Any] = {
    "costs": CostsDef(0.0, 0.0, 0.0),
    "filters": Filters(Decimal(1)),
    "sizing": SizingDef("base", 1.0),
    "cash": 1000.0,
}


def _stops(risk: RiskDef) -> bool:
    return risk.stop_loss is not None or risk.trailing_stop is not None


def _without(case: Case, gone: slice) -> Case:
    program, bars = case
    keep = np.ones(len(bars), dtype=bool)
    keep[gone] = False
    columns = {name: getattr(bars, name)[keep] for name in ("time", *PRICES, "volume")}
    arrays = {name: getattr(program, name)[keep] for name in RULES}
    for name in COLUMNS:
        values = getattr(program, name)
        arrays[name] = None if values is None else values[keep]
    atr = {period: values[keep] for period, values in program.atr.items()}
    return replace(program, atr=atr, **arrays), replace(bars, **columns)


def _limit(value: Any) -> Any:
    return Distance(**value) if isinstance(value, dict) else value


def _told(values: np.ndarray | None) -> list[float | None] | None:
    if values is None:
        return None
    return [None if math.isnan(value) else value for value in values.tolist()]


def _column(values: list[float | None] | None) -> np.ndarray | None:
    if values is None:
        return None
    return np.array([math.nan if value is None else value for value in values], dtype=np.float64)
