"""Connections of the server: what cuts off clients that are too slow, and how errors are told.

waitress waits for a client as long as single bytes keep coming. Here a request has to be there
whole within `_WHOLE` seconds of its first byte, and an answer has to be taken up, a bit at least
every `SILENT` seconds. A connection that ends with an answer is closed when the client has ended
it too, or after `_HEARD` seconds.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from time import time
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, WSGITask
from waitress.utilities import BadRequest

from rtrade.web.problems import MEDIA_TYPE, Problem
from rtrade.web.resting import Resting

# Seconds.
_WHOLE = 20.0
SILENT = 30
_HEARD = 5.0

# In the environment of a request: `Channel.when_gone` of its connection.
WHEN_GONE = "rtrade.when_gone"

_KINDS = {
    400: ("bad-request", "the request is not HTTP that can be understood"),
    413: ("too-large", "the body is larger than is allowed"),
    431: ("too-large", "the headers are larger than is allowed"),
    501: ("bad-request", "the body is encoded in a way that is not known"),
}
_INTERNAL = ("internal", "an error that was not foreseen; this is a bug of rtrade")


class _Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress is untyped
    """Reads a request; what is none has an empty path, which is logged should its client go."""

    path = ""


class _ErrorTask(ErrorTask):  # type: ignore[misc]  # waitress is untyped
    """Answers what never was a request, as a problem document like all others."""

    def execute(self) -> None:
        """Write the answer; the connection ends with it."""
        status = self.request.error.code
        kind, detail = _KINDS.get(status, _INTERNAL)
        document = {**Problem(status, kind, detail).document(), "instance": ""}
        body = json.dumps(document).encode()
        self.status = f"{status} {document['title']}"
        self.response_headers += [
            ("Content-Type", MEDIA_TYPE),
            ("Cache-Control", "no-store"),
            ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class _Task(WSGITask):  # type: ignore[misc]  # waitress is untyped
    """Answers a request, which can ask to be told when its client goes."""

    def get_environment(self) -> dict[str, Any]:
        """Return the environment of the request."""
        return {**super().get_environment(), WHEN_GONE: self.channel.when_gone}


class Channel(HTTPChannel):  # type: ignore[misc]  # waitress is untyped
    """A connection that knows since when a request has been coming in, and tells when it ends."""

    task_class = _Task
    error_task_class = _ErrorTask
    parser_class = _Parser
    request: Any
    _began: float | None = None
    _said: float | None = None
    _tell: Callable[[], None] | None = None

    def received(self, data: bytes) -> Any:
        """Take what came from the client."""
        try:
            done = super().received(data)
        except ValueError:
            # Of an address that is none: waitress would drop the connection without a word.
            done = self._refuse()
        if self.request is None:
            self._began = None
        elif self._began is None:
            self._began = time()
        return done

    def service(self) -> None:
        """Answer a request; while the server stops, it is the last one of its connection."""
        if self.server.stopping:
            self.requests[0].headers["CONNECTION"] = "close"
        super().service()
        self._tell = None
        self.server.resting.leave(self)

    def when_gone(self, tell: Callable[[], None]) -> None:
        """Have `tell` called should the client go before its answer ends, which is a stream."""
        with self.outbuf_lock:
            if self.connected:
                self._tell = tell
                return
        tell()

    def readable(self) -> bool:
        """Tell whether to wait for what comes from the client."""
        return self._said is not None or bool(super().readable())

    def writable(self) -> bool:
        """Tell whether to wait for room to write, or to end the connection."""
        return self._said is None and bool(super().writable())

    def handle_close(self) -> None:
        """End the connection; after a last answer, leave it to the client for a while."""
        if self.will_close and self._said is None and self._says_the_last():
            self._said = time()
            return
        super().handle_close()
        with self.outbuf_lock:
            tell, self._tell = self._tell, None
        if tell is not None:
            tell()

    def write_soon(self, data: Any) -> Any:
        """Take a part of an answer for the client."""
        if not self.total_outbufs_len:
            # Its silence begins here: how long the answer took to make is not the client's doing.
            self.last_activity = time()
        taken = super().write_soon(data)
        if self._tell is not None:
            resting = self.server.resting
            (resting.leave if self.total_outbufs_len else resting.take)(self)
        return taken

    def del_channel(self, map: Any = None) -> None:
        """Take the connection out of the loop."""
        self.server.resting.leave(self)
        super().del_channel(map)

    def _says_the_last(self) -> bool:
        """Tell the client that nothing more comes; False where it is not to be waited for.

        Were the connection closed while there is something of the client's that nobody has read,
        such as the rest of a body that is too large, the system would reset it, and the client
        might never see its answer.
        """
        if not self.connected or self.total_outbufs_len or self.server.stopping:
            return False
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            return False
        return True

    def _refuse(self) -> bool:
        wrong = self.parser_class(self.adj)
        wrong.error = BadRequest("")
        with self.requests_lock:
            self.request = None
            self.requests.append(wrong)
            if len(self.requests) == 1:
                self.server.add_task(self)
        return True

    @property
    def number(self) -> int | None:
        """The number that the system knows the connection by; None once it has ended."""
        return self._fileno  # type: ignore[no-any-return]  # waitress is untyped

    @property
    def busy(self) -> bool:
        """Whether a request is coming in or being answered."""
        return bool(self.requests or self.total_outbufs_len or self.request is not None)

    def is_late(self, now: float) -> bool:
        """Tell whether the client has been too slow for too long; `now` in seconds."""
        if self._said is not None:
            return now - self._said > _HEARD
        if self._began is not None and not self.requests:
            return now - self._began > _WHOLE
        return bool(self.total_outbufs_len) and now - self.last_activity > SILENT


class Listener(TcpWSGIServer):  # type: ignore[misc]  # waitress is untyped
    """The listening socket and its connections."""

    channel_class = Channel
    stopping = False
    _due: float | None = None

    def __init__(self, app: Any, entries: dict[int, Any], **named: Any) -> None:
        self.resting = Resting(entries)
        super().__init__(app, entries, **named)

    def maintenance(self, now: float) -> None:
        """Have connections that are idle end, and those that are too slow be looked for."""
        super().maintenance(now)
        self._due = now

    def cut_off(self) -> None:
        """End connections that are too slow, now and then; called between two turns of the loop.

        Within a turn, the number of a connection just ended would stand in what is polled, and
        whoever came next would be given it, and be taken for the one that has ended.
        """
        now, self._due = self._due, None
        for channel in list(self.active_channels.values()) if now is not None else []:
            if channel.is_late(now):
                # Whoever waits to write to it is woken, and told that the client has gone.
                channel.handle_close()

    def refuse(self) -> None:
        """Stop listening; the connections stay until what they asked for is answered."""
        self.accepting, self.stopping = False, True
        self.del_channel()
        self.socket.close()

    def is_busy(self) -> bool:
        """Tell whether an answer is still to be given, and let go of connections that wait."""
        for channel in list(self.active_channels.values()):
            if not channel.busy:
                channel.handle_close()
        return bool(self.active_channels)
