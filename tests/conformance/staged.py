"""Programs that are staged: short paths on which something happens that chance seldom makes.

Bars are told as (open, high, low, close) in units of price, decisions as the rules that are true
at each close. What is not needed for the scene is picked, so that it is played in many ways.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np

from rtrade.config.definitions import CostsDef, Distance, RiskDef, SizingDef
from rtrade.core.bars import Bars, Filters
from rtrade.core.timeframes import Timeframe, parse_time
from rtrade.execution.program import Program

RULES = ("enter_long", "exit_long", "enter_short", "exit_short")
UNITS = (1.0, 0.25, 1024.0, 0.01, 3.7, 2.0**-20)
FEES = (0.0, 0.001, 0.0625)
FRAMES = ("1h", "6h", "1d")
Case = tuple[Program, Bars]
Path = Sequence[tuple[float, float, float, float]]


def bars_on(path: Path, unit: float, frame: str = "1h") -> Bars:
    """Return the bars of a path, one after the other."""
    timeframe = Timeframe.parse(frame)
    times = parse_time("2024-01-01T18:00") + timeframe.ms * np.arange(len(path), dtype=np.int64)
    columns = [np.array(column, dtype=np.float64) * unit for column in zip(*path, strict=True)]
    return Bars("BTC/USDT", timeframe, times, *columns, volume=np.ones(len(path)))


def stage(bars: Bars, decided: Sequence[str], **settings: Any) -> Case:
    """Return a program over the bars with the rules that are true at each close."""
    defaults = {
        "sizing": SizingDef("equity", 1.0),
        "risk": RiskDef(),
        "costs": CostsDef(0.0, 0.0, 0.0),
        "filters": Filters(lot=Decimal("0.01")),
        "bars_per_year": bars.timeframe.per_year,
    }
    rules = {name: np.array([name in words.split() for words in decided]) for name in RULES}
    return Program(**rules, **{**defaults, **settings}), bars


def mirrored(path: Path) -> Path:
    """Return the path upside down around 100."""
    return [(200 - o, 200 - low, 200 - high, 200 - c) for o, high, low, c in path]


def on_a_side(pick: Callable, path: Path, decided: Sequence[str]) -> tuple[Path, list[str]]:
    """Return a scene as it is told, for longs, or its mirror image for shorts."""
    if pick((True, False)):
        return path, list(decided)
    swap = {"long": "short", "short": "long"}
    turned = [
        " ".join(f"{what}_{swap[side]}" for what, side in (w.split("_") for w in words.split()))
        for words in decided
    ]
    return mirrored(path), turned


def costs_of(pick: Callable, slippages: tuple[float, ...] = (0.0, 0.0, 0.0005, 0.01)) -> CostsDef:
    fee = pick(FEES)
    return CostsDef(fee, fee * pick((1.0, 0.5, 0.0)), pick(slippages))


def turning(pick: Callable) -> Case:
    """All in on one side, then on the other at an open that has moved: reversals, cut by cash."""
    bars_held = pick((1, 2))
    steps = [pick((0, 1, -1, 2.5, -3, 5)) for _ in range(pick((12,) * 7 + (140,)))]
    path, price = [], 100.0
    for step in steps:
        start = min(max(price + pick((0, 0, step, -step)), 40), 160)
        price = min(max(start + step, 40), 160)
        path.append((start, max(start, price), min(start, price), price))
    decided = ["enter_long exit_short", *[""] * (bars_held - 1)]
    decided += ["enter_short exit_long", *[""] * (bars_held - 1)]
    unit, kind = pick(UNITS), pick(("equity", "volatility", "volatility", "quote"))
    path, decided = on_a_side(pick, path, (decided * len(path))[: len(path)])
    cash = 1000 * unit
    seldom = (None, None, None)
    return stage(
        bars_on(path, unit, pick(FRAMES)),
        decided,
        sizing=SizingDef(kind, cash if kind == "quote" else 1.0, 3 if kind == "volatility" else 0),
        risk=RiskDef(
            cooldown=pick((*seldom, 1)),
            time_exit=pick((*seldom, 1, 2)),
            max_drawdown=pick((None, 0.125)),
            daily_loss=pick((*seldom, 0.02)),
        ),
        costs=costs_of(pick),
        cash=cash,
        filters=Filters(Decimal("0.01"), min_notional=pick((None, None, 999 * unit, cash))),
        volatility=np.full(len(path), 1e-4),
    )


def gapping(pick: Callable) -> Case:
    """A bar that opens beyond the target, and in half of the cases touches the stop as well."""
    beyond, deep = pick((112.5, 125, 120)), pick((50, 50, 100))
    path = [
        (100, 100, 100, 100),
        (100, 102, 99, 101),
        (beyond, beyond, deep, 110),
        (110, 110, 105, 110),
    ]
    decided = ["enter_long", "", pick(("", "enter_long")), ""]
    path, decided = on_a_side(pick, path, decided)
    unit, stop = pick(UNITS), pick((0.25, 0.125))
    return stage(
        bars_on(path, unit),
        decided,
        sizing=SizingDef("base", pick((1.0, 3.0, 0.7))),
        risk=RiskDef(
            stop_loss=pick((Distance("percent", stop), Distance("atr", 2.0, 5))),
            take_profit=pick((Distance("percent", 0.125), Distance("atr", 1.0, 5))),
            trailing_stop=pick((None, None, Distance("percent", stop))),
        ),
        costs=costs_of(pick),
        cash=1000 * unit,
        atr={5: np.full(len(path), 12.5 * unit)},
    )


def climbing(pick: Callable) -> Case:
    """A trail that begins below a price of 0, comes above it, and is met in the end."""
    far = pick((120.0, 150.0, 110.0))
    tops = (100.0, 100.0, pick((115.0, 140.0)), 180.0, 260.0, 240.0)
    path = [(a, max(a, b), min(a, b), b) for a, b in pairwise(tops)]
    path += [(240.0, 240.0, pick((60.0, 110.0, 150.0, 140.0)), 100.0), (100.0, 100.0, 90.0, 100.0)]
    unit = pick(UNITS)
    return stage(
        bars_on(path, unit),
        ["enter_long", *[""] * 5, "enter_long"],
        sizing=SizingDef("quote", pick((100.0, 500.0)) * unit),
        risk=RiskDef(
            trailing_stop=Distance("atr", 2.0, 5),
            take_profit=pick((None, Distance("atr", 3.0, 5))),
            stop_loss=pick((None, Distance("percent", 0.5))),
        ),
        costs=costs_of(pick),
        cash=1000 * unit,
        atr={5: np.full(len(path), far / 2 * unit)},
    )


def riskless(pick: Callable) -> Case:
    """Sizing by risk where a unit loses nothing: a stop at no distance, without costs."""
    path = [(100, 101, 99, 100), (100, 100, 100, 100), (100, 110, 100, 105), (105, 105, 80, 80)]
    path, decided = on_a_side(pick, path, ["enter_long", "enter_long", "enter_long", ""])
    unit = pick(UNITS)
    return stage(
        bars_on(path, unit),
        decided,
        sizing=SizingDef("risk", pick((0.01, 0.5))),
        risk=RiskDef(
            stop_loss=Distance("atr", 1.0, 5), trailing_stop=pick((None, Distance("atr", 1.0, 5)))
        ),
        costs=pick((CostsDef(0.0, 0.0, 0.0), CostsDef(0.001, 0.0, 0.0))),
        cash=1000 * unit,
        atr={5: np.array([pick((0.0, 0.0, 5.0)) * unit for _ in path])},
        scale=pick((None, np.array([pick((0.0, 1.0, 0.5)) for _ in path]))),
    )


def falling_short(pick: Callable) -> Case:
    """An account that loses exactly its limit, held or flat, and an entry of exactly the least."""
    limit = pick((0.25, 0.125, 0.5))
    bottom = 100 * (1 - limit)
    path = [
        (100, 100, 100, 100),
        (100, 100, 100, 100),
        (100, 100, bottom, bottom),
        (bottom, bottom, bottom, bottom),
        (bottom, 100, bottom, 100),
        (100, 100, 100, 100),
    ]
    decided = ["enter_long", "", "", pick(("", "enter_long", "exit_long")), "enter_long", ""]
    path, decided = on_a_side(pick, path, decided)
    unit, size = pick(UNITS[:3]), pick((10.0, 4.0))
    held = pick((True, False))
    return stage(
        bars_on(path, unit, pick(FRAMES)),
        decided,
        sizing=SizingDef("base", size),
        risk=RiskDef(
            stop_loss=None if held else Distance("percent", limit),
            max_drawdown=pick((limit * size / 10, limit * size / 10, None)),
            daily_loss=pick((limit * size / 10, None)),
        ),
        cash=1000 * unit,
        filters=Filters(Decimal("0.01"), min_notional=pick((None, size * 100 * unit))),
    )


def riding(pick: Callable) -> Case:
    """A position that nothing decides about, up and down again over days, until a limit ends it."""
    top, step = pick((130.0, 150.0, 180.0)), pick((5.0, 7.5, 12.5))
    tops = [100.0, 100.0]
    while tops[-1] < top:
        tops.append(tops[-1] + step)
    tops += [tops[-1] - k * step for k in range(1, 3 + int((tops[-1] - 60) / step))]
    path = [(a, max(a, b), min(a, b), b) for a, b in pairwise(tops)]
    decided = ["enter_long", *[""] * (len(path) - 3), "enter_long", pick(("", "enter_long"))]
    path, decided = on_a_side(pick, path, decided)
    unit = pick(UNITS)
    limits = (0.0625, 0.125, 0.2)
    return stage(
        bars_on(path, unit, pick(FRAMES)),
        decided,
        sizing=SizingDef("equity", pick((1.0, 0.5))),
        risk=RiskDef(
            max_drawdown=pick((None, *limits)),
            daily_loss=pick((None, None, *limits)),
            trailing_stop=pick((None, None, Distance("percent", 0.25))),
            cooldown=pick((None, None, 2)),
        ),
        costs=costs_of(pick),
        cash=1000 * unit,
    )


def exact(pick: Callable) -> Case:
    """Money at risk that buys exactly what cash pays for, and cash just short of a lot."""
    path = [(100, 101, 99, 100), (100, 100, 100, 100), (100, 110, 95, 105), (105, 105, 80, 80)]
    path, decided = on_a_side(pick, path, ["enter_long", "enter_long", "", ""])
    unit, share = pick(UNITS[:3]), pick((0.125, 0.25, 0.5))
    lot, short = pick(("1", "0.01", "25")), pick((0.0, 4e-10, 9e-10, 2e-9))
    kind = pick(("risk", "equity"))
    return stage(
        bars_on(path, unit),
        decided,
        sizing=SizingDef(kind, share if kind == "risk" else 1.0),
        risk=RiskDef(stop_loss=Distance("percent", share)),
        cash=100 * unit * float(lot) * pick((1, 1, 4)) * (1 - short),
        filters=Filters(Decimal(lot)),
    )


SCENES = (
    exact,
    *(riding, riding),
    *(turning, turning, turning, gapping, gapping, gapping, climbing),
    *(riskless, riskless, falling_short, falling_short, falling_short),
)
