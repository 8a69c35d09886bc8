"""The drawings of the report, each with a sentence and the same in numbers."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from rtrade.analysis.bootstrap import LEAST, LEVELS, Bootstrap, bootstrap
from rtrade.analysis.distribution import Distribution, distribution
from rtrade.analysis.rolling import Rolling, rolling
from rtrade.analysis.trades import TradeTable
from rtrade.core.bars import FloatArray, IntArray
from rtrade.core.timeframes import DAY, HOUR, MINUTE, iso
from rtrade.report import drawing as draw
from rtrade.report.context import Chance, Picture
from rtrade.report.formatting import MINUS, TIMES, Form, Value, show
from rtrade.report.inputs import ReportInputs
from rtrade.report.words import counted

_ROWS = 24
# Periods that a picture of the calendar has at most.
_PERIODS = 60
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_POINTS = 2_000
# Steps between the dates of an axis, and the most of them that one has.
_TEXTS = 6
_CALENDAR = (
    ("m", MINUTE, (1, 2, 5, 10, 15, 30)),
    ("h", HOUR, (1, 2, 3, 6, 12)),
    ("D", DAY, (1, 2, 4, 7, 14)),
    ("M", 30.5 * DAY, (1, 2, 3, 6)),
    ("Y", 365.25 * DAY, (1, 2, 5, 10, 20, 50)),
)
_MONTH = len("2024-01")
_MARKS = 4
# Head-room above the outermost points.
_ROOM = 1.04
# Half of a drawing that holds two.
_HALF = 190


def moving(inputs: ReportInputs, cash: float) -> Picture | None:
    """Return Sharpe ratio and volatility over a moving window, one above the other."""
    found = rolling(inputs.bars, inputs.equity, cash)
    if found is None:
        return None
    time = found.at.astype(np.float64)
    x = draw.across(time[0], time[-1], dates(found.at))
    parts = []
    panels = (
        (found.sharpe, "Sharpe ratio", _plain, 22.0, _HALF - 12.0, "first"),
        (
            found.volatility,
            "Volatility, yearly",
            percent,
            _HALF + 18.0,
            2 * _HALF - 30.0,
            "next",
        ),
    )
    for values, title, text, top, bottom, tone in panels:
        known = values[np.isfinite(values)]
        low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
        low, high = (min(low, 0.0), high) if title.startswith("Sharpe") else (0.0, high)
        y = draw.up(low, high, [(v, text(v)) for v in draw.ticks(low, high, 4)],
                    top=top, bottom=bottom)  # fmt: skip
        below = x if tone == "next" else draw.across(time[0], time[-1], ())
        parts += [draw.frame(below, y, title), draw.path(x, y, time, values, tone)]
    return Picture(
        svg=draw.drawing(parts, height=2 * _HALF),
        summary=_moving_summary(found, str(inputs.bars.timeframe)),
        header=("Until", "Sharpe ratio", "Volatility"),
        rows=tuple(
            (iso(int(found.at[at]))[:10], _number(found.sharpe[at]),
             _number(found.volatility[at], Form.PERCENT))
            for at in _evenly(len(found.at), _ROWS)
        ),
    )  # fmt: skip


def _moving_summary(found: Rolling, timeframe: str) -> str:
    known = found.sharpe[np.isfinite(found.sharpe)]
    extent = (
        f"The Sharpe ratio goes from {_number(known.min())} to {_number(known.max())}. "
        if len(known)
        else ""
    )
    return (
        f"Over the last {show(found.window, Form.COUNT)} bars of {timeframe} at each point, scaled "
        f"to a year. {extent}What it is at one point says little: it moves by chance alone."
    )


def _calendar(inputs: ReportInputs) -> tuple[NDArray[np.datetime64], IntArray, str]:
    """Return the day, month or year of each bar, whichever are few, and where each begins."""
    time = inputs.bars.time.astype("datetime64[ms]")
    periods, starts, name = time, np.zeros(0, dtype=np.int64), ""
    for unit, name in (("D", "day"), ("M", "month"), ("Y", "year")):  # noqa: B007  # the last counts
        periods = time.astype(f"datetime64[{unit}]")
        starts = np.flatnonzero(np.concatenate(([True], periods[1:] != periods[:-1])))
        if len(starts) <= _PERIODS:
            break
    return periods, starts, name


def held(inputs: ReportInputs) -> Picture | None:
    """Return the share of closes with a position by calendar period, long up and short down."""
    periods, starts, name = _calendar(inputs)
    if len(starts) < 2:
        return None
    closes = np.diff(starts, append=len(periods))
    long, short = (
        np.add.reduceat((side * inputs.position > 0).astype(np.float64), starts) / closes
        for side in (1, -1)
    )
    edges = np.append(inputs.bars.time[starts], inputs.bars.time[-1]).astype(np.float64)
    x = draw.across(edges[0], edges[-1], dates(inputs.bars.time))
    low = -1.0 if short.any() else 0.0
    y = draw.up(low, 1.0, [(v, percent(abs(v))) for v in draw.ticks(low, 1.0, 4)],
                bottom=_HALF - 30.0)  # fmt: skip
    parts = [draw.frame(x, y, f"Closes with a position, by {name}")]
    parts += [draw.blocks(x, y, edges, long, "long"), draw.blocks(x, y, edges, -short, "short")]
    sides = " Long is up, short is down." if short.any() else ""
    most = int((long + short).argmax())
    return Picture(
        svg=draw.drawing(parts, height=_HALF),
        summary=f"Share of the closes of each {name} at which a position was held.{sides} The most "
        f"was {percent(float((long + short)[most]))} in {periods[starts[most]]}.",
        header=(name.capitalize(), "Long", "Short"),
        rows=tuple(
            (str(periods[at]), show(float(a), Form.PERCENT), show(float(b), Form.PERCENT))
            for at, a, b in zip(starts.tolist(), long, short, strict=True)
        ),
    )


def spread(
    inputs: ReportInputs, cash: float
) -> tuple[Picture | None, tuple[tuple[str, str, str, str], ...]]:
    """Return the histogram of returns, and the worst and best of them."""
    found = distribution(inputs.bars, inputs.equity, cash)
    if found is None:
        return None, ()
    most = float(found.counts.max())
    low, high = float(found.edges[0]), float(found.edges[-1])
    x = draw.across(low, high, [(v, percent(v)) for v in draw.ticks(low, high)])
    y = draw.up(0.0, most, [(v, f"{v:,.0f}") for v in draw.ticks(0.0, most, 4)])
    title = f"{found.unit.capitalize()}s by return"
    svg = draw.drawing(
        [draw.frame(x, y, title), draw.columns(x, y, found.edges, found.counts.astype(np.float64))]
    )
    rows = (
        ("Mean", _number(found.mean, Form.PERCENT, signed=True)),
        ("Median", _number(found.median, Form.PERCENT, signed=True)),
        ("5 % are below", _number(found.low, Form.PERCENT, signed=True)),
        ("5 % are above", _number(found.high, Form.PERCENT, signed=True)),
        ("Above 0", _number(found.positive, Form.PERCENT)),
        ("Skewness", _number(found.skew)),
        ("Kurtosis (normal: 0)", _number(found.kurtosis)),
    )
    extremes = tuple(
        (_moment(bad, found), _number(loss, Form.PERCENT, signed=True),
         _moment(good, found), _number(gain, Form.PERCENT, signed=True))
        for (bad, loss), (good, gain) in zip(found.worst, found.best, strict=True)
    )  # fmt: skip
    summary = (
        f"Returns of {counted(found.count, found.unit)}; the outer columns hold all beyond them."
    )
    return Picture(svg, summary, ("", f"Per {found.unit}"), rows), extremes


def _moment(time: int, found: Distribution) -> str:
    text = iso(time)
    return text[:10] if found.unit == "day" else text[:16].replace("T", " ")


def excursion_points(trades: TradeTable, against: FloatArray, for_: FloatArray) -> Picture | None:
    """Return each closed trade by how far it ran against and for the position."""
    closed = np.flatnonzero(trades.closed)
    if not len(closed):
        return None
    chosen = closed[_evenly(len(closed), _POINTS)]
    right, top = (float(np.quantile(one[closed], 0.99)) or 0.01 for one in (against, for_))
    x = draw.across(0.0, right * _ROOM, [(v, percent(v)) for v in draw.ticks(0.0, right)])
    y = draw.up(0.0, top * _ROOM, [(v, percent(v)) for v in draw.ticks(0.0, top, 4)])
    shown = np.minimum(against[chosen], right), np.minimum(for_[chosen], top)
    svg = draw.drawing([
        draw.frame(x, y, "MFE (up) by MAE (to the right)"),
        draw.points(x, y, *shown, trades.gain[chosen]),
    ])  # fmt: skip
    won = trades.gain[closed] > 0
    rows = tuple(
        (name, show(int(np.count_nonzero(mask)), Form.COUNT),
         *(_median(values[closed][mask]) for values in (against, for_)))
        for name, mask in (("Gains", won), ("Losses", ~won))
    )  # fmt: skip
    few = "" if len(chosen) == len(closed) else f" {len(chosen):,} of {len(closed):,} are drawn."
    summary = (
        "Each closed trade: how far the price went against its entry (MAE) and for it (MFE) while "
        "it was held, as far as that is sure. Of the bar that it left, only the open and the "
        f"exit's price count.{few} The outermost hundredth of either is drawn at the edge."
    )
    return Picture(svg, summary, ("Closed trades", "Count", "Median MAE", "Median MFE"), rows)


def _median(values: FloatArray) -> str:
    return show(float(np.median(values)) if len(values) else None, Form.PERCENT)


def chance(inputs: ReportInputs, trades: TradeTable, cash: float) -> tuple[Chance | None, str]:
    """Return the trades drawn again, or why there are no draws."""
    stream = np.random.RandomState(inputs.seed)

    def draws(shape: tuple[int, int], limit: int) -> IntArray:
        return stream.randint(0, limit, size=shape, dtype=np.int32).astype(np.int64)

    found = bootstrap(trades, inputs.equity, cash, draws)
    if found is None:
        closed = int(np.count_nonzero(trades.closed))
        return None, f"{counted(closed, 'closed trade').capitalize()}: draws take at least {LEAST}."
    picture = Picture(_fan(found), _fan_summary(found), (), ())
    names = tuple(f"{level:.0%}".replace("%", " %") for level in LEVELS)
    rows = tuple(
        (name, show(final, Form.PERCENT, signed=True), show(deepest, Form.PERCENT))
        for name, final, deepest in zip(names, found.final, found.deepest, strict=True)
    )
    sentence = (
        f"{show(found.lost, Form.PERCENT)} of {found.paths:,} paths end below their start. Each "
        f"takes {found.trades:,} of the closed trades at random, any of them more than once; it "
        "assumes that trades do not depend on one another and that each moves the same share of "
        "equity."
    )
    header = ("Share of paths below", "Final return", "Deepest drawdown")
    return Chance(picture, sentence, header, rows, inputs.seed), ""


def _fan(found: Bootstrap) -> Markup:
    at = found.after.astype(np.float64)
    fan = np.log10(np.maximum(found.fan, 1e-3))
    low, high = float(fan.min()), float(fan.max())
    x = draw.across(at[0], at[-1], [(v, f"{v:,.0f}") for v in draw.ticks(at[0], at[-1])])
    y = draw.up(low, high, [(v, f"{10**v:.3g}{TIMES}") for v in multiples(low, high)])
    return draw.drawing([
        draw.band(x, y, at, fan[0], fan[4], "outer"),
        draw.band(x, y, at, fan[1], fan[3], "inner"),
        draw.frame(x, y, "Equity as a multiple of its start, by trades (log scale)"),
        draw.path(x, y, at, fan[2], "first"),
    ])  # fmt: skip


def multiples(low: float, high: float) -> list[float]:
    """Return logarithms of round multiples between two of them."""
    power = 10.0 ** np.arange(np.floor(low), np.ceil(high) + 1)
    for steps in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7)):
        marks = np.log10(np.outer(power, steps).ravel())
        inside = marks[(marks >= low) & (marks <= high)]
        if len(inside) >= _MARKS:
            return [float(mark) for mark in inside]
    return [float(np.log10(value)) for value in draw.ticks(10.0**low, 10.0**high, 5) if value > 0]


def _fan_summary(found: Bootstrap) -> str:
    low, _, middle, _, high = (show(v, Form.PERCENT, signed=True) for v in found.final)
    return f"Nine of ten paths end between {low} and {high}, half of them above {middle}."


def dates(at: IntArray) -> list[tuple[float, str]]:
    """Return round moments along a stretch of time, up to seven: minutes, hours, days ... years."""
    span = int(at[-1] - at[0])
    unit, step = next(
        ((unit, step) for unit, length, steps in _CALENDAR for step in steps
         if span <= _TEXTS * step * length),
        ("Y", 100),
    )  # fmt: skip
    first, last = (int(v) for v in at[[0, -1]].astype("M8[ms]").astype(f"M8[{unit}]").astype(int))
    moments = np.arange(-(-first // step) * step, last + 1, step).astype(f"M8[{unit}]")
    return [
        (float(place), _date(one))
        for one, place in zip(moments, moments.astype("M8[ms]").astype(np.int64), strict=True)
        if at[0] <= place <= at[-1]
    ]


def _date(moment: np.datetime64) -> str:
    """Write years and months as they are, days without the year, times of day without the day."""
    text = str(moment)
    if len(text) <= _MONTH:
        return text
    clock = str(moment.astype("M8[m]"))[11:]
    return f"{MONTHS[int(text[5:7]) - 1]} {int(text[8:10])}" if clock == "00:00" else clock


def _evenly(count: int, most: int) -> IntArray:
    """Return up to `most` places of `count`, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(np.int64))


def percent(value: float) -> str:
    """Write the text of a tick."""
    return f"{value * 100:.3g} %".replace("-", MINUS)


def _plain(value: float) -> str:
    return f"{value:g}".replace("-", MINUS)


def _number(value: float | None, form: Form = Form.RATIO, *, signed: bool = False) -> str:
    known: Value = None if value is None or not np.isfinite(value) else float(value)
    return show(known, form, signed=signed)
