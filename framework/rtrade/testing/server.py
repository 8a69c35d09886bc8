"""The server: aiohttp on loopback, in a thread of its own."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from rtrade.core.errors import WorldError
from rtrade.testing.answers import Answer
from rtrade.testing.faults import Fault, Script
from rtrade.testing.frames import FRAMES
from rtrade.testing.lies import Lies, Page
from rtrade.testing.misbehaving import misanswer, send
from rtrade.testing.rest import answer, klines_page
from rtrade.testing.sockets import Sockets
from rtrade.testing.state import Request, State

if TYPE_CHECKING:
    from aiohttp import web

HOST = "127.0.0.1"
_REFUSED = (418, 429)
# Real seconds that connections get to end by themselves.
_PATIENCE = 0.5

Tell = Callable[[str], None]


class Server:
    """Serves a `State` from `start()` to `stop()`; `port` 0 takes any free one.

    `tell` hears a line about every fault.
    """

    def __init__(
        self, state: State, script: Script | None = None, port: int = 0, tell: Tell | None = None
    ) -> None:
        self.state = state
        self.script = script
        self.port = port
        self.sockets: Sockets | None = None
        self._tell = tell
        self._lies = Lies()
        self._thread = threading.Thread(target=self._run, name="fake-exchange", daemon=True)
        self._ready = threading.Event()
        self._fault: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    def start(self) -> None:
        """Listen; raise WorldError where the port cannot be had."""
        self._thread.start()
        self._ready.wait()
        fault, self._fault = self._fault, None
        if isinstance(fault, OSError):
            reason = os.strerror(fault.errno) if fault.errno else str(fault)
            message = f"cannot listen on {HOST}:{self.port}: {reason}"
            raise WorldError(message, hint="`--port 0` takes any free port") from fault
        if fault is not None:
            raise fault

    def stop(self) -> None:
        """Close all connections and the port; a second call changes nothing.

        Raises what ended the server before, where something did.
        """
        self.stop_soon()
        self.wait()

    def stop_soon(self) -> None:
        """Ask the server to end, from any thread or from a signal."""
        if self._stop is not None:
            self.call(self._stop.set)

    def wait(self) -> None:
        """Wait until the server has ended; raise what ended it, where that was no `stop()`."""
        if self._thread.ident is not None:
            self._thread.join()
        fault, self._fault = self._fault, None
        if fault is not None:
            raise fault

    def call(self, function: Callable[[], None]) -> None:
        """Have the server's thread call a function, soon; after its end, never."""
        if self._loop is None:
            return
        try:
            self._loop.call_soon_threadsafe(function)
        except RuntimeError:
            # The loop has closed: there is nothing left to do it with.
            return

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as fault:  # noqa: BLE001  the thread that called start() raises it
            self._fault = fault
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        from aiohttp import web

        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self.sockets = Sockets(self.state, self.script, self.say)
        server = web.Server(self._handle, access_log=None)
        listener = await self._loop.create_server(server, HOST, self.port)
        self.port = listener.sockets[0].getsockname()[1]
        self.state.clock.listen(self._wake)
        running: list[asyncio.Task[object]] = [
            asyncio.create_task(self.sockets.pump.run()),
            asyncio.create_task(self.sockets.ping()),
        ]
        running.append(asyncio.create_task(self._stop.wait()))
        self._ready.set()
        try:
            # Streams that fail end the server: one that is silently half-dead helps nobody.
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in running:
                task.cancel()
            listener.close()
            await self.sockets.close()
            # Connections that wait for a next request end at once; only answers are waited for.
            server.pre_shutdown()
            await server.shutdown(_PATIENCE)

    def _wake(self) -> None:
        if self.sockets is not None:
            self.call(self.sockets.pump.wake)

    def say(self, line: str) -> None:
        """Tell whoever listens about a fault."""
        if self._tell is not None:
            self._tell(line)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            assert self.sockets is not None
            return await self.sockets.serve(request)
        query = dict(request.query)
        self.state.settle()
        now = self.state.clock.now()
        key = request.headers.get("X-MBX-APIKEY")
        true = answer(self.state, request.method, request.path, query, key)
        fault, sent = None, true
        if self.script is not None and true.status not in _REFUSED:
            fault, sent = self._choose(self.script, request.path, query, true, now)
            self.script.took(fault)
        name = None if fault is None else fault.kind
        if name is not None:
            self.say(f"request {self.state.asked + 1}, {request.path_qs}: {name}")
        self.state.note(
            Request(now, request.method, request.path, query, sent.status, true.weight, name)
        )
        return await send(request, sent, fault)

    def _choose(
        self, script: Script, path: str, query: dict[str, str], true: Answer, now: int
    ) -> tuple[Fault | None, Answer]:
        """Return the first fault on offer that can happen here, and what is sent then."""
        page = self._page(path, query, true, now)
        for fault in script.at_request(path):
            if fault.family == "answer":
                sent = misanswer(fault, true, self.state.limits)
                if page is not None and fault.kind == "slow":
                    self._lies.told(page)
                return fault, sent
            lie = None if page is None else self._lies.tell(page, fault, script.seed)
            if lie is not None and page is not None:
                self._lies.told(page)
                return fault, Answer(true.status, lie, true.headers, true.kind, true.weight)
        if page is not None:
            self._lies.told(page)
        return None, true

    def _page(self, path: str, query: dict[str, str], true: Answer, now: int) -> Page | None:
        """Return what lies can be told about: a true page of klines."""
        if path != "/api/v3/klines" or true.status != 200 or query["interval"] not in FRAMES:
            return None
        return klines_page(self.state, query, true.body, now)
