"""How fast an exchange may be asked: one limiter for all threads of this process and each host.

Two rules hold together. Weights: no stretch of a limit's length may hold more weight than its
share, which keeps any counting by the minute, wherever the exchange's minutes begin. Spacing: where
an exchange states no weights, requests keep the distance that ccxt knows. What the exchange has
counted, by its header, includes other programs at the same address: the rest is taken as used too.
A refusal (429, 418) stops every thread until it is over.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from rtrade.core.errors import ExchangeBanned, ExchangeBusy
from rtrade.core.timeframes import iso
from rtrade.exchange.pace import REAL, Pace

# The longest that a thread waits for a refusal to be over (seconds); longer ones are an error.
PATIENCE = 180.0
# A refusal of unknown length (seconds).
_UNKNOWN = 30.0
# So that what is measured here is over there too (seconds).
_MARGIN = 0.05


@dataclass
class Window:
    """At most `limit` weight in any `seconds`; `counts` tells that requests count, not weight."""

    limit: float
    seconds: float
    counts: bool = False
    used: float = 0.0
    spent: deque[tuple[float, float]] = field(default_factory=deque)

    def forget(self, now: float) -> None:
        """Leave out what was spent longer than the window ago."""
        while self.spent and self.spent[0][0] <= now - self.seconds:
            self.used -= self.spent.popleft()[1]
        if not self.spent:
            self.used = 0.0

    def wait(self, now: float, weight: float, share: float) -> float:
        """Return how long to wait until `weight` fits (seconds)."""
        self.forget(now)
        # A request that is larger than the whole share is let through alone.
        room = max(self.limit * share - weight, 0.0)
        excess, at = self.used - room, now
        for spent_at, spent in self.spent:
            if excess <= 1e-9:
                break
            excess -= spent
            at = spent_at + self.seconds + _MARGIN
        return max(0.0, at - now)

    def spend(self, now: float, weight: float) -> None:
        """Count `weight`."""
        self.spent.append((now, weight))
        self.used += weight


class Limiter:
    """Hands out permissions to send; `share` is the part of what is permitted that is used."""

    def __init__(self, *, share: float = 1.0, pace: Pace = REAL) -> None:
        self.share = share
        self.pace = pace
        self.windows: list[Window] = []
        self.spacing = 0.0
        self._lock = threading.Lock()
        self._next = 0.0
        self._blocked = 0.0
        self._banned = False
        self._until: int | None = None

    def lower(self, share: float) -> None:
        """Take a share that one of the users asks for: the smallest is the one in force."""
        with self._lock:
            self.share = min(self.share, share)

    def limit(self, windows: list[Window]) -> None:
        """Set the limits in force; what was spent before stays counted where a limit stays."""
        with self._lock:
            old = {(one.seconds, one.counts): one for one in self.windows}
            for new in windows:
                if (known := old.get((new.seconds, new.counts))) is not None:
                    new.spent, new.used = known.spent, known.used
            self.windows = windows

    def acquire(self, weight: float, cost: float = 1.0) -> None:
        """Wait until a request may be sent, and count it. `cost` is in spacings.

        Raises ExchangeBanned or ExchangeBusy where a refusal lasts longer than PATIENCE.
        """
        while (wait := self._try(weight, cost)) > 0:
            self.pace.sleep(wait)

    def _try(self, weight: float, cost: float) -> float:
        with self._lock:
            now = self.pace.now()
            if self._blocked > now:
                self._check_patience(self._blocked - now)
                return self._blocked - now
            waits = [one.wait(now, self._size(one, weight), self.share) for one in self.windows]
            wait = max([0.0, self._next - now, *waits])
            if wait > 0:
                return wait
            for one in self.windows:
                one.spend(now, self._size(one, weight))
            self._next = now + self.spacing * cost / self.share
            return 0.0

    @staticmethod
    def _size(window: Window, weight: float) -> float:
        return 1.0 if window.counts else weight

    def _check_patience(self, wait: float) -> None:
        if wait <= PATIENCE:
            return
        if self._banned:
            when = f" until {iso(self._until)}" if self._until is not None else ""
            raise ExchangeBanned(
                f"the exchange has banned this address{when or f' for {wait:.0f} s'}",
                until=self._until,
                hint="wait until then, then use a lower `rate:`; do other programs share the "
                "address?",
            )
        raise ExchangeBusy(
            f"the exchange asks to wait {wait:.0f} s before the next request",
            hint="wait, and use a lower `rate:`; do other programs share the address?",
        )

    def counted(self, used: float, seconds: float) -> None:
        """Take note of the weight that the exchange has counted in its window of `seconds`."""
        with self._lock:
            now = self.pace.now()
            for one in self.windows:
                if one.seconds == seconds and not one.counts:
                    one.forget(now)
                    if used > one.used:
                        one.spend(now, used - one.used)

    def refused(self, seconds: float | None, *, banned: bool, until: int | None = None) -> None:
        """Stop all requests for `seconds` (None = unknown); `until` is the ban's end (ms)."""
        wait = _UNKNOWN if seconds is None else max(0.0, seconds) + _MARGIN
        with self._lock:
            end = self.pace.now() + wait
            if end >= self._blocked:
                self._blocked, self._banned, self._until = end, banned, until


_limiters: dict[tuple[str, str], Limiter] = {}
_limiters_lock = threading.Lock()


def limiter_for(exchange: str, host: str, make: Callable[[], Limiter]) -> Limiter:
    """Return the one limiter of this process for an exchange at a host."""
    with _limiters_lock:
        return _limiters.setdefault((exchange, host), make())
