"""Raw recordings of Binance's streams: `<receive ns> <message>` a line, plain or gzip.

Messages are those of combined streams, `{"stream":...,"data":...}`; one without a stream is the
depth snapshot that the recorder fetched. They are told again in their order, at the exchange's own
times (`E`), and those without one at the time of the message before.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rtrade.core.errors import UsageError, WorldError
from rtrade.testing.books import Diff, RecordedBook
from rtrade.testing.trades import Trade

# What a market is quoted in, where only its id is known; longer ones first.
_QUOTES = (
    "FDUSD", "USDT", "USDC", "TUSD", "BUSD", "USDP", "BTC", "ETH", "BNB", "EUR", "TRY", "BRL",
    "JPY", "GBP", "DAI",
)  # fmt: skip


@dataclass(frozen=True)
class Message:
    """One recorded message: its time (ms) and the raw text of its data."""

    time: int
    stream: str
    data: bytes


@dataclass
class Recorded:
    """What was recorded of one market; `known` are the times (ms) of the messages of trades."""

    id: str
    messages: dict[str, list[tuple[int, Message]]] = field(default_factory=dict)
    trades: list[Trade] = field(default_factory=list)
    known: list[int] = field(default_factory=list)
    diffs: list[Diff] = field(default_factory=list)
    snapshot: Any = None

    @property
    def base_and_quote(self) -> tuple[str, str]:
        """The two parts of its id."""
        for quote in _QUOTES:
            if self.id.endswith(quote) and self.id != quote:
                return self.id.removesuffix(quote), quote
        raise UsageError(
            f"the recording has a market {self.id}, whose quote currency is not known",
            hint="give a series of it too, which says how ccxt writes the symbol",
        )

    @property
    def book(self) -> RecordedBook | None:
        """The book, where a snapshot was recorded."""
        if self.snapshot is None:
            return None
        found = self.snapshot
        return RecordedBook(found["lastUpdateId"], found["bids"], found["asks"], self.diffs)


@dataclass(frozen=True)
class Recording:
    """A whole recording; `start` and `end` are the times (ms) of its first and last message."""

    markets: dict[str, Recorded]
    start: int
    end: int


def read_recording(path: Path) -> Recording:
    """Read a recording; raise UsageError where it is none, WorldError where it cannot be read."""
    markets: dict[str, Recorded] = {}
    snapshots: list[Any] = []
    time: int | None = None
    start, number = 0, 0
    for number, line in enumerate(_lines(path), start=1):
        stream, data, document = _parse(path, number, line)
        if stream is None:
            snapshots.append(document)
            continue
        try:
            time = max(int(document.get("E", time or 0)), time or 0)
            market = markets.setdefault(_market_of(stream), Recorded(_market_of(stream)))
            _note(market, time, document)
        except (KeyError, TypeError, ValueError) as fault:
            raise _bad_line(path, number, f"a field is missing or odd: {fault}") from fault
        start = start or time
        market.messages.setdefault(stream, []).append((number, Message(time, stream, data)))
    if time is None:
        raise UsageError(f"{path} has no messages of a stream")
    for snapshot in snapshots:
        _place(snapshot, markets)
    return Recording(markets, start, time)


def _market_of(stream: str) -> str:
    return stream.partition("@")[0].upper()


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else path.open("rb") as lines:
            yield from (line.strip() for line in lines if line.strip())
    except (OSError, EOFError, zlib.error) as fault:
        reason = getattr(fault, "strerror", None) or str(fault)
        raise WorldError(
            f"cannot read the recording {path}: {reason}", hint="is it whole, and may it be read?"
        ) from fault


def _parse(path: Path, number: int, line: bytes) -> tuple[str | None, bytes, Any]:
    """Return the stream (None: a snapshot), the raw text of the data, and the data."""
    stamp, _, message = line.partition(b" ")
    try:
        document = json.loads(message)
        if not stamp.isdigit() or not isinstance(document, dict):
            raise ValueError("no object after a time")  # of the file, not of a call
        if "stream" not in document:
            document["lastUpdateId"], document["bids"], document["asks"]
            return None, message, document
        data = document["data"]
        if not isinstance(data, dict) or not isinstance(document["stream"], str):
            raise ValueError("no object under `data`")  # noqa: TRY004  # of the file
    except (ValueError, KeyError) as fault:
        raise _bad_line(path, number, str(fault)) from fault
    at = message.find(b'"data":') + len(b'"data":')
    return document["stream"], message[at:-1].strip(), data


def _bad_line(path: Path, number: int, reason: str) -> UsageError:
    return UsageError(
        f"line {number} of {path} is no recorded message: {reason}",
        hint='a line is `<receive ns> {"stream":"btcusdt@trade","data":{...}}`',
    )


def _note(market: Recorded, time: int, data: Any) -> None:
    kind = data.get("e")
    if kind == "trade":
        market.trades.append(
            Trade(data["t"], data["p"], data["q"], data["T"], data["m"], data["t"], data["t"])
        )
        market.known.append(time)
    elif kind == "depthUpdate":
        market.diffs.append(Diff(time, data["U"], data["u"], data["b"], data["a"]))


def _place(snapshot: Any, markets: dict[str, Recorded]) -> None:
    """Give a snapshot to the market whose diffs it lies among."""
    for market in markets.values():
        ids = market.diffs
        among = ids and ids[0].first - 1 <= snapshot["lastUpdateId"] <= ids[-1].last
        if among and market.snapshot is None:
            market.snapshot = snapshot
            return
