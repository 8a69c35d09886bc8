"""The clock and the sleep that waiting goes by, so that tests wait without waiting."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """`now` is a monotonic clock in seconds, `sleep` waits seconds on it."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


REAL = Pace()
