"""What keeps requests within bounds: pace, breaker, budget, and when to try again.

All of it belongs to one event loop; times are seconds of a clock that is passed in.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from rtrade.config.llm_definitions import BudgetDef, OnFailureDef

Clock = Callable[[], float]

_FIRST_WAIT = 0.5
_LONGEST_WAIT = 8.0


def retry_after(header: str | None, now: float) -> float | None:
    """Return the seconds that a Retry-After header asks for, at least 0.

    It is a number of seconds or an HTTP date, read against `now` (s since 1970). None for no
    header, and for one that says neither: then the waits of `backoff` apply.
    """
    text = (header or "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - now
        except (ValueError, TypeError, OverflowError):
            return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def backoff(attempt: int, key: str) -> float:
    """Return the seconds to wait after attempt 0, 1, ...: doubling, and spread over requests.

    The spread comes from the request's key, so that a run needs no random source.
    """
    longest = min(_FIRST_WAIT * 2.0 ** min(attempt, 16), _LONGEST_WAIT)
    share = int(key[:8], 16) / 0xFFFFFFFF
    return longest * (0.5 + 0.5 * share)


class Breaker:
    """Leaves an endpoint alone for a while after failures in a row; then lets one request try."""

    def __init__(self, settings: OnFailureDef, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._failures = 0
        self._open_until: float | None = None
        self._trying = False

    @property
    def tripped(self) -> bool:
        """Whether the last failures opened it."""
        return self._open_until is not None

    def allows(self) -> bool:
        """Whether a request may be sent; after the pause, one at a time until one succeeds."""
        if self._open_until is None:
            return True
        if self._clock() < self._open_until or self._trying:
            return False
        self._trying = True
        return True

    def succeeded(self) -> None:
        """Note a reply."""
        self._failures, self._open_until, self._trying = 0, None, False

    def failed(self) -> None:
        """Note a request that no attempt got a reply to."""
        self._failures += 1
        self._trying = False
        if self._failures >= self._settings.breaker:
            self._open_until = self._clock() + self._settings.pause / 1000

    def withdrew(self) -> None:
        """Note a request that was never sent."""
        self._trying = False


@dataclass
class Pace:
    """At most `rate` requests a minute, evenly spaced; and none while the endpoint asks to wait."""

    rate: float | None
    clock: Clock
    _next: float = field(default=-math.inf, init=False)
    _not_before: float = field(default=-math.inf, init=False)

    def take(self) -> float:
        """Take the next place in the row; return the seconds until it."""
        if self.rate is None:
            return 0.0
        now = self.clock()
        at = max(self._next, now)
        self._next = at + 60.0 / self.rate
        return at - now

    def hold(self, seconds: float) -> None:
        """Let nothing be sent for so long: the endpoint has asked to wait, and means everybody."""
        self._not_before = max(self._not_before, self.clock() + seconds)

    def held(self) -> float:
        """Return the seconds for which nothing may be sent, at least 0."""
        return max(self._not_before - self.clock(), 0.0)


class Budget:
    """What one execution may still spend. Once something does not fit, nothing is sent any more.

    That keeps decisions in order: it is the last ones that go without an answer.
    """

    def __init__(self, limits: BudgetDef) -> None:
        self._limits = limits
        self.calls = self.tokens = 0
        self.usd = 0.0
        self.exhausted = ""

    def take(self, tokens: int, usd: float) -> bool:
        """Set aside one call and what it may cost; return False where that is too much."""
        if not self.exhausted:
            self.exhausted = self._beyond(tokens, usd)
        if self.exhausted:
            return False
        self.calls, self.tokens, self.usd = self.calls + 1, self.tokens + tokens, self.usd + usd
        return True

    def settle(self, set_aside: tuple[int, float], spent: tuple[int, float]) -> None:
        """Replace what was set aside for a call by what it cost."""
        self.tokens += spent[0] - set_aside[0]
        self.usd += spent[1] - set_aside[1]

    def _beyond(self, tokens: int, usd: float) -> str:
        limits = self._limits
        if limits.calls is not None and self.calls + 1 > limits.calls:
            return f"the budget of {limits.calls:,} calls is spent"
        if limits.tokens is not None and self.tokens + tokens > limits.tokens:
            return f"the budget of {limits.tokens:,} tokens is spent"
        if limits.usd is not None and self.usd + usd > limits.usd:
            return f"the budget of {limits.usd:g} USD is spent"
        return ""
