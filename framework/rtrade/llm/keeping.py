"""Store replies while others are still awaited: soon, a few at a time, and none forgotten."""

from __future__ import annotations

import asyncio
import time

from rtrade.llm.cache import AnswerCache, Record
from rtrade.llm.replies import Request

# How long replies gather for one transaction. A process that is killed loses no more than these.
_GATHER = 0.05


class Keeper:
    """Writes replies in the background of one asking; `rest` writes what is left when it ends."""

    def __init__(self, cache: AnswerCache) -> None:
        self._cache = cache
        self._rows: list[tuple[Request, Record, int]] = []
        self._stopped = asyncio.Event()

    def add(self, request: Request, record: Record) -> None:
        """Take a reply that has just come."""
        if self._cache.keeps:
            self._rows.append((request, record, time.time_ns() // 1_000_000))

    async def run(self) -> None:
        """Write until `stop` is called. Raises StoreError where that fails."""
        while not self._stopped.is_set():
            try:
                async with asyncio.timeout(_GATHER):
                    await self._stopped.wait()
            except TimeoutError:
                pass
            rows, self._rows = self._rows, []
            if rows:
                await asyncio.to_thread(self._cache.keep, rows)

    def stop(self) -> None:
        """Let `run` write once more and return."""
        self._stopped.set()

    def rest(self) -> None:
        """Write what nobody has written yet, because the asking broke off."""
        rows, self._rows = self._rows, []
        self._cache.keep(rows)
