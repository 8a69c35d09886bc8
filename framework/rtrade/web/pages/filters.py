"""What the page of runs is asked for: a query in its address, read and written again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

from rtrade.catalog.metrics import METRICS, Metric, MetricUnit
from rtrade.core.timeframes import DAY
from rtrade.web.pages.frame import address
from rtrade.web.pages.times import moment_of
from rtrade.web.problems import invalid_parameters
from rtrade.workflow.runs import ORDERS, RunQuery

PAGE = 50
KNOWN = {metric.name: metric for metric in METRICS}
_TEXTS = ("strategy", "symbol", "tag", "text")
_NAMES = (*_TEXTS, "since", "until", "metric", "least", "most", "order", "down", "page")
_MOST = 1e300
_LAST_PAGE = 1_000_000


@dataclass(frozen=True)
class Wanted:
    """Which runs are to be shown: as texts, for the form and for links, and as a query."""

    given: Mapping[str, str]
    query: RunQuery
    page: int

    def text(self, name: str) -> str:
        """Return what a field of the form holds."""
        return self.given.get(name, "")

    def at(self, **changed: str | int) -> str:
        """Return the address of this page with something changed; its first part where not told."""
        return address("/", {**self.given, "page": "", **changed})

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Which metrics are shown: the usual ones, and what is sorted or filtered by."""
        usual = ("total_return", "sharpe", "max_drawdown", "trades")
        more = (self.query.order, self.given.get("metric", ""))
        return tuple(KNOWN[name] for name in dict.fromkeys((*usual, *more)) if name in KNOWN)

    @property
    def narrowed(self) -> bool:
        """Whether some runs may be left out."""
        return any(name in self.given for name in (*_TEXTS, "since", "until", "metric"))


def read_wanted(arguments: Mapping[str, str]) -> Wanted:
    """Read the query of an address; raise Problem (422) where it says what cannot be."""
    found = ((name, arguments.get(name, "").strip()[:200]) for name in _NAMES)
    given = {name: value for name, value in found if value}
    order = given.get("order", "started")
    if order not in ORDERS:
        raise invalid_parameters([{"name": "order", "detail": "is nothing to sort by"}])
    number = _page(given)
    until = _day(given, "until")
    query = RunQuery(
        **{name: given.get(name) for name in _TEXTS},
        since=_day(given, "since"),
        until=None if until is None else until + DAY,
        bounds=tuple(_bounds(given)),
        order=order,
        descending=given.get("down", _usual(order)) == "1",
        offset=(number - 1) * PAGE,
        limit=PAGE,
    )
    return Wanted(given, query, number)


def _usual(order: str) -> str:
    """Say which way to sort by something where that is not told: names from A on."""
    return "0" if order in ("strategy", "symbol", "run_id") else "1"


def turned(wanted: Wanted, order: str) -> str:
    """Return the address that sorts by `order`: the other way round where that is so already."""
    down = _usual(order)
    if order == wanted.query.order:
        down = "0" if wanted.query.descending else "1"
    return wanted.at(order=order, down=down)


def _page(given: Mapping[str, str]) -> int:
    text = given.get("page", "1")
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= _LAST_PAGE):
        raise invalid_parameters([{"name": "page", "detail": "is no number of a page"}])
    return int(text[:9])


def _day(given: Mapping[str, str], name: str) -> int | None:
    text = given.get(name)
    return None if text is None else moment_of(name, text)


def percent(metric: Metric) -> bool:
    """Tell whether people write a metric in percent."""
    return metric.unit in (MetricUnit.FRACTION, MetricUnit.YEARLY)


def _bounds(given: Mapping[str, str]) -> list[tuple[str, float, float]]:
    name = given.get("metric")
    if name is None:
        return []
    if name not in KNOWN:
        raise invalid_parameters([{"name": "metric", "detail": "is no metric"}])
    scale = 100.0 if percent(KNOWN[name]) else 1.0
    low, high = _number(given, "least", -_MOST), _number(given, "most", _MOST)
    return [(name, low / scale, high / scale)]


def _number(given: Mapping[str, str], name: str, absent: float) -> float:
    try:
        value = float(given.get(name, absent))
    except ValueError:
        value = float("nan")
    if not isfinite(value):
        raise invalid_parameters([{"name": name, "detail": "is no number"}])
    return value
