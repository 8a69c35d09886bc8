"""Runs made again to be asked about their bars, a few of which are kept for the next question."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from rtrade.web.problems import Problem

if TYPE_CHECKING:
    from rtrade.analysis.why import Why
    from rtrade.workflow.why import Explainer

# Each holds the bars and the signals of its run.
_KEPT = 2
# Questions at a time: each takes a thread of the server while it waits.
_MOST = 4
# Seconds after which the bars are read again: the store may have others by then.
_FRESH = 120.0


@dataclass
class _Held:
    explainer: Explainer
    made: float
    lock: threading.Lock = field(default_factory=threading.Lock)


class Explainers:
    """Explains bars of runs; safe to use from any thread. One question of a run at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: OrderedDict[tuple[Path, int], _Held] = OrderedDict()
        self._room = threading.BoundedSemaphore(_MOST)

    def explain(self, result: Path, stamp: int, at: str) -> Why:
        """Return why the run of a result.json did what it did at a bar, as `workflow.why` does.

        `stamp` is the file's: a run that was replaced is another one. Raises Problem (503) where as
        many questions are being answered as may.
        """
        if not self._room.acquire(blocking=False):
            detail = f"{_MOST} bars are being explained, which is all there may be"
            raise Problem(503, "unavailable", detail, headers={"Retry-After": "1"})
        try:
            held = self._of(result.parent, stamp)
            with held.lock:
                return held.explainer.why(at)
        finally:
            self._room.release()

    def _of(self, folder: Path, stamp: int) -> _Held:
        from rtrade.workflow.markets import Fetching
        from rtrade.workflow.why import Explainer

        key = (folder, stamp)
        with self._lock:
            held = self._held.get(key)
            if held is None or monotonic() - held.made > _FRESH:
                held = self._held[key] = _Held(
                    # Whoever looks at a page has not asked for anything of an exchange.
                    Explainer(folder, Fetching(offline=True)),
                    monotonic(),
                )
            self._held.move_to_end(key)
            while len(self._held) > _KEPT:
                self._held.popitem(last=False)
            return held
