"""Connections with nothing to do but wait for news: open streams that have sent what there was.

The loop of waitress asks every connection at every turn what it waits for, and a request takes
several turns. Streams by the dozen would make each request slower, so those that rest are watched
by the system, and are one entry of the loop together.
"""

from __future__ import annotations

import selectors
from typing import Any

from waitress import wasyncore


class Resting:
    """An entry of the loop that stands for all resting connections.

    `take` and `leave` are called from any thread, `read` between two turns of the loop. Where the
    system cannot watch connections together, all stay in the loop.
    """

    accepting = False
    _come = False

    def __init__(self, entries: dict[int, Any]) -> None:
        self._entries = entries
        self._channels: dict[int, Any] = {}
        self._selector = selectors.DefaultSelector()
        self._watches = hasattr(self._selector, "fileno")
        if self._watches:
            entries[self._selector.fileno()] = self

    def __len__(self) -> int:
        return len(self._channels)

    def take(self, channel: Any) -> None:
        """Have a connection rest, if it is in the loop."""
        with channel.outbuf_lock:
            number: int | None = channel.number
            if number is None or self._entries.get(number) != channel:
                return
            if channel.connected and self._watches:
                del self._entries[number]
                self._channels[number] = channel
                self._selector.register(number, selectors.EVENT_READ, channel)

    def leave(self, channel: Any) -> None:
        """Put a connection that rests back into the loop, unless it has ended."""
        with channel.outbuf_lock:
            number: int | None = channel.number
            if number is None or self._channels.get(number) != channel:
                return
            del self._channels[number]
            self._selector.unregister(number)
            if channel.connected:
                self._entries[number] = channel
                channel.server.pull_trigger()

    def read(self) -> None:
        """Have connections read what has come; most often, that their client has gone.

        A connection that goes to rest within a turn is still polled in it. Were it read before the
        turn is over, it would be read again, with nothing there, and be taken for a broken one; or
        whoever came next would be given the number of one that has ended, and be ended for it.
        """
        if not self._come:
            return
        self._come = False
        for key, _ in self._selector.select(0):
            channel = key.data
            wasyncore.read(channel)
            if not channel.readable():
                self.leave(channel)

    # What the loop asks of its entries

    def readable(self) -> bool:
        """Wait for whatever comes from a client."""
        return True

    def writable(self) -> bool:
        """Wait for no room to write: who has something to write does not rest."""
        return False

    def handle_read_event(self) -> None:
        """Take note that something has come, to be read after this turn."""
        self._come = True

    def close(self) -> None:
        """End all that rest."""
        self._watches = False
        for channel in list(self._channels.values()):
            channel.handle_close()
        self._selector.close()
