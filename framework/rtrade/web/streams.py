"""Server-sent events: bounded queues, a cap on open streams, heartbeats, an end when asked.

A thread of the server is taken by each open stream. There are `most` at a time; one more is
answered 503. What a client is too slow to take does not pile up: its stream ends with the event
`overrun`, and it comes back with Last-Event-ID.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic
from types import TracebackType
from typing import Self

from flask import Response, request

from rtrade.web.channels import WHEN_GONE
from rtrade.web.problems import Problem

# Seconds after which a silent stream says that it lives; proxies cut at 60 and more.
HEARTBEAT = 15.0
# Milliseconds after which a browser that lost its stream asks again.
_RETRY = 2000
_CAPACITY = 1000
_OVERRUN = "too slow: ask again with Last-Event-ID, and go on after it"


@dataclass(frozen=True)
class Event:
    """One event: its data, a line or several; its name; the id that resumes after it."""

    data: str
    name: str | None = None
    id: str | None = None

    def encode(self) -> bytes:
        """Return the event as it is sent."""
        lines = []
        if self.id is not None:
            lines.append(f"id: {self.id}")
        if self.name is not None:
            lines.append(f"event: {self.name}")
        lines += [f"data: {line}" for line in self.data.splitlines() or [""]]
        return ("\n".join(lines) + "\n\n").encode(errors="backslashreplace")


class Subscription:
    """What one client is to be sent. `put` and `end` are called from any thread."""

    def __init__(self, capacity: int = _CAPACITY) -> None:
        self._capacity = capacity
        self._changed = threading.Condition()
        self._waiting: OrderedDict[object, Event] = OrderedDict()
        self._ended = False

    def put(self, event: Event, *, replaces: str | None = None) -> None:
        """Send an event; one not yet sent that `replaces` the same name is dropped for it."""
        with self._changed:
            if self._ended:
                return
            if replaces is not None:
                self._waiting.pop(replaces, None)
            elif len(self._waiting) >= self._capacity:
                self._waiting.clear()
                event, self._ended = Event(_OVERRUN, "overrun"), True
            self._waiting[object() if replaces is None else replaces] = event
            self._changed.notify()

    def end(self) -> None:
        """Have the stream end once what waits is sent."""
        with self._changed:
            self._ended = True
            self._changed.notify()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def ended(self) -> bool:
        """Whether nothing more is to be sent."""
        with self._changed:
            return self._ended and not self._waiting

    def take(self, patience: float) -> Event | None:
        """Return the next event, waiting for it; None: there was none in `patience` seconds, or
        this is the end.
        """
        with self._changed:
            if not self._waiting and not self._ended:
                self._changed.wait(patience)
            if self._waiting:
                return self._waiting.popitem(last=False)[1]
            return None


class Streams:
    """The open streams of a server, at most `most` at a time."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._open: set[Subscription] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._open)

    def reply(self, subscription: Subscription, leave: Callable[[], None]) -> Response:
        """Return the answer that sends `subscription`; `leave` is called once it has ended.

        Raises Problem (503) where there are as many streams as may be, or the server stops.
        """
        with self._lock:
            full, closed = len(self._open) >= self.most, self._closed
            if not full and not closed:
                self._open.add(subscription)
        if full or closed:
            leave()
            what = f"{self.most} streams are open, which is all there may be"
            detail = "the server is stopping" if closed else what
            raise Problem(503, "unavailable", detail, headers={"Retry-After": "5"})
        response = Response(_Sending(self, subscription, leave), mimetype="text/event-stream")
        response.headers["Cache-Control"] = "no-store"
        # nginx gathers answers before it passes them on, unless told not to.
        response.headers["X-Accel-Buffering"] = "no"
        return response

    def leave(self, subscription: Subscription) -> None:
        """Forget a stream that has ended."""
        with self._lock:
            self._open.discard(subscription)

    def close(self) -> None:
        """End all streams, and open none any more."""
        with self._lock:
            self._closed = True
            found = list(self._open)
        for subscription in found:
            subscription.end()


class _Sending:
    """The bytes of a stream; closed by the server whenever and however it ends."""

    def __init__(
        self, streams: Streams, subscription: Subscription, leave: Callable[[], None]
    ) -> None:
        self._streams = streams
        self._subscription = subscription
        self._leave: Callable[[], None] | None = leave
        self._events = self._bytes()
        # `rtrade serve` tells when the client goes; other servers notice when they write.
        when_gone = request.environ.get(WHEN_GONE)
        if when_gone is not None:
            when_gone(subscription.end)

    def __iter__(self) -> Iterator[bytes]:
        return self._events

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _bytes(self) -> Iterator[bytes]:
        yield f"retry: {_RETRY}\n\n".encode()
        told = monotonic()
        while not self._subscription.ended:
            event = self._subscription.take(told + HEARTBEAT - monotonic())
            if event is not None:
                yield event.encode()
            elif monotonic() - told >= HEARTBEAT:
                yield b": still here\n\n"
            else:
                continue
            told = monotonic()

    def close(self) -> None:
        """Give the stream's place to another."""
        leave, self._leave = self._leave, None
        if leave is not None:
            self._subscription.end()
            self._streams.leave(self._subscription)
            leave()
