"""The one formatter of the report: a number and its form in, the text a reader sees out."""

from __future__ import annotations

import json
from enum import StrEnum

from rtrade.catalog.metrics import Better, Metric, MetricUnit
from rtrade.report.context import Figure

Value = int | float | None

UNDEFINED = "\u2013"
MINUS = "\u2212"
TIMES = "\u00d7"
NARROW = "\u202f"


class Form(StrEnum):
    """How a number is written."""

    PERCENT = "percent"  # of a fraction: 0.123 -> 12.3 %
    POINTS = "points"  # the same without the sign: 0.123 -> 12.3
    RATIO = "ratio"
    MONEY = "money"
    PRICE = "price"
    SIZE = "size"
    COUNT = "count"
    BARS = "bars"
    PER_YEAR = "per_year"


_METRIC_FORMS = {
    MetricUnit.QUOTE: Form.MONEY,
    MetricUnit.FRACTION: Form.PERCENT,
    MetricUnit.YEARLY: Form.PERCENT,
    MetricUnit.RATIO: Form.RATIO,
    MetricUnit.COUNT: Form.COUNT,
    MetricUnit.BARS: Form.BARS,
    MetricUnit.TURNS: Form.PER_YEAR,
}
_ASCII = str.maketrans({UNDEFINED: "-", MINUS: "-", NARROW: " ", TIMES: "x"})


def show(value: Value, form: Form, *, signed: bool = False) -> str:
    """Write a number for a reader; None is a dash. `signed` puts a plus before gains."""
    if value is None:
        return UNDEFINED
    text = _magnitude(abs(value), form)
    if not any(digit in text for digit in "123456789"):
        return text
    return f"{MINUS if value < 0 else '+' if signed else ''}{text}"


def figure(path: str, value: Value, form: Form, *, signed: bool = False) -> Figure:
    """Make the figure for a number of the result document."""
    return Figure(path, raw(value), show(value, form, signed=signed), tone(value, signed=signed))


def metric_figure(metric: Metric, value: Value) -> Figure:
    """Make the figure for a metric: gains carry a sign, and a tone where one way is better."""
    form = _METRIC_FORMS[metric.unit]
    signed = form is Form.PERCENT and metric.low in (None, -1.0)
    colour = "" if metric.better is Better.NEITHER else tone(value, signed=signed)
    return Figure(f"metrics.{metric.name}", raw(value), show(value, form, signed=signed), colour)


def format_metric(metric: Metric, value: Value) -> str:
    """Write a metric as the report does, in ASCII, which every terminal can show."""
    return ascii_text(metric_figure(metric, value).text)


def ascii_text(text: str) -> str:
    """Write a text of ours with what every terminal can show."""
    return text.translate(_ASCII)


def raw(value: Value) -> str:
    """Write a number as result.json has it."""
    return json.dumps(value)


def tone(value: Value, *, signed: bool = True) -> str:
    """Say whether a gain or loss is `good` or `bad`; empty where it is neither."""
    if not signed or not value:
        return ""
    return "good" if value > 0 else "bad"


def _magnitude(value: float, form: Form) -> str:
    match form:
        case Form.PERCENT:
            percent = value * 100
            return f"{percent:,.{_decimals(percent)}f}{NARROW}%"
        case Form.POINTS:
            return f"{value * 100:,.{0 if value >= 10 else 1}f}"
        case Form.RATIO:
            return f"{value:,.2f}"
        case Form.MONEY:
            return f"{value:,.2f}"
        case Form.PRICE:
            return price(value)
        case Form.SIZE:
            return _trimmed(f"{value:,.8f}", 0)
        case Form.COUNT:
            return f"{value:,.0f}"
        case Form.BARS:
            return f"{value:,.0f}{NARROW}{'bar' if value == 1 else 'bars'}"
        case Form.PER_YEAR:
            return f"{value:,.1f}{NARROW}{TIMES} a year"


def _decimals(percent: float) -> int:
    """Three or four digits that mean something: 1.23, 12.3, 123.4, 1,234."""
    return 2 if percent < 10 else 1 if percent < 1000 else 0


def price(value: float) -> str:
    """Write a price: two decimals where it is large, about seven digits where it is small."""
    if value >= 100:
        return f"{value:,.2f}"
    if value >= 1:
        return _trimmed(f"{value:,.5f}", 2)
    return _trimmed(f"{value:.10f}", 4)


def _trimmed(text: str, keep: int) -> str:
    """Drop trailing zeros behind the decimal point, down to `keep` of them."""
    whole, _, decimals = text.partition(".")
    decimals = decimals.rstrip("0").ljust(keep, "0")
    return f"{whole}.{decimals}" if decimals else whole


def moment(iso: str | None) -> str:
    """Write an ISO time of the result as `2024-01-31 09:00`, with seconds only where not 0."""
    if iso is None:
        return UNDEFINED
    return iso.removesuffix("Z").replace("T", " ").removesuffix(":00")
