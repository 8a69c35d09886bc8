"""Read single values out of a document that has the right shape.

Every method returns the value; what is wrong with it is added to `findings`. A value with a
finding is a stand-in: the caller throws everything away once there are findings.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import urlsplit

from rtrade.catalog.quantities import Measure, Quantity
from rtrade.catalog.risk import ATR_DISTANCE
from rtrade.config.definitions import Distance
from rtrade.config.document import Document, Path
from rtrade.config.formats import (
    ADDRESS,
    FORMATS,
    SOCKET,
    SPAN,
    SYMBOL,
    TIME,
    TIMEFRAME,
    Format,
    plain,
)
from rtrade.config.wording import FAR, label, quoted
from rtrade.core.diagnostics import Diagnostic, SourceText, Span
from rtrade.core.timeframes import HOUR, Timeframe, parse_time
from rtrade.core.units import Length, parse_fraction, parse_length, parse_money

Result = TypeVar("Result")
StandIn = TypeVar("StandIn")

_STAND_IN = Timeframe(HOUR)


class Values:
    """Values of one document by path; `findings` collects what is wrong."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.findings: list[Diagnostic] = []

    def get(self, path: Path) -> Any:
        """Return the plain value at `path`, or None where nothing is given."""
        found = self.document.data
        for part in path:
            if isinstance(found, dict):
                found = found.get(part)
            elif isinstance(found, list) and isinstance(part, int) and part < len(found):
                found = found[part]
            else:
                return None
        return found

    def keys(self, path: Path) -> list[str]:
        """Return the keys of the mapping at `path`, in the order of the file."""
        found = self.get(path)
        return list(found) if isinstance(found, dict) else []

    def find(
        self, code: str, path: Path, message: str, help: str | None = None, *, key: bool = False
    ) -> None:
        """Add a finding about the value at `path`, or about its key."""
        place = self.document.key_span if key else self.document.value_span
        self.find_at(code, place(path), message, help)

    def find_at(self, code: str, span: Span | None, message: str, help: str | None = None) -> None:
        """Add a finding about a place."""
        self.findings.append(self.document.finding(code, message, span, help=help))

    def expression(self, path: Path) -> SourceText | None:
        """Return the text at `path` with its place, or None where nothing is given."""
        return self.document.texts.get(path)

    def timeframe(self, path: Path) -> Timeframe:
        """Return a timeframe."""
        return self._parsed(path, Timeframe.parse, FORMATS[TIMEFRAME], _STAND_IN)

    def duration(self, path: Path) -> int:
        """Return a length of time in milliseconds."""
        return self._parsed(path, Timeframe.parse, FORMATS[SPAN], _STAND_IN).ms

    def length(self, path: Path, declared: Quantity) -> Length | None:
        """Return a length in bars or as a duration, or None where nothing is given."""
        if self.get(path) is None:
            return None
        length = self._parsed(path, parse_length, FORMATS[declared.measure], None)
        if length is not None and length.bars is not None:
            self._held(path, length.bars, declared, _bars)
        return length

    def time(self, path: Path) -> int | None:
        """Return a time in epoch milliseconds, or None where nothing is given."""
        if self.get(path) is None:
            return None
        return self._parsed(path, parse_time, FORMATS[TIME], 0)

    def address(self, key: str) -> str | None:
        """Return the address under a key at the top, or None where nothing is given."""
        given = self.get((key,))
        if given is None:
            return None
        parts = urlsplit(given)
        try:
            usable = bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            form = FORMATS[ADDRESS if key == "base_url" else SOCKET]
            message = f"`{key}`: {quoted(given)} has no usable host and port"
            self.find("RT025", (key,), message, form.advice)
        return str(given).rstrip("/")

    def symbol(self, path: Path) -> str:
        """Return a symbol."""
        return self._parsed(path, _symbol, FORMATS[SYMBOL], "BTC/USDT")

    def fraction(self, path: Path, declared: Quantity) -> float:
        """Return a fraction: 0.02 for `2%`."""
        value = self._parsed(path, parse_fraction, FORMATS[Measure.FRACTION], None)
        return self._held(path, value, declared, percent)

    def distance(self, path: Path, declared: Quantity) -> Distance | None:
        """Return a distance in percent or in ATRs, or None where nothing is given."""
        given = self.get(path)
        if given is None:
            return None
        if not isinstance(given, dict):
            return Distance("percent", self.fraction(path, declared))
        atr, period = ATR_DISTANCE
        value = self.amount((*path, atr.name), atr)
        return Distance("atr", value, int(self.amount((*path, period.name), period)))

    def amount(self, path: Path, declared: Quantity) -> float:
        """Return a number in its range, or its default where nothing is given."""
        given = self.get(path)
        if given is None and declared.default is not None:
            return declared.default
        return self._held(path, float(given), declared, plain)

    def money(self, path: Path, declared: Quantity, quote: str) -> float:
        """Return an amount in the currency `quote`, whether or not it names it."""
        given = self.get(path)
        if not isinstance(given, str):
            return self.amount(path, declared)
        money = self._parsed(path, parse_money, FORMATS[Measure.MONEY], None)
        if money is None:
            return 0.0
        value, currency = money
        if currency != quote:
            message = f"{label(path)} is in {currency}, and the symbol is quoted in {quote}"
            self.find("RT029", path, message, f"write the amount in {quote}")
        return self._held(path, value, declared, plain)

    def bars(self, path: Path, declared: Quantity, timeframe: Timeframe) -> int | None:
        """Return a length in bars of `timeframe`, or None where nothing is given."""
        given = self.get(path)
        if given is None:
            return None
        if isinstance(given, str):
            length = self._parsed(path, parse_length, FORMATS[declared.measure], None)
            if length is None:
                return 0
            try:
                given = length.in_bars(timeframe)
            except ValueError as fault:
                self.find(
                    "RT029", path, f"{label(path)}: {fault}",
                    f"write a multiple of {timeframe}, or a number of bars",
                )  # fmt: skip
                return 0
        return int(self._held(path, given, declared, _bars))

    def _parsed(
        self, path: Path, parse: Callable[[str], Result], form: Format, stand_in: StandIn
    ) -> Result | StandIn:
        text = self.get(path)
        reason = ""
        if form.matches(text):
            try:
                return parse(text)
            except (ValueError, OverflowError) as fault:
                reason = f": {fault}" if form is FORMATS[TIME] else ""
        self.find("RT025", path, f"{label(path)}: {quoted(text)} is not {form.noun}{reason}",
                  form.advice)  # fmt: skip
        return stand_in

    def _held(
        self, path: Path, value: float | None, declared: Quantity, show: Callable[[float], str]
    ) -> float:
        if value is None:
            return 0.0
        if not declared.holds(value):
            ends = [f"{'above' if declared.low_open else 'at least'} {show(declared.low)}"]
            if value >= declared.high or declared.high < FAR:
                ends.append(f"{'below' if declared.high_open else 'at most'} {show(declared.high)}")
            message = f"{label(path)} must be {' and '.join(ends)}, not {quoted(self.get(path))}"
            self.find("RT026", path, message, f"write for example `{declared.example}`")
        return value


def percent(fraction: float) -> str:
    """Write a fraction as a percentage: 0.001 is `0.1%`."""
    return f"{plain(Decimal(repr(fraction)) * 100)}%"


def _bars(count: float) -> str:
    return f"{plain(count)} bar{'' if count == 1 else 's'}"


def _symbol(text: str) -> str:
    return text
