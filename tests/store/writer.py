"""Processes that fill a range window by window, for tests that kill them or their server.

They are forked from a server that has imported everything, so that one costs milliseconds.
"""

from __future__ import annotations

import multiprocessing
import os
import random
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from rtrade.store.opening import open_store
from store.cases import KEY, rows, span

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Work:
    """What a writer does: windows of the range, in order or shuffled, so many times over."""

    url: str
    folder: Path
    first: int
    stop: int
    window: int
    rounds: int = 1
    seed: int | None = None


class Writer:
    """A process that does some work, and says each window after it was committed."""

    def __init__(self, work: Work) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["store.writer", "rtrade.store.store", "psycopg"])
        before = os.environ.get("PYTHONPATH", "")
        os.environ["PYTHONPATH"] = os.pathsep.join(map(str, (ROOT / "framework", ROOT / "tests")))
        self._said, theirs = context.Pipe(duplex=False)
        self.process: BaseProcess = context.Process(target=_write, args=(work, theirs))
        try:
            self.process.start()
        finally:
            os.environ["PYTHONPATH"] = before
        theirs.close()

    def wait_for_window(self) -> int | None:
        """Return the next window that is committed, None where the writer has ended."""
        try:
            said: int = self._said.recv()
        except EOFError:
            return None
        return said

    def kill(self) -> list[int]:
        """End it by SIGKILL; return the windows it said that were not yet waited for."""
        self.process.kill()
        return self.rest()

    def rest(self) -> list[int]:
        """Wait for its end; return the windows it said that were not yet waited for."""
        said = []
        while (window := self.wait_for_window()) is not None:
            said.append(window)
        self.process.join()
        self._said.close()
        return said


def _write(work: Work, said: Connection) -> None:
    order = list(range(work.first, work.stop, work.window))
    if work.seed is not None:
        random.Random(work.seed).shuffle(order)
    with open_store(work.url, work.folder, patience=60.0) as store:
        for _ in range(work.rounds):
            for at in order:
                end = min(at + work.window, work.stop)
                store.write_bars(KEY, [span(at, end)], rows(at, end))
                said.send(at)
