"""Request weight, the refusals that follow from too much of it, and bans.

Weight counts per minute of the exchange's clock. Past the limit a request is refused with 429 and
`Retry-After`; who goes on all the same is banned with 418. A request inside a ban starts the ban
anew, and each further ban is twice as long, from two minutes to three days.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from rtrade.core.timeframes import DAY, MINUTE
from rtrade.testing.clock import Clock

WEIGHT_LIMIT = 6000
# Stated where weight is not limited, so that a client which reads it does not hold back.
UNLIMITED = 1_000_000_000
_FIRST_BAN, _LONGEST_BAN = 2 * MINUTE, 3 * DAY
# Requests that one may still send after a 429, before it is a ban.
_PATIENCE = 10
# Requests that were on their way when the refusal was sent are nobody's fault (real seconds).
_ON_THE_WAY = 0.1


@dataclass(frozen=True)
class Refused:
    """Why a request is not answered: 429 or 418, for how long, and Binance's words."""

    status: int
    seconds: int
    message: str


class Limits:
    """What one address has used, and what it is refused. `limit` None = all is allowed."""

    def __init__(self, clock: Clock, limit: int | None = WEIGHT_LIMIT) -> None:
        self.limit = limit
        self.used = 0
        self.peak_weight = 0
        self.ban_violations = 0
        self.retry_violations = 0
        self.bans = 0
        self._clock = clock
        self._minute = -1
        self._ban_until = 0
        self._ban_length = 0
        self._retry_until = 0
        self._ignored = 0
        self._told = 0.0

    @property
    def stated(self) -> int:
        """The limit as exchangeInfo states it."""
        return UNLIMITED if self.limit is None else self.limit

    def admit(self, weight: int) -> Refused | None:
        """Count a request; return why it is refused, None where it is not."""
        now = self._clock.now()
        if now < self._ban_until:
            return self._banned(now)
        self._count(now, weight)
        if now < self._retry_until:
            return self._impatient(now)
        if self.limit is not None and self.used > self.limit:
            self.back_off((self._minute + 1) * MINUTE - now)
            return self._too_much(now)
        return None

    def back_off(self, ms: int) -> Refused:
        """Refuse every request for `ms` with 429; return the refusal."""
        now = self._clock.now()
        self._retry_until = now + ms
        self._ignored = 0
        self._told = time.monotonic()
        return self._too_much(now)

    def ban(self, ms: int) -> Refused:
        """Ban for `ms`; return the refusal."""
        now = self._clock.now()
        self.bans += 1
        self._ban_length = ms
        self._ban_until = now + ms
        self._told = time.monotonic()
        return self._way_too_much(now)

    def _count(self, now: int, weight: int) -> None:
        minute = now // MINUTE
        if minute != self._minute:
            self._minute, self.used = minute, 0
        self.used += weight
        self.peak_weight = max(self.peak_weight, self.used)

    def _banned(self, now: int) -> Refused:
        if time.monotonic() - self._told > _ON_THE_WAY:
            self.ban_violations += 1
            self._ban_until = max(self._ban_until, now + self._ban_length)
        return self._way_too_much(now)

    def _impatient(self, now: int) -> Refused:
        if time.monotonic() - self._told > _ON_THE_WAY:
            self.retry_violations += 1
            self._ignored += 1
        if self._ignored > _PATIENCE:
            return self.ban(min(_FIRST_BAN * 2**self.bans, _LONGEST_BAN))
        return self._too_much(now)

    def _too_much(self, now: int) -> Refused:
        words = (
            f"Too much request weight used; current limit is {self.stated} request weight per 1 "
            "MINUTE. Please use WebSocket Streams for live updates to avoid polling the API."
        )
        return Refused(429, _seconds(self._retry_until - now), words)

    def _way_too_much(self, now: int) -> Refused:
        words = (
            f"Way too much request weight used; IP banned until {self._ban_until}. "
            "Please use WebSocket Streams for live updates to avoid bans."
        )
        return Refused(418, _seconds(self._ban_until - now), words)


def _seconds(ms: int) -> int:
    return max(0, -(-ms // 1000))
