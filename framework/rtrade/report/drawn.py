"""What the charts draw of a run, a value per bar, and levels of detail made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rtrade.catalog.registry import Unit
from rtrade.core.bars import COLUMNS, Bars, FloatArray, IntArray
from rtrade.report.columns import column, rough, times
from rtrade.report.inputs import Indicator
from rtrade.report.levels import Grouping, candles, extremes, group, means

LINES = 8
PANES = 3


@dataclass(frozen=True, eq=False)
class Line:
    """A signal on the chart: on the price (pane 0) or in a pane below (1 to 3)."""

    indicator: Indicator
    pane: int


@dataclass(frozen=True, eq=False)
class Drawn:
    """The bars, and a value at each of their closes.

    `curves` are `equity` and `benchmark` in quote units, `drawdown` as a fraction of the peak, not
    above 0; `invested` is the position's value as a fraction of equity, `lines` are the signals.
    """

    bars: Bars
    curves: Mapping[str, FloatArray]
    invested: FloatArray
    lines: tuple[FloatArray, ...]

    @classmethod
    def of(
        cls, bars: Bars, equity: FloatArray, benchmark: FloatArray, position: FloatArray,
        cash: float, lines: Sequence[Line],
    ) -> Drawn:  # fmt: skip
        """Return what is drawn of a run that began with `cash`; `position` is the signed size."""
        curves = {"equity": equity, "benchmark": benchmark, "drawdown": -fall(equity, cash)}
        invested = np.divide(
            position * bars.close, equity, out=np.zeros(len(bars)), where=equity > 0
        )
        return cls(bars, curves, invested, tuple(line.indicator.values for line in lines))

    def level(self, grouping: Grouping) -> dict[str, Any]:
        """Return a level of detail: a candle, and a value of each line, per group of bars."""
        level = _prices(candles(self.bars, grouping))
        level |= {name: column(extremes(line, grouping)) for name, line in self.curves.items()}
        level["invested"] = rough(means(self.invested, grouping))
        level["lines"] = [column(line[grouping.lasts]) for line in self.lines]
        return level

    def some(self, bars: IntArray) -> dict[str, Any]:
        """Return whole bars as a level of detail, the signals with seven digits."""
        picked = {name: getattr(self.bars, name)[bars] for name in COLUMNS}
        level = _prices(replace(self.bars, **picked))
        level |= {name: column(self.curves[name][bars]) for name in ("equity", "benchmark")}
        level["drawdown"] = rough(self.curves["drawdown"][bars])
        level["invested"] = rough(self.invested[bars])
        level["lines"] = [rough(line[bars]) for line in self.lines]
        return level

    def part(self, start: int, stop: int, limit: int) -> dict[str, Any]:
        """Return the bars that open from `start` to before `stop` (ms), as at most `limit` candles.

        `candle` is the time that one covers, `whole` says that each is a bar. At least one bar is
        there where the run has one, the nearest before.
        """
        first, last = np.searchsorted(self.bars.time, (start, stop)).tolist()
        last = max(last, 1)
        here = slice(min(first, last - 1), last)
        part = Drawn(
            self.bars.slice(here.start, here.stop),
            {name: line[here] for name, line in self.curves.items()},
            self.invested[here],
            tuple(line[here] for line in self.lines),
        )
        grouping = group(part.bars, limit)
        return {
            "candle": str(grouping.timeframe),
            "whole": len(grouping) == len(part.bars),
            "level": part.level(grouping),
        }


def place(indicators: Sequence[Indicator], bars: Bars) -> tuple[tuple[Line, ...], tuple[str, ...]]:
    """Put prices on the price pane and each other unit in a pane of its own.

    A number in price units that stays far from the prices (a difference of averages) would
    flatten the candles, so it gets a pane too. Returns the lines, and the names left out.
    """
    low, high = float(bars.low.min()), float(bars.high.max())
    panes: dict[Unit | str, int] = {}
    lines: list[Line] = []
    left_out: list[str] = []
    for indicator in indicators:
        known = indicator.values[np.isfinite(indicator.values)]
        if not len(known) or len(lines) == LINES:
            left_out.append(indicator.name)
            continue
        pane = 0
        if indicator.unit is not Unit.PRICE or not low / 2 <= np.median(known) <= high * 2:
            key = indicator.name if indicator.unit is Unit.NONE else indicator.unit
            pane = panes.setdefault(key, len(panes) + 1)
        if pane > PANES:
            left_out.append(indicator.name)
        else:
            lines.append(Line(indicator, pane))
    return tuple(lines), tuple(left_out)


def fall(equity: FloatArray, cash: float) -> FloatArray:
    """Return how far equity stands under its peak so far, as a positive fraction of the peak."""
    peak = np.maximum(np.maximum.accumulate(equity), cash)
    result: FloatArray = (peak - equity) / peak
    return result


def starting_cash(metrics: Mapping[str, Any], equity: FloatArray) -> float:
    """Return the cash that a run began with, from its final equity and total return."""
    final, gained = metrics["final_equity"], metrics["total_return"]
    if final is None or gained is None or gained <= -1:
        return float(equity[0])
    return float(final / (1 + gained))


def _prices(bars: Bars) -> dict[str, Any]:
    prices = {name: column(getattr(bars, name)) for name in ("open", "high", "low", "close")}
    return {"time": times(bars.time), **prices, "volume": rough(bars.volume)}
