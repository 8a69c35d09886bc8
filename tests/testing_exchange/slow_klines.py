"""What a klines request must be answered with, said once more, slowly, bar by bar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from rtrade.core.bars import Bars

LENGTHS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


@dataclass
class Kline:
    start: int
    end: int
    open: float
    high: float
    low: float
    close: float
    volume: Decimal
    trades: int


def bucket(time: int, interval: str) -> tuple[int, int]:
    """Return start and end (ms) of the bar of an interval that holds `time`."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time)
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if interval == "1M":
        first = day.replace(day=1)
        following = (first + timedelta(days=32)).replace(day=1)
        return _ms(first), _ms(following)
    if interval == "1w":
        monday = day - timedelta(days=day.weekday())
        return _ms(monday), _ms(monday + timedelta(days=7))
    length = int(interval[:-1]) * LENGTHS[interval[-1]]
    return time - time % length, time - time % length + length


def _ms(moment: datetime) -> int:
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * 1000


def story(bars: Bars, at: int) -> list[tuple[int, float, Decimal]]:
    """Return time, price and size of the trades inside a stored bar."""
    o, h, l, c = (float(x[at]) for x in (bars.open, bars.high, bars.low, bars.close))  # noqa: E741  # OHLC
    total = Decimal(repr(float(bars.volume[at])))
    if not total:
        return []
    a, b = (l, h) if c >= o else (h, l)
    prices = [o, round((o + a) / 2, 2), a, round((a + b) / 2, 2), b, round((b + c) / 2, 2), c, c]
    unit = Decimal("0.00000001")
    share = (total / 8 // unit) * unit
    sizes = [share] * 7 + [total - 7 * share]
    start, length = int(bars.time[at]), bars.timeframe.ms
    return [
        (start + number * length // 8, min(max(price, l), h), size)
        for number, (price, size) in enumerate(zip(prices, sizes, strict=True))
    ]


def known(bars: Bars, interval: str, now: int) -> list[Kline]:
    """Return all klines of an interval as they are at `now`."""
    found: dict[int, Kline] = {}
    for at in range(len(bars)):
        start = int(bars.time[at])
        if start > now:
            break
        part = _part(bars, at, now)
        first, end = bucket(start, interval)
        if first not in found:
            part.start, part.end = first, end
            found[first] = part
            continue
        whole = found[first]
        whole.high, whole.low = max(whole.high, part.high), min(whole.low, part.low)
        whole.close = part.close
        whole.volume += part.volume
        whole.trades += part.trades
    return list(found.values())


def _part(bars: Bars, at: int, now: int) -> Kline:
    start, end = int(bars.time[at]), int(bars.time[at]) + bars.timeframe.ms
    told = story(bars, at)
    if end <= now:
        return Kline(
            start, end, float(bars.open[at]), float(bars.high[at]), float(bars.low[at]),
            float(bars.close[at]), Decimal(repr(float(bars.volume[at]))), len(told),
        )  # fmt: skip
    seen = [one for one in told if one[0] <= now]
    if not seen:
        price = float(bars.open[at])
        return Kline(start, end, price, price, price, price, Decimal(0), 0)
    prices = [price for _, price, _ in seen]
    volume = sum((size for _, _, size in seen), Decimal(0))
    return Kline(start, end, prices[0], max(prices), min(prices), prices[-1], volume, len(seen))


def asked(
    rows: list[Kline], start: int | None, end: int | None, limit: int
) -> list[Kline]:  # fmt: skip
    """Return the page of a request."""
    inside = [
        row for row in rows
        if (start is None or row.start >= start) and (end is None or row.start <= end)
    ]  # fmt: skip
    return inside[:limit] if start is not None else inside[-limit:]
