"""Runs made again to be looked at, a few of which are kept for the next question."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Generic, TypeVar

from rtrade.web.problems import Problem

if TYPE_CHECKING:
    from rtrade.report.drawn import Drawn
    from rtrade.workflow.why import Explainer

T = TypeVar("T")
R = TypeVar("R")

# Each holds the bars and the signals of its run.
_KEPT = 2
# Questions at a time: each takes a thread of the server while it waits.
_MOST = 4
# Seconds after which the bars are read again: the store may have others by then.
_FRESH = 120.0


@dataclass
class _Held(Generic[T]):
    since: float
    found: T | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class Reruns(Generic[T]):
    """Asks runs what `make` makes of their folders; safe to use from any thread.

    One question of a run at a time.
    """

    def __init__(self, make: Callable[[Path], T]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._held: OrderedDict[tuple[Path, int], _Held[T]] = OrderedDict()
        self._room = threading.BoundedSemaphore(_MOST)

    def ask(self, result: Path, stamp: int, question: Callable[[T], R]) -> R:
        """Return what a question is answered of the run of a result.json.

        `stamp` is the file's: a run that was replaced is another one. Raises what `make` and the
        question raise, and Problem (503) where as many questions are being answered as may.
        """
        if not self._room.acquire(blocking=False):
            detail = f"{_MOST} runs are being looked at again, which is all there may be"
            raise Problem(503, "unavailable", detail, headers={"Retry-After": "1"})
        try:
            held = self._of(result.parent, stamp)
            with held.lock:
                if held.found is None:
                    held.found = self._make(result.parent)
                return question(held.found)
        finally:
            self._room.release()

    def _of(self, folder: Path, stamp: int) -> _Held[T]:
        key = (folder, stamp)
        with self._lock:
            held = self._held.get(key)
            if held is None or monotonic() - held.since > _FRESH:
                held = self._held[key] = _Held(monotonic())
            self._held.move_to_end(key)
            while len(self._held) > _KEPT:
                self._held.popitem(last=False)
            return held


# Whoever looks at a page has not asked for anything of an exchange.


def explainer(folder: Path) -> Explainer:
    """Return what explains the bars of a run."""
    from rtrade.workflow.markets import Fetching
    from rtrade.workflow.why import Explainer

    return Explainer(folder, Fetching(offline=True))


def drawn(folder: Path) -> Drawn:
    """Return all that the charts of a run draw."""
    from rtrade.workflow.markets import Fetching
    from rtrade.workflow.reporting import charted

    return charted(folder, Fetching(offline=True))
