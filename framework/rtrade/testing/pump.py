"""What makes streams flow: it waits for the clock, takes what is due, and hands it to sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from rtrade.testing.clock import VirtualClock
from rtrade.testing.state import State
from rtrade.testing.streams import Key, Stream, open_stream

# Messages handed on before others on the loop get their turn.
_BURST = 100

Deliver = Callable[[str, bytes], None]


class Pump:
    """All streams that somebody listens to, in the order of time.

    The slowest socket sets the pace: `crowded` tells whether one has to catch up first.
    """

    def __init__(self, state: State, deliver: Deliver, crowded: Callable[[], bool]) -> None:
        self._state = state
        self._deliver = deliver
        self._crowded = crowded
        self._streams: dict[str, Stream] = {}
        self._listeners: dict[str, int] = {}
        self._woken = asyncio.Event()

    def add(self, name: str) -> None:
        """Count one more listener of a stream; the first opens it."""
        self._listeners[name] = self._listeners.get(name, 0) + 1
        if name not in self._streams:
            stream = open_stream(name, self._state.markets, self._state.clock.now())
            if stream is not None:
                self._streams[name] = stream
        self._release()
        self.wake()

    def remove(self, name: str) -> None:
        """Count one listener less; the last closes the stream."""
        self._listeners[name] -= 1
        if not self._listeners[name]:
            del self._listeners[name]
            self._streams.pop(name, None)

    def wake(self) -> None:
        """Look again: the clock was moved, or there is a new stream."""
        self._woken.set()

    @property
    def listeners(self) -> int:
        """How many subscriptions there are."""
        return sum(self._listeners.values())

    async def run(self) -> None:
        """Hand on what is due, for ever."""
        while True:
            self._woken.clear()
            await self._hand_on()
            soonest = self._soonest()
            wait = None if soonest is None else self._state.clock.seconds_until(soonest[0][0])
            try:
                await asyncio.wait_for(self._woken.wait(), wait)
            except TimeoutError:
                continue

    async def _hand_on(self) -> None:
        """Take messages up to the clock's time, in order."""
        handed = 0
        while (found := self._soonest()) is not None:
            (time, _), name, stream = found
            if time > self._state.clock.now():
                return
            for data in stream.take():
                self._deliver(name, data)
                handed += 1
            if handed >= _BURST:
                handed = 0
                await asyncio.sleep(0)
            while self._crowded():
                await asyncio.sleep(0.001)

    def _soonest(self) -> tuple[Key, str, Stream] | None:
        due = [(key, name, stream) for name, stream in self._streams.items()
               if (key := stream.due()) is not None]  # fmt: skip
        return min(due, key=lambda one: one[0]) if due else None

    def _release(self) -> None:
        clock = self._state.clock
        enough = self.listeners >= self._state.wait_for_streams
        if enough and isinstance(clock, VirtualClock):
            clock.release()
