"""Klines of one symbol and interval: whole bars up to a time, the forming one, their JSON text.

Rows are written a block at a time, by Arrow, and kept: a page of 1,000 is then a slice of bytes.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from rtrade.core.bars import Bars, FloatArray, IntArray
from rtrade.core.timeframes import Timeframe
from rtrade.testing.frames import Frame
from rtrade.testing.numbers import text, texts
from rtrade.testing.ticks import TICKS, Row, formed

_BLOCK = 2048
# Blocks kept: 2 million rows' text at most, about 350 MB, and only where so many are asked for.
_KEPT = 1024
_COLUMNS = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True, eq=False)
class _Derived:
    """What bars were put together from: the finer ones, the first of each, sums over them."""

    source: Candles
    first: IntArray
    trades: IntArray
    quote: FloatArray


@dataclass(frozen=True)
class _Block:
    data: bytes
    offsets: list[int]


class Candles:
    """Bars of one interval, stored or put together from a finer `source`.

    Bars are known from their open time on, and whole at their end; what lies after `now` is not
    seen. Corrections change bars for good.
    """

    def __init__(
        self, frame: Frame, bars: Bars, digits: int, derived: _Derived | None = None
    ) -> None:
        self.frame = frame
        self.digits = digits
        self.symbol = bars.symbol
        self.time = bars.time
        self.end = frame.end(bars.time)
        self._values = {name: np.array(getattr(bars, name)) for name in _COLUMNS}
        self._derived = derived
        if derived is None:
            self._trades = np.where(bars.volume > 0, TICKS, 0)
            self._values["quote"] = _quote_volume(self._values)
        else:
            self._trades = derived.trades
            self._values["quote"] = derived.quote
        self._blocks: OrderedDict[int, _Block] = OrderedDict()

    def __len__(self) -> int:
        return len(self.time)

    @classmethod
    def derived(cls, source: Candles, frame: Frame) -> Candles:
        """Put bars of `source` together to bars of `frame`, whole ones and those at the edges."""
        opens = frame.floor(source.time)
        first = np.flatnonzero(np.diff(opens, prepend=opens[0] - 1))
        last = np.append(first[1:], len(source)) - 1
        values = source._values  # of the same class
        bars = Bars(
            source.symbol,
            Timeframe(frame.ms),
            opens[first],
            values["open"][first],
            np.maximum.reduceat(values["high"], first),
            np.minimum.reduceat(values["low"], first),
            values["close"][last],
            _sums(values["volume"], first),
        )
        trades = np.add.reduceat(source._trades, first)  # of the same class
        made = _Derived(source, first, trades, _sums(values["quote"], first))
        return cls(frame, bars, source.digits, made)

    @property
    def base(self) -> Candles:
        """The stored bars that these are, or are put together from."""
        return self if self._derived is None else self._derived.source

    def closed(self, now: int) -> int:
        """Count the bars that are over at `now`."""
        return int(np.searchsorted(self.end, now, side="right"))

    def row(self, at: int) -> Row:
        """Return bar number `at` as it will be when it is over."""
        values = {name: float(column[at]) for name, column in self._values.items()}
        return Row(int(self.time[at]), int(self.end[at]), trades=int(self._trades[at]), **values)

    def forming(self, now: int) -> Row | None:
        """Return the bar that `now` lies in as far as it is known, None where there is none."""
        at = self.closed(now)
        if at >= len(self) or self.time[at] > now:
            return None
        if self._derived is None:
            return formed(self.row(at), now, self.digits)
        source = self._derived.source
        parts = source.between(int(self._derived.first[at]), source.closed(now))
        inner = source.forming(now)
        parts += [] if inner is None else [inner]
        return joined(parts, int(self.time[at]), int(self.end[at])) if parts else None

    def between(self, low: int, high: int) -> list[Row]:
        """Return bars `low..high - 1` put together; no or one row."""
        if high <= low:
            return []
        part = slice(low, high)
        values = {name: column[part] for name, column in self._values.items()}
        return [
            Row(
                int(self.time[low]), int(self.end[high - 1]), float(values["open"][0]),
                float(values["high"].max()), float(values["low"].min()),
                float(values["close"][-1]), round(float(values["volume"].sum()), 8),
                round(float(values["quote"].sum()), 8), int(self._trades[part].sum()),
            )
        ]  # fmt: skip

    def page(self, start: int | None, end: int | None, limit: int, now: int) -> bytes:
        """Return the answer to a klines request as JSON text.

        `start` and `end` bound the open times, both inclusive; with a start the first `limit`
        bars from it on, without one the last.
        """
        whole, forming = self.closed(now), self.forming(now)
        known = whole + (forming is not None)
        opens = self.time[:known]
        low = 0 if start is None else int(np.searchsorted(opens, start, side="left"))
        high = known if end is None else int(np.searchsorted(opens, end, side="right"))
        if start is None:
            low = max(low, high - limit)
        high = min(high, low + limit)
        parts = self._text(low, min(high, whole))
        if forming is not None and low <= whole < high:
            parts.append(kline_text(forming))
        return b"[" + b",".join(parts) + b"]"

    def bars(self, now: int, timeframe: Timeframe) -> Bars:
        """Return the bars that are over at `now`: the truth."""
        stop = self.closed(now)
        values = (self._values[name][:stop].copy() for name in _COLUMNS)
        return Bars(self.symbol, timeframe, self.time[:stop].copy(), *values)

    def traded(self) -> IntArray:
        """Return the numbers of the bars that have a volume."""
        return np.flatnonzero(self._trades)

    def summary(self, start: int, now: int) -> Row | None:
        """Return bars that open in `[start, now]` put together, the forming one as far as known."""
        parts = self.between(int(np.searchsorted(self.time, start)), self.closed(now))
        forming = self.forming(now)
        parts += [] if forming is None or forming.start < start else [forming]
        return joined(parts, parts[0].start, parts[-1].end) if parts else None

    def find(self, time: int) -> int | None:
        """Return the number of the bar that opens at `time`, None where there is none."""
        at = int(np.searchsorted(self.time, time))
        return at if at < len(self) and self.time[at] == time else None

    def correct(self, at: int, values: dict[str, float]) -> None:
        """Change bar number `at` of a stored series, for good."""
        for name, value in values.items():
            self._values[name][at] = value
        one = {name: column[at : at + 1] for name, column in self._values.items()}
        self._values["quote"][at] = _quote_volume(one)[0]
        self._trades[at] = TICKS if one["volume"][0] > 0 else 0
        self._blocks.pop(at // _BLOCK, None)

    def _text(self, low: int, high: int) -> list[bytes]:
        """Return the text of rows `low:high` in pieces; rows inside a piece are joined already."""
        pieces = []
        while low < high:
            block = self._block(low // _BLOCK)
            base = low // _BLOCK * _BLOCK
            stop = min(high, base + _BLOCK)
            begin, finish = block.offsets[low - base], block.offsets[stop - base]
            pieces.append(block.data[begin : finish - 1])
            low = stop
        return pieces

    def _block(self, number: int) -> _Block:
        block = self._blocks.get(number)
        if block is None:
            block = self._blocks[number] = self._write(number * _BLOCK)
            if len(self._blocks) > _KEPT:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(number)
        return block

    def _write(self, start: int) -> _Block:
        import pyarrow.compute as pc

        part = slice(start, start + _BLOCK)
        values = {name: column[part] for name, column in self._values.items()}
        written = {name: texts(column) for name, column in values.items()}
        bought = texts(np.round(values["volume"] / 2, 8)), texts(np.round(values["quote"] / 2, 8))
        joined = pc.binary_join_element_wise(
            "[", _integers(self.time[part]), ',"', written["open"], '","', written["high"],
            '","', written["low"], '","', written["close"], '","', written["volume"], '",',
            _integers(self.end[part] - 1), ',"', written["quote"], '",',
            _integers(self._trades[part]), ',"', bought[0], '","', bought[1], '","0"],', "",
        )  # fmt: skip
        _, places, data = joined.buffers()
        stops = np.frombuffer(places, dtype=np.int32)[: len(joined) + 1]
        return _Block(bytes(data)[: int(stops[-1])], stops.tolist())


def _integers(values: IntArray) -> object:
    import pyarrow as pa

    return pa.array(values.astype(np.int64)).cast(pa.string())


def _quote_volume(values: dict[str, FloatArray]) -> FloatArray:
    """Return volume times the mean price of a bar's eight trades."""
    span = 2 * (values["high"] + values["low"])
    mean = (1.5 * values["open"] + span + 2.5 * values["close"]) / TICKS
    return np.round(values["volume"] * mean, 8)


def _sums(values: FloatArray, first: IntArray) -> FloatArray:
    """Return the sums of stretches that begin at `first`, added from left to right."""
    counts = np.diff(first, append=len(values))
    group = np.repeat(np.arange(len(first)), counts)
    return np.round(np.bincount(group, weights=values, minlength=len(first)), 8)


def joined(parts: list[Row], start: int, end: int) -> Row:
    """Return neighbouring bars as one over `[start, end)`."""
    return Row(
        start,
        end,
        parts[0].open,
        max(part.high for part in parts),
        min(part.low for part in parts),
        parts[-1].close,
        round(sum(part.volume for part in parts), 8),
        round(sum(part.quote for part in parts), 8),
        sum(part.trades for part in parts),
    )


def kline_text(row: Row) -> bytes:
    """Return one bar as Binance's array of twelve."""
    half, half_quote = round(row.volume / 2, 8), round(row.quote / 2, 8)
    return (
        f'[{row.start},"{text(row.open)}","{text(row.high)}","{text(row.low)}",'
        f'"{text(row.close)}","{text(row.volume)}",{row.end - 1},"{text(row.quote)}",'
        f'{row.trades},"{text(half)}","{text(half_quote)}","0"]'
    ).encode()
