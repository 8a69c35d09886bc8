"""What a function of the catalog does, drawn in text over the last bars of the shipped sample."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from rtrade.catalog.installed import registry
from rtrade.catalog.registry import Entry, Kind
from rtrade.config.loading import find_source, load_source, load_strategy
from rtrade.core.resources import data_folder
from rtrade.plan.build import build
from rtrade.plan.plan import Plan

if TYPE_CHECKING:
    from rtrade.core.bars import FloatArray, MarketData, TriArray

WIDTH = 64
# Further back than this nothing is looked for.
_BARS = 3_000
_STEPS = "▁▂▃▄▅▆▇█"


def picture(entry: Entry, call: str) -> list[str]:
    """Return lines that show the close and each result of `call` over the same bars.

    Of what is rarely true or not 0, a stretch is shown in which it is.
    """
    from rtrade.signals.evaluate import evaluate

    plan = _plan(call)
    market = _market(plan.lookback)
    table = evaluate(plan, market)
    rows: list[tuple[str, FloatArray | TriArray]] = []
    for name, node in plan.signals.items():
        known = table.number if node.kind is Kind.NUMBER else table.condition
        rows.append((name.partition(".")[2] or entry.name, known(node)))
    stop = _interesting(entry, [values for _, values in rows], len(market.base))
    shown = slice(stop - WIDTH, stop)
    width = max(len(name) for name, _ in (("close", None), *rows))
    lines = [("close", _levels(market.base.close[shown]))]
    lines += [(name, _row(values[shown])) for name, values in rows]
    return [f"{name.ljust(width)}  {line}" for name, line in lines]


def _plan(call: str) -> Plan:
    """Return the plan of a strategy with one signal, the function called."""
    from dataclasses import replace

    from rtrade.config.definitions import SignalDef
    from rtrade.core.diagnostics import SourceText

    shipped = load_strategy(data_folder("strategies") / "sma_btc.yaml")
    signal = SignalDef("it", SourceText(call, "catalog"))
    return build(replace(shipped, signals=(*shipped.signals, signal)), registry()).only("it")


@cache
def _market(lookback: int) -> MarketData:
    from rtrade.data.loading import load
    from rtrade.plan.plan import SeriesNeed

    shipped = load_strategy(data_folder("strategies") / "sma_btc.yaml")
    source = load_source(find_source("sample", data_folder("strategies").parent))
    need = SeriesNeed("", shipped.data.symbol, shipped.data.timeframe, lookback)
    return load(source, [need], start=None, end=None, last=_BARS * need.timeframe.ms)


def _interesting(entry: Entry, rows: list[FloatArray | TriArray], bars: int) -> int:
    """Return where to stop so that something is seen; the end where that is anywhere."""
    import numpy as np

    rare = entry.group == "candles" or entry.outputs[0].kind is Kind.BOOLEAN
    if not rare:
        return bars
    happened = np.flatnonzero(rows[0] != 0 if rows[0].dtype == np.float64 else rows[0] == 2)
    if not len(happened):
        return bars
    return min(bars, max(WIDTH, int(happened[-1]) + WIDTH // 3))


def _row(values: FloatArray | TriArray) -> str:
    if values.dtype.kind != "i":
        return _levels(values.astype("float64"))
    return "".join("·?█"[value] for value in values.tolist())


def _levels(values: FloatArray) -> str:
    """Draw values as blocks between the lowest and the highest; a space where unknown."""
    import numpy as np

    known = values[np.isfinite(values)]
    if not len(known):
        return "unknown here"
    low, high = float(known.min()), float(known.max())
    return "".join(_blocks(values.tolist(), low, high)) + f"  {low:.6g} to {high:.6g}"


def _blocks(values: list[float], low: float, high: float) -> Iterator[str]:
    for value in values:
        if value != value:
            yield " "
        elif high == low:
            yield _STEPS[0]
        else:
            yield _STEPS[min(int((value - low) / (high - low) * len(_STEPS)), len(_STEPS) - 1)]
