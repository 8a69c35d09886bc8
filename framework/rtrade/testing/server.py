"""The server: aiohttp on loopback, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rtrade.core.errors import WorldError
from rtrade.testing.limits import Refused
from rtrade.testing.parameters import Parameters
from rtrade.testing.refusals import Refusal
from rtrade.testing.rest import ENDPOINTS, dump
from rtrade.testing.state import Request, State

if TYPE_CHECKING:
    from aiohttp import web

HOST = "127.0.0.1"
_JSON = "application/json;charset=UTF-8"
_NOT_FOUND = b"<html><body><h2>404 Not found</h2></body></html>"


@dataclass(frozen=True)
class Answer:
    """What is sent back: status, body, further headers; `weight` is what the request cost."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = _JSON
    weight: int = 0


def answer(state: State, method: str, path: str, query: dict[str, str], key: str | None) -> Answer:
    """Return the true answer to a request, limits included."""
    endpoint = ENDPOINTS.get(path)
    weight = endpoint.weight(query) if endpoint is not None else 1
    refused = state.limits.admit(weight)
    headers = _weight_headers(state)
    if refused is not None:
        return refusal(refused, headers, weight)
    try:
        if endpoint is None or method != "GET":
            return _unknown(path, key, headers, weight)
        return Answer(200, endpoint.serve(state, Parameters(query)), headers, weight=weight)
    except Refusal as fault:
        body = dump({"code": fault.code, "msg": fault.message})
        return Answer(fault.status, body, headers, weight=weight)


def refusal(refused: Refused, headers: dict[str, str], weight: int) -> Answer:
    """Return the answer to a request over the limit, or from a banned address."""
    body = dump({"code": -1003, "msg": refused.message})
    return Answer(
        refused.status, body, {**headers, "Retry-After": str(refused.seconds)}, weight=weight
    )


def _weight_headers(state: State) -> dict[str, str]:
    used = str(state.limits.used)
    return {"X-MBX-USED-WEIGHT": used, "X-MBX-USED-WEIGHT-1M": used}


def _unknown(path: str, key: str | None, headers: dict[str, str], weight: int) -> Answer:
    """Refuse signed endpoints as Binance does for a key that it does not know; else 404."""
    if not path.startswith(("/api/v3/", "/sapi/", "/fapi/")):
        return Answer(404, _NOT_FOUND, headers, "text/html", weight)
    if key is None:
        body = dump({"code": -2014, "msg": "API-key format invalid."})
    else:
        body = dump({"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."})
    return Answer(401, body, headers, weight=weight)


class Server:
    """Serves a `State` from `start()` to `stop()`; `port` 0 takes any free one."""

    def __init__(self, state: State, port: int = 0) -> None:
        self.state = state
        self.port = port
        self._thread = threading.Thread(target=self._run, name="fake-exchange", daemon=True)
        self._ready = threading.Event()
        self._fault: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    def start(self) -> None:
        """Listen; raise WorldError where the port cannot be had."""
        self._thread.start()
        self._ready.wait()
        if isinstance(self._fault, OSError):
            message = f"cannot listen on {HOST}:{self.port}: {self._fault.strerror}"
            raise WorldError(message, hint="`--port 0` takes any free port") from self._fault
        if self._fault is not None:
            raise self._fault

    def stop(self) -> None:
        """Close all connections and the port."""
        if self._loop is not None and self._stop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()

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
        server = web.Server(self._handle, access_log=None)
        listener = await self._loop.create_server(server, HOST, self.port)
        self.port = listener.sockets[0].getsockname()[1]
        self._ready.set()
        try:
            await self._stop.wait()
        finally:
            listener.close()
            await server.shutdown(0.5)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        from aiohttp import web

        query = dict(request.query)
        key = request.headers.get("X-MBX-APIKEY")
        time = self.state.clock.now()
        found = answer(self.state, request.method, request.path, query, key)
        self.state.requests.append(
            Request(time, request.method, request.path, query, found.status, found.weight)
        )
        headers = {"Content-Type": found.kind, **found.headers}
        return web.Response(status=found.status, body=found.body, headers=headers)
