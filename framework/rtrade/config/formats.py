"""How single values are written: the pattern of each format, its name in words, and examples.

The schema carries a format's name and pattern, messages its words. A pattern only tells shapes
apart; `reading` turns a text into a value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from rtrade.catalog.quantities import Measure

_NUMBER = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?"
_FRACTION = rf"{_NUMBER} *(%|bps)"
_LENGTH = r"[0-9]{1,9} *bars?|[1-9][0-9]{0,5}[smhdw]"
_MONEY = rf"{_NUMBER} *[A-Z][A-Z0-9]{{1,11}}"
_NAME = r"[A-Za-z_][A-Za-z0-9_]{0,63}"
# No user and password, no query and no fragment: an address is no place for a secret.
_HOST = r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?"
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"

TIMEFRAME, TIME, SYMBOL, SOURCE, EXPRESSION, NAME, TITLE, VERSION, PATH = (
    "timeframe", "moment", "symbol", "source", "expression", "name", "title", "version", "path",
)  # fmt: skip
SPAN, WAIT, EXCHANGE, ADDRESS, SOCKET, SECRET, ANSWER, CHOICE = (
    "timespan", "wait", "exchange", "address", "socket-address", "environment-secret", "answer",
    "choice",
)  # fmt: skip


@dataclass(frozen=True)
class Format:
    """A way to write a value: what it is called, what to write, its pattern where it has one."""

    noun: str
    advice: str
    pattern: str | None = None

    def matches(self, text: str) -> bool:
        """Whether the whole of `text` has the shape of this format."""
        return self.pattern is None or re.fullmatch(self.pattern, text) is not None


FORMATS: dict[str, Format] = {
    Measure.FRACTION: Format("a percentage", "write `2%` or `50 bps`", _FRACTION),
    Measure.DISTANCE: Format(
        "a percentage or a number of ATRs", "write `3%` or `{atr: 2.0, period: 14}`", _FRACTION
    ),
    Measure.LENGTH: Format(
        "a number of bars or a duration", "write `48 bars`, or a duration such as `4h`", _LENGTH
    ),
    Measure.BARS: Format(
        "a number of bars or a duration", "write `30`, `30 bars`, or a duration such as `4h`",
        _LENGTH,
    ),
    Measure.MONEY: Format("an amount of money", "write `1000` or `1000 USDT`", _MONEY),
    TIMEFRAME: Format(
        "a timeframe",
        "write `5m`, `1h` or `1d`",
        r"[1-9][0-9]{0,5}[smhdw]|(1|2|3|4|6|12)M",
    ),
    TIME: Format(
        "a date or time",
        "write `2023-01-01` or `2023-01-01T12:00Z` (UTC)",
        rf"{_DAY}([T ]{_CLOCK}(Z|[+-][0-9]{{2}}:[0-9]{{2}})?)?",
    ),
    SYMBOL: Format(
        "a symbol",
        "write base and quote currency in capitals, such as `BTC/USDT`",
        r"[A-Z0-9][A-Z0-9._-]{0,19}/[A-Z][A-Z0-9]{1,11}(:[A-Z][A-Z0-9]{1,11})?",
    ),
    SOURCE: Format(
        "the name of a source",
        "write the name of a file in `datasources/`, without `.yaml`; `--source` takes a path",
        r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}",
    ),
    EXPRESSION: Format("an expression", "write one such as `sma(close, 20)`"),
    NAME: Format(
        "a name", "use letters, digits and `_`, and do not start with a digit", _NAME
    ),
    TITLE: Format(
        "a name",
        "use letters, digits, `_`, `-` and `.`, and start with a letter or a digit",
        r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}",
    ),
    VERSION: Format("the version of the format", "write `rtrade: 1`"),
    PATH: Format("a path", "write a path, relative to this file"),
    SPAN: Format(
        "a length of time", "write it with its unit, such as `12h` or `1d`",
        r"[1-9][0-9]{0,5}[smhdw]",
    ),
    WAIT: Format(
        "a length of time", "write it with its unit, such as `30s` or `2m`",
        r"[1-9][0-9]{0,5}[smh]",
    ),
    EXCHANGE: Format(
        "the id of an exchange", "write it as ccxt does, such as `binance` or `kraken`",
        r"[a-z0-9]{2,40}",
    ),
    ADDRESS: Format(
        "an address", "write `https://host` or `http://host:port`, without a user or a query",
        rf"https?://{_HOST}",
    ),
    SOCKET: Format(
        "the address of a socket", "write `wss://host` or `ws://host:port`, without a user or a "
        "query", rf"wss?://{_HOST}",
    ),
    SECRET: Format(
        "the name of a secret in the environment", "write `${env:NAME}`",
        r"\$\{env:[A-Za-z_][A-Za-z0-9_]{0,99}\}",
    ),
    ANSWER: Format(
        "the form of an answer",
        "write choices (`[buy, sell, hold]`), a range of whole numbers (`0..100`), or `text`",
        r"text|-?[0-9]{1,9} *\.\. *-?[0-9]{1,9}",
    ),
    CHOICE: Format(
        "a choice", "write a word or a few, such as `buy`",
        r"[^\s'\"](.{0,62}[^\s'\"])?",
    ),
}  # fmt: skip

_UNITLESS = re.compile(_NUMBER)


def bare_number(value: object) -> str | None:
    """Return a value's text if it is a number without a unit, in quotes or not; else None."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    text = value.strip() if isinstance(value, str) else plain(value)
    return text if _UNITLESS.fullmatch(text) else None


def readings(number: str, name: str, example: str | None) -> str | None:
    """Say how a number without unit can be meant in format `name`; None where it needs none."""
    value = Decimal(number)
    if name in (Measure.FRACTION, Measure.DISTANCE):
        percent, share = f"{plain(value)}%", f"{plain(value * 100)}%"
        if example is not None and "bps" in example and abs(value) >= 1:
            return f"write `{plain(value)} bps` or `{percent}`, whichever is meant"
        if not value:
            return "write `0%`"
        first, second = (share, percent) if abs(value) < 1 else (percent, share)
        return f"write `{first}` or `{second}`, whichever is meant"
    if name == Measure.LENGTH:
        return f"write `{plain(value)} bars`, or a duration such as `{plain(value)}h`"
    if name == SPAN:
        return f"write `{plain(value)}h` or `{plain(value)}d`, whichever is meant"
    if name == WAIT:
        return f"write `{plain(value)}s` or `{plain(value)}m`, whichever is meant"
    if name == TIMEFRAME:
        return f"write `{plain(value)}m` or `{plain(value)}h`, whichever is meant"
    return None


def plain(value: Decimal | float) -> str:
    """Format a number without an exponent where that stays short: `0.00001`, `200`, `1E+30`."""
    number = value if isinstance(value, Decimal) else Decimal(repr(value))
    if not number.is_finite() or abs(number.adjusted()) > 15:
        return str(number)
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
