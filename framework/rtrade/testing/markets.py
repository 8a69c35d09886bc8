"""Symbols of the stand-in: their filters, their stored series, the intervals derived from them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import cached_property

import numpy as np

from rtrade.core.bars import Bars
from rtrade.core.errors import UsageError
from rtrade.core.timeframes import Timeframe
from rtrade.testing.books import Book, ToldBook
from rtrade.testing.candles import Candles
from rtrade.testing.frames import FRAMES, INTERVALS, Frame
from rtrade.testing.recording import Recorded, Recording
from rtrade.testing.trades import RecordedTape, Tape, ToldTape, aggregated

_SYMBOL = re.compile(r"([A-Z0-9]{1,20})/([A-Z0-9]{1,20})")
_MAX_DIGITS = 8
# Enough rows to see how many places prices have.
_LOOKED_AT = 2000


@dataclass(frozen=True)
class Rules:
    """Filters of every symbol, as decimal text; `tick` None = by the places of its prices."""

    lot: str = "0.00001"
    min_notional: str = "5"
    tick: str | None = None


@dataclass
class Market:
    """One symbol: `id` as Binance writes it (`BTCUSDT`), `symbol` as ccxt does (`BTC/USDT`)."""

    symbol: str
    base: str
    quote: str
    tick: str
    stored: dict[str, Candles] = field(default_factory=dict)
    recorded: Recorded | None = None
    _derived: dict[str, Candles | None] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The symbol as Binance writes it."""
        return self.base + self.quote

    @property
    def digits(self) -> int:
        """Decimal places of a price."""
        return places(self.tick)

    @property
    def finest(self) -> Candles:
        """The stored series of the shortest interval: trades and the book follow it."""
        return min(self.stored.values(), key=lambda candles: candles.frame.ms)

    @cached_property
    def tape(self) -> Tape:
        """Its trades."""
        if self.recorded is not None and self.recorded.trades:
            return RecordedTape(self.recorded.trades, self.recorded.known)
        return ToldTape(self.finest)

    @cached_property
    def aggregates(self) -> Tape:
        """Its trades, those of one order at one price as one."""
        if self.recorded is not None and self.recorded.trades:
            return aggregated(self.recorded.trades, self.recorded.known)
        return self.tape

    @cached_property
    def book(self) -> Book:
        """Its order book."""
        recorded = None if self.recorded is None else self.recorded.book
        return ToldBook(self.tape, self.tick) if recorded is None else recorded

    def candles(self, interval: str) -> Candles | None:
        """Return the bars of an interval, derived from the coarsest that fills it; None without."""
        if interval in self.stored:
            return self.stored[interval]
        if interval not in self._derived:
            self._derived[interval] = self._derive(FRAMES[interval])
        return self._derived[interval]

    def correct(self, interval: str, time: int, values: dict[str, float]) -> None:
        """Change the stored bar that opens at `time`, and with it what was derived from it."""
        candles = self.stored[interval]
        at = candles.find(time)
        if at is None:
            raise UsageError(f"{self.symbol} {interval} has no bar that opens at {time}")
        candles.correct(at, values)
        self._derived.clear()
        for name in ("tape", "aggregates", "book"):
            self.__dict__.pop(name, None)

    def _derive(self, frame: Frame) -> Candles | None:
        finer = [one for one in self.stored.values() if frame.holds(one.frame) and len(one)]
        if not finer:
            return None
        return Candles.derived(max(finer, key=lambda one: one.frame.ms), frame)


def places(step: str) -> int:
    """Return the decimal places of a step such as `0.01`."""
    exponent = Decimal(step).normalize().as_tuple().exponent
    return max(0, -int(exponent))


def make_rules(lot: str | None, min_notional: str | None, tick: str | None) -> Rules:
    """Return filters from decimal text, None = the default; raise UsageError for no such steps."""
    given = {"lot": lot, "min_notional": min_notional, "tick": tick}
    stated = {name: _positive(name, value) for name, value in given.items() if value is not None}
    return Rules(**stated)


def _positive(name: str, value: str) -> str:
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number < 0 or (number == 0 and name != "min_notional"):
        option = name.replace("_", "-")
        raise UsageError(f"--{option} is an amount above zero, not `{value}`")
    return format(number, "f")


def make_markets(
    series: Sequence[Bars], rules: Rules, recording: Recording | None = None
) -> dict[str, Market]:
    """Return the markets by their id; raise UsageError for what cannot be one."""
    markets: dict[str, Market] = {}
    for bars in series:
        _add(markets, bars, rules)
    for name, recorded in {} if recording is None else recording.markets.items():
        if name not in markets:
            _add(markets, _seconds(recorded), rules)
        markets[name].recorded = recorded
    return markets


def _add(markets: dict[str, Market], bars: Bars, rules: Rules) -> None:
    interval = check_interval(bars.symbol, bars.timeframe)
    base, quote = split_symbol(bars.symbol)
    market = markets.get(base + quote)
    if market is None:
        tick = rules.tick or _tick(bars)
        market = markets[base + quote] = Market(bars.symbol, base, quote, tick)
    if interval in market.stored:
        raise UsageError(f"the series {bars.symbol} {interval} is given twice")
    market.stored[interval] = Candles(FRAMES[interval], bars, market.digits)


def _seconds(recorded: Recorded) -> Bars:
    """Return bars of one second from recorded trades."""
    if not recorded.trades:
        raise UsageError(
            f"the recording has no trades of {recorded.id}",
            hint="give a series of it too: klines and prices are taken from there",
        )
    time = np.array([trade.time for trade in recorded.trades], dtype=np.int64) // 1000 * 1000
    price = np.array([float(trade.price) for trade in recorded.trades])
    size = np.array([float(trade.size) for trade in recorded.trades])
    first = np.flatnonzero(np.diff(time, prepend=time[0] - 1))
    last = np.append(first[1:], len(time)) - 1
    return Bars(
        "/".join(recorded.base_and_quote),
        Timeframe(1000),
        time[first],
        price[first],
        np.maximum.reduceat(price, first),
        np.minimum.reduceat(price, first),
        price[last],
        np.round(np.add.reduceat(size, first), 8).astype(np.float64),
    )


def check_interval(symbol: str, timeframe: Timeframe) -> str:
    """Return Binance's name of an interval; raise UsageError where it has none."""
    text = str(timeframe)
    if text not in FRAMES:
        known = ", ".join(INTERVALS)
        raise UsageError(f"Binance has no interval of {text} ({symbol})", hint=f"there are {known}")
    return text


def split_symbol(symbol: str) -> tuple[str, str]:
    """Return base and quote of `BTC/USDT`; raise UsageError for another form."""
    match = _SYMBOL.fullmatch(symbol)
    if match is None:
        raise UsageError(f"`{symbol}` is no symbol of a spot market", hint="write it as `BTC/USDT`")
    return match[1], match[2]


def _tick(bars: Bars) -> str:
    """Return the price step: as fine as the first prices are written."""
    columns = (bars.open, bars.high, bars.low, bars.close)
    prices = np.concatenate([column[:_LOOKED_AT] for column in columns])
    for digits in range(_MAX_DIGITS):
        if (np.round(prices, digits) == prices).all():
            break
    else:
        digits = _MAX_DIGITS
    return format(Decimal(1).scaleb(-digits), "f")
