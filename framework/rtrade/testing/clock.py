"""The exchange's clock: real, faster than real, or moved by hand.

Everything that the stand-in does in time, bars that close, messages, limits, bans, goes by one
`Clock`, so that a month of bars can stream in seconds and a test never sleeps.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

Listener = Callable[[], None]


class Clock(Protocol):
    """What the stand-in asks of a clock; every method may be called from any thread."""

    def now(self) -> int:
        """Return the exchange's time in ms since 1970."""

    def seconds_until(self, moment: int) -> float | None:
        """Return how many real seconds it takes to `moment` (ms); None = it stands still."""

    def listen(self, listener: Listener) -> None:
        """Call `listener` when the clock is moved or set going, from the thread that does it."""


class _Heard:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Call `listener` whenever the clock is moved or set going."""
        with self._lock:
            self._listeners.append(listener)

    def _tell(self) -> None:
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            listener()


class VirtualClock(_Heard):
    """A clock that runs `speed` times as fast as the real one, from `start` (ms; None = now).

    `held` keeps it at its start until `release()`. A speed of 0 makes it stand still.
    """

    def __init__(self, start: int | None = None, speed: float = 1.0, *, held: bool = False) -> None:
        super().__init__()
        if not 0 <= speed < float("inf"):
            raise ValueError(f"a clock cannot run {speed} times as fast")
        self.speed = speed
        self._start = time.time_ns() // 1_000_000 if start is None else start
        self._begun = None if held else time.monotonic()

    @property
    def held(self) -> bool:
        """Whether the clock still waits for its release."""
        return self._begun is None

    def release(self) -> None:
        """Let a held clock run; a second call changes nothing."""
        if self._begun is None:
            self._begun = time.monotonic()
            self._tell()

    def now(self) -> int:
        """Return the exchange's time in ms since 1970."""
        if self._begun is None:
            return self._start
        return self._start + int((time.monotonic() - self._begun) * 1000 * self.speed)

    def seconds_until(self, moment: int) -> float | None:
        """Return how many real seconds it takes to `moment` (ms); None = it stands still."""
        if self._begun is None or not self.speed:
            return None
        return max(0.0, (moment - self.now()) / 1000 / self.speed)


class ManualClock(_Heard):
    """A clock that stands still until a test moves it; it may be moved back, as clocks are."""

    def __init__(self, start: int) -> None:
        super().__init__()
        self._now = start

    def now(self) -> int:
        """Return the exchange's time in ms since 1970."""
        return self._now

    def set(self, moment: int) -> None:
        """Set the clock to `moment` (ms)."""
        self._now = moment
        self._tell()

    def advance(self, ms: int) -> None:
        """Move the clock by `ms`; what lies between happens, in order."""
        self.set(self._now + ms)

    def seconds_until(self, moment: int) -> float | None:
        """Return 0 where `moment` (ms) has come, else None: nobody knows when it will."""
        return 0.0 if moment <= self._now else None
