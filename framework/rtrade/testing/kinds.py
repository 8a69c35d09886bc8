"""Every kind of fault, declared once: what it does and which keys it takes besides the common ones.

Families: `answer` replaces or breaks an answer, `page` makes a page of klines lie, `truth` changes
the truth itself, `stream` breaks a socket or a message of a stream.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Family = Literal["answer", "page", "truth", "stream"]


@dataclass(frozen=True)
class Key:
    """A key of a fault: what it means, its default, and what it may be.

    `choices` are the only values, or `low` and `high` bound a number; a text without either.
    """

    doc: str
    default: Any = None
    choices: tuple[Any, ...] = ()
    low: float | None = None
    high: float | None = None
    whole: bool = False
    required: bool = False


@dataclass(frozen=True)
class Kind:
    """A kind of fault."""

    name: str
    family: Family
    doc: str
    keys: dict[str, Key] = field(default_factory=dict)


COMMON = {
    "endpoint": Key("Last parts of the path it happens to, such as `klines` or `ticker/*`.", "*"),
    "nth": Key("From which of the matching requests or messages on.", low=1, high=1e9, whole=True),
    "probability": Key("Chance at each matching one, such as `5%`.", low=0, high=1),
    "count": Key("How often at most.", 1, low=1, high=1e9, whole=True),
}
STREAM = Key("Name of the streams it happens to, such as `*@kline_1m`.", "*")


def _wait(doc: str, default: float) -> Key:
    return Key(doc, default, low=0, high=3600)


KINDS = {
    kind.name: kind
    for kind in (
        Kind("rate_limit", "answer", "429 with `Retry-After`: -1003, too much request weight.",
             {"seconds": _wait("Until it answers again, by its own clock.", 1.0)}),
        Kind("ban", "answer", "418 with the time until which the address is banned.",
             {"seconds": _wait("Length of the ban, by the exchange's clock.", 2.0)}),
        Kind("server_error", "answer", "500 with -1001, or 502, 503, 504 with a page of HTML.",
             {"status": Key("The HTTP status.", 500, choices=(500, 502, 503, 504))}),
        Kind("error_body", "answer", "200, and an error in the body.",
             {"code": Key("Binance's code.", -1000, low=-9999, high=-1, whole=True)}),
        Kind("blocked", "answer", "403 with the page of a web application firewall."),
        Kind("truncated_gzip", "answer", "A gzip body that ends in the middle."),
        Kind("slow", "answer", "The true answer, late.",
             {"seconds": Key("How late, in real seconds.", 0.2, low=0, high=30)}),
        Kind("dropped", "answer", "The connection is closed in the middle of the body."),
        Kind("malformed_json", "answer", "200, and text that is no JSON."),
        Kind("hole", "page", "Bars are missing inside the page.",
             {"bars": Key("How many.", 2, low=1, high=999, whole=True)}),
        Kind("empty_page", "page", "No bars at all."),
        Kind("changed_bar", "page", "The last or the first bar has another high, close and volume.",
             {"at": Key("Which one.", "last", choices=("first", "last"))}),
        Kind("duplicate_row", "page", "One bar stands there twice."),
        Kind("unordered_rows", "page", "Two bars have changed places."),
        Kind("bad_number", "page", "A price that is none.",
             {"value": Key("What is written instead.", "nan",
                           choices=("nan", "negative", "zero", "text", "null"))}),
        Kind("crossed_bar", "page", "A bar whose high is below its low."),
        Kind("open_as_closed", "page", "The forming bar, with a close time that is over."),
        Kind("late_correction", "truth", "A closed bar is another one from some time on, for good.",
             {"symbol": Key("As ccxt writes it.", required=True),
              "timeframe": Key("The stored series.", required=True),
              "time": Key("Open time of the bar.", required=True),
              "at": Key("From when on, by the exchange's clock.", required=True),
              **{name: Key("The new value.", low=0, high=1e18)
                 for name in ("open", "high", "low", "close", "volume")}}),
        Kind("silence", "stream", "The socket stays open, and nothing comes any more."),
        Kind("torn_frame", "stream", "The socket is dropped in the middle of a frame."),
        Kind("closed", "stream", "The socket is closed.",
             {"code": Key("The close code.", 1001, low=1000, high=4999, whole=True)}),
        Kind("shutdown", "stream", "A `serverShutdown` event, then the socket is closed."),
        Kind("lost_message", "stream", "A message never comes."),
        Kind("repeated_message", "stream", "A message comes twice."),
        Kind("swapped_messages", "stream", "A message comes after the one that follows it."),
        Kind("malformed_message", "stream", "A message is no JSON."),
    )
}  # fmt: skip


def keys_of(kind: Kind) -> dict[str, Key]:
    """Return all keys that a fault of this kind may have, besides `kind`."""
    if kind.family == "truth":
        return kind.keys
    common = dict(COMMON)
    if kind.family == "stream":
        del common["endpoint"]
        common["stream"] = STREAM
    elif kind.family == "page":
        del common["endpoint"]
    return {**common, **kind.keys}
