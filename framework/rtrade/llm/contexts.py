"""The context of a prompt: plain values of a moment, from bars up to and including one.

Everything is a function of arrays and an index, and reads them up to that index only. Unknown
values are None. Numbers are rounded to six significant digits: that is all a model makes use of,
and equal moments then give equal prompts.

With `anonymize`, nothing tells which market and which year it is. Prices of a series, and signals
that are prices, are divided by the oldest close of its window and multiplied by 100; volumes are
scaled so that the window's mean is 100; times are counted in bars, 0 the latest; the symbol is
`ASSET`, other series keep the names that the strategy gives them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rtrade.core.bars import TRUE, UNKNOWN, Bars, FloatArray
from rtrade.core.timeframes import iso
from rtrade.llm.filters import clean
from rtrade.llm.names import PORTFOLIO, POSITION, SCALARS, SERIES, STATS, known_names

__all__ = [
    "PORTFOLIO", "POSITION", "SCALARS", "SERIES", "STATS", "Column", "ContextBuilder", "Portfolio",
    "Position", "known_names",
]  # fmt: skip

ColumnKind = Literal["price", "number", "condition", "choice"]

HIDDEN_SYMBOL = "ASSET"
REBASED = 100.0
_DIGITS = 6


@dataclass(frozen=True, eq=False)
class Column:
    """A signal on the clock of the base series.

    `values` are float64 with NaN where unknown (price, number), int8 in three-valued logic
    (condition), or indices into `choices` with -1 where unknown (choice).
    """

    kind: ColumnKind
    values: NDArray[Any]
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Position:
    """An open position as a prompt sees it: its side, entry price and age in bars."""

    side: Literal["long", "short"]
    entry_price: float
    bars: int


@dataclass(frozen=True)
class Portfolio:
    """The account as a prompt sees it, in quote units, and how many trades were closed."""

    start: float
    equity: float
    cash: float
    peak: float
    trades: int


@dataclass(eq=False)
class ContextBuilder:
    """Contexts of one run: `bars` is the base series, `window` how many of them a prompt sees.

    `used` limits the work to the names that a template uses; None = all.
    """

    bars: Bars
    signals: Mapping[str, Column] = field(default_factory=dict)
    others: Mapping[str, Bars] = field(default_factory=dict)
    window: int = 50
    anonymize: bool = True
    used: frozenset[str] | None = None

    def __post_init__(self) -> None:
        # Where a bar of another series has closed at the close of bar i: its count up to there.
        self._closed = {
            name: np.searchsorted(_closes(other), _closes(self.bars), side="right")
            for name, other in self.others.items()
            if self._wants(name)
        }

    def at(
        self, index: int, position: Position | None = None, portfolio: Portfolio | None = None
    ) -> dict[str, Any]:
        """Return the context at the close of bar `index`: JSON-able plain values.

        `position` and `portfolio` are only there where the run is going on; while flat,
        `position` is None.
        """
        view = _View(self.bars, index + 1, self.window, anonymize=self.anonymize)
        context: dict[str, Any] = view.scalars()
        if self._wants("bars"):
            context["bars"] = view.rows()
        if self._wants("stats"):
            context["stats"] = view.stats()
        if self._wants("signals"):
            context["signals"] = {
                name: _value(column, index, view.scale) for name, column in self.signals.items()
            }
        for name, closed in self._closed.items():
            context[name] = self._other(name, int(closed[index]))
        if portfolio is not None:
            context["portfolio"] = _account(portfolio, anonymize=self.anonymize)
            context["position"] = None if position is None else view.position(position)
        return context

    def _wants(self, name: str) -> bool:
        return self.used is None or name in self.used

    def _other(self, name: str, closed: int) -> dict[str, Any] | None:
        if not closed:
            return None
        view = _View(self.others[name], closed, self.window, anonymize=self.anonymize)
        return {**view.scalars(), "bars": view.rows()}


class _View:
    """The last `window` bars before `stop`, with the scale that hides their level."""

    def __init__(self, bars: Bars, stop: int, window: int, *, anonymize: bool) -> None:
        start = max(stop - window, 0)
        self.bars, self.anonymize = bars, anonymize
        self.part = bars.slice(start, stop)
        mean = float(self.part.volume.mean())
        self.scale = REBASED / float(self.part.close[0]) if anonymize else 1.0
        self.volume_scale = REBASED / mean if anonymize and mean > 0 else 1.0

    def scalars(self) -> dict[str, Any]:
        symbol = HIDDEN_SYMBOL if self.anonymize else clean(self.bars.symbol)
        return {"symbol": symbol, "timeframe": str(self.bars.timeframe), **self._rows(1)[0]}

    def rows(self) -> list[dict[str, Any]]:
        return self._rows(len(self.part))

    def _rows(self, count: int) -> list[dict[str, Any]]:
        """Return the last `count` bars."""
        part, first = self.part.slice(len(self.part) - count), 1 - count
        numbers = np.empty((count, 5))
        for place, prices in enumerate((part.open, part.high, part.low, part.close)):
            numbers[:, place] = prices * self.scale
        numbers[:, 4] = part.volume * self.volume_scale
        times = range(first, 1) if self.anonymize else [iso(time) for time in part.time.tolist()]
        return [
            {"time": time, "open": o, "high": h, "low": low, "close": c, "volume": v}
            for time, (o, h, low, c, v) in zip(times, _rounded(numbers), strict=True)
        ]

    def stats(self) -> dict[str, float | None]:
        """Return figures of the window: fractions, and the highest and lowest price in it."""
        part = self.part
        returns = np.diff(np.log(part.close))
        mean = float(part.volume.mean())
        values = {
            "change": part.close[-1] / part.close[0] - 1,
            "high": part.high.max() * self.scale,
            "low": part.low.min() * self.scale,
            "rising": float(np.mean(returns > 0)) if len(returns) else np.nan,
            "volatility": float(np.std(returns, ddof=1)) if len(returns) > 1 else np.nan,
            "volume_ratio": part.volume[-1] / mean if mean > 0 else np.nan,
        }
        return dict(zip(values, _rounded(np.array([*values.values()])), strict=True))

    def position(self, position: Position) -> dict[str, Any]:
        sign = 1 if position.side == "long" else -1
        gain = sign * (float(self.part.close[-1]) / position.entry_price - 1)
        price, share = _rounded(np.array([position.entry_price * self.scale, gain]))
        return {
            "side": position.side,
            "entry_price": price,
            "bars": position.bars,
            "return": share,
        }


def _account(account: Portfolio, *, anonymize: bool) -> dict[str, Any]:
    scale = REBASED / account.start if anonymize else 1.0
    values = {
        "equity": account.equity * scale,
        "cash": account.cash * scale,
        "return": account.equity / account.start - 1,
        "drawdown": 1 - account.equity / account.peak,
    }
    rounded = _rounded(np.array([*values.values()]))
    return {**dict(zip(values, rounded, strict=True)), "trades": account.trades}


def _value(column: Column, index: int, scale: float) -> Any:
    value = column.values[index]
    match column.kind:
        case "condition":
            return None if value == UNKNOWN else bool(value == TRUE)
        case "choice":
            return None if value < 0 else clean(column.choices[int(value)])
        case "price":
            value = value * scale
    return _rounded(np.array([value]))[0]


def _closes(bars: Bars) -> NDArray[np.int64]:
    return bars.timeframe.closes(bars.time)


def _rounded(values: FloatArray) -> list[Any]:
    """Return numbers with six significant digits; None for what is not finite."""
    with np.errstate(all="ignore"):
        power = _DIGITS - 1 - np.floor(np.log10(np.abs(values)))
        power = np.where(np.isfinite(power), np.clip(power, -300, 300), 0)
        # Dividing by a power of ten, rather than multiplying by 0.1, keeps decimals short.
        factor = 10.0 ** np.abs(power)
        shown = np.where(
            power >= 0, np.round(values * factor) / factor, np.round(values / factor) * factor
        )
    if np.isfinite(shown).all():
        return list(shown.tolist())
    return [value if np.isfinite(value) else None for value in shown.tolist()]
