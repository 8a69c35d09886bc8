"""What the stand-in knows: its clock, its markets, its limits, and what it was asked."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rtrade.testing.clock import Clock
from rtrade.testing.limits import Limits
from rtrade.testing.markets import Market, Rules

if TYPE_CHECKING:
    from rtrade.testing.funding import Funding


# The last requests that are kept; a stand-in may run for days.
REMEMBERED = 1_000_000


@dataclass(frozen=True)
class Request:
    """One request and how it was answered; `time` is the exchange's, `fault` what was done to it.

    `status` is 0 where the connection was dropped.
    """

    time: int
    method: str
    path: str
    params: Mapping[str, str]
    status: int
    weight: int
    fault: str | None = None


@dataclass(frozen=True)
class StreamFault:
    """What was done to a socket, by its number from 1, at a message of a stream."""

    socket: int
    stream: str
    kind: str


@dataclass(frozen=True)
class Correction:
    """A stored bar that becomes another one at the exchange's time `at` (ms), for good."""

    market: str
    interval: str
    time: int
    at: int
    values: Mapping[str, float]


@dataclass
class State:
    """Shared by REST and streams; touched only by the server's thread once that runs.

    A held clock is let go once `wait_for_streams` subscriptions are there.
    """

    clock: Clock
    markets: dict[str, Market]
    rules: Rules
    limits: Limits
    wait_for_streams: int = 0
    funding: dict[str, Funding] = field(default_factory=dict)
    requests: deque[Request] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    asked: int = 0
    stream_faults: list[StreamFault] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)
    _settling: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def note(self, request: Request) -> None:
        """Keep a request."""
        self.asked += 1
        self.requests.append(request)

    def settle(self) -> None:
        """Make the corrections whose time has come."""
        if not self.corrections:
            return
        with self._settling:
            now = self.clock.now()
            for one in [one for one in self.corrections if one.at <= now]:
                market = self.markets[one.market]
                market.correct(one.interval, one.time, dict(one.values))
                self.corrections.remove(one)
