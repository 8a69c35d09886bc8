"""WebSocket connections: subscriptions, acknowledgements, and a writer for each socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from rtrade.testing.faults import Fault, Script
from rtrade.testing.misbehaving import torn_frame
from rtrade.testing.pump import Pump
from rtrade.testing.state import Request, State, StreamFault

if TYPE_CHECKING:
    from aiohttp import web

MAX_STREAMS = 1024
# Real seconds between pings, and until a socket that does not answer is closed.
_PING, _PONG = 20.0, 60.0
# Messages that may wait for one socket before the streams wait for it.
_WAITING = 2000
_GOING_AWAY = 1001


class Socket:
    """One connection: what it has subscribed to, and what waits to be sent."""

    def __init__(self, number: int, path: str, ws: web.WebSocketResponse, request: Any) -> None:
        self.number = number
        self.path = path
        self.ws = ws
        self.request = request
        self.combined = path.rstrip("/") == "/stream"
        self.streams: dict[str, None] = {}
        self.queue: asyncio.Queue[tuple[str | None, bytes]] = asyncio.Queue()
        self.silent = False
        self.heard = asyncio.get_running_loop().time()
        # A message that has to wait for the next one.
        self.held_back: bytes | None = None

    @property
    def transport(self) -> asyncio.WriteTransport | None:
        """The connection below, for what WebSockets cannot do."""
        found: asyncio.WriteTransport | None = self.request.transport
        return found

    async def send(self, data: bytes) -> None:
        """Send a message, and after it the one that was held back."""
        await self.ws.send_str(data.decode())
        held, self.held_back = self.held_back, None
        if held is not None:
            await self.ws.send_str(held.decode())

    def put(self, name: str | None, data: bytes) -> None:
        """Queue a message of stream `name`; None = an answer."""
        if name is not None and self.combined:
            data = b'{"stream":"' + name.encode() + b'","data":' + data + b"}"
        self.queue.put_nowait((name, data))


class Sockets:
    """All connections of a server."""

    def __init__(
        self, state: State, script: Script | None = None, say: Callable[[str], None] | None = None
    ) -> None:
        self._state = state
        self._script = script
        self._say = say
        self._open: dict[int, Socket] = {}
        self._count = 0
        self.pump = Pump(state, self._deliver, self._crowded)

    @property
    def subscriptions(self) -> int:
        """How many subscriptions there are, over all sockets."""
        return self.pump.listeners

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Accept a connection and stay with it until it ends."""
        from aiohttp import web

        ws = web.WebSocketResponse(autoping=False, compress=False)
        self._count += 1
        socket = Socket(self._count, request.path, ws, request)
        self._note(socket)
        self._open[socket.number] = socket
        # Before the client hears that it is connected: nothing that comes then may be missed.
        self._subscribe(socket, _named_in(request))
        writer: asyncio.Task[None] | None = None
        try:
            await ws.prepare(request)
            writer = asyncio.create_task(self._write(socket))
            async for message in ws:
                socket.heard = asyncio.get_running_loop().time()
                if socket.silent:
                    continue
                if message.type is web.WSMsgType.TEXT:
                    self._obey(socket, message.data)
                elif message.type is web.WSMsgType.PING:
                    await ws.pong(message.data)
        finally:
            if writer is not None:
                writer.cancel()
            del self._open[socket.number]
            for name in socket.streams:
                self.pump.remove(name)
        return ws

    async def close(self) -> None:
        """Say goodbye to all."""
        closing = [one.ws.close(code=_GOING_AWAY) for one in self._open.values()]
        tasks = [asyncio.ensure_future(one) for one in closing]
        if tasks:
            # A client that does not answer is not waited for.
            await asyncio.wait(tasks, timeout=0.2)

    async def ping(self, seconds: float = _PING) -> None:
        """Ping every socket now and then; close those that have not been heard for long."""
        while True:
            await asyncio.sleep(seconds)
            now = asyncio.get_running_loop().time()
            for socket in list(self._open.values()):
                if now - socket.heard > _PONG and socket.transport is not None:
                    socket.transport.close()
                elif socket.ws.prepared and not (socket.silent or socket.ws.closed):
                    await socket.ws.ping(str(self._state.clock.now()).encode())

    def announce_shutdown(self) -> None:
        """Send every socket the event that says: this server goes away soon."""
        for socket in self._open.values():
            socket.put(None, _shutdown_event(self._state.clock.now()))

    def _note(self, socket: Socket) -> None:
        query = dict(socket.request.query)
        now = self._state.clock.now()
        self._state.note(Request(now, "WS", socket.path, query, 101, 0))

    def _deliver(self, name: str, data: bytes) -> None:
        for socket in self._open.values():
            if name in socket.streams:
                socket.put(name, data)

    def _crowded(self) -> bool:
        return any(socket.queue.qsize() > _WAITING for socket in self._open.values())

    async def _write(self, socket: Socket) -> None:
        while True:
            name, data = await socket.queue.get()
            if socket.silent or socket.ws.closed:
                continue
            fault = self._fault(socket, name)
            try:
                if fault is None:
                    await socket.send(data)
                else:
                    await misbehave(socket, fault, data, self._state.clock.now())
            except ConnectionError:
                # The other side has gone; the reader sees it too and cleans up.
                socket.silent = True

    def _fault(self, socket: Socket, name: str | None) -> Fault | None:
        if self._script is None or name is None:
            return None
        fault = next(self._script.at_message(socket.number, name), None)
        if fault is not None:
            fault.happened += 1
            self._state.stream_faults.append(StreamFault(socket.number, name, fault.kind))
            if self._say is not None:
                self._say(f"socket {socket.number}, {name}: {fault.kind}")
        return fault

    def _subscribe(self, socket: Socket, names: Iterable[str]) -> None:
        for name in names:
            if name not in socket.streams:
                socket.streams[name] = None
                self.pump.add(name)

    def _unsubscribe(self, socket: Socket, names: Iterable[str]) -> None:
        for name in names:
            if name in socket.streams:
                del socket.streams[name]
                self.pump.remove(name)

    def _obey(self, socket: Socket, text: str) -> None:
        """Do what a message asks for, and answer it."""
        try:
            asked = json.loads(text)
        except ValueError:
            return _refuse(socket, None, 3, "Invalid JSON: expected value")
        if not isinstance(asked, dict):
            return _refuse(socket, None, 2, "Invalid request: request must be an object")
        number = asked.get("id")
        if socket.path.startswith("/ws-api"):
            return _refuse_private(socket, number)
        method, params = asked.get("method"), asked.get("params", [])
        if not isinstance(params, list):
            return _refuse(socket, number, 2, "Invalid request: params must be an array")
        if method in ("SUBSCRIBE", "UNSUBSCRIBE"):
            return self._change(socket, number, method, params)
        if method == "LIST_SUBSCRIPTIONS":
            return _answer(socket, number, list(socket.streams))
        if method in ("SET_PROPERTY", "GET_PROPERTY") and params[:1] == ["combined"]:
            if method == "GET_PROPERTY":
                return _answer(socket, number, socket.combined)
            socket.combined = params[1:] == [True]
            return _answer(socket, number, None)
        return _refuse(socket, number, 2, f"Invalid request: unknown variant {method}")

    def _change(self, socket: Socket, number: Any, method: str, params: list[Any]) -> None:
        if not all(isinstance(name, str) for name in params):
            return _refuse(socket, number, 2, "Invalid request: params must be strings")
        if method == "UNSUBSCRIBE":
            self._unsubscribe(socket, params)
            return _answer(socket, number, None)
        if len({*socket.streams, *params}) > MAX_STREAMS:
            return _refuse(socket, number, 2, f"Too many subscriptions: at most {MAX_STREAMS}")
        # First the answer: what the streams bring comes after it.
        _answer(socket, number, None)
        return self._subscribe(socket, params)


def _named_in(request: web.BaseRequest) -> list[str]:
    """Return the streams that the address names: `/ws/a@trade/b@trade`, `/stream?streams=a/b`."""
    names = request.query.get("streams", "").split("/")
    names += request.path.split("/")
    return [name for name in names if "@" in name]


def _answer(socket: Socket, number: Any, result: Any) -> None:
    socket.put(None, json.dumps({"result": result, "id": number}).encode())


def _refuse(socket: Socket, number: Any, code: int, message: str) -> None:
    document = {"error": {"code": code, "msg": message}, "id": number}
    socket.put(None, json.dumps(document).encode())


def _refuse_private(socket: Socket, number: Any) -> None:
    """Refuse what needs a key: private streams and orders are not served."""
    error = {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}
    socket.put(None, json.dumps({"id": number, "status": 401, "error": error}).encode())


async def misbehave(socket: Socket, fault: Fault, data: bytes, now: int) -> None:
    """Do to a socket, or to the message that was to be sent, what the fault says."""
    kind = fault.kind
    if kind == "silence":
        socket.silent = True
    elif kind == "torn_frame" and socket.transport is not None:
        socket.silent = True
        socket.transport.write(torn_frame(data))
        socket.transport.close()
    elif kind in ("closed", "shutdown"):
        if kind == "shutdown":
            await socket.send(_shutdown_event(now))
        await socket.ws.close(code=fault["code"] if kind == "closed" else _GOING_AWAY)
    elif kind == "repeated_message":
        await socket.send(data)
        await socket.send(data)
    elif kind == "swapped_messages":
        socket.held_back = data
    elif kind == "malformed_message":
        await socket.send(data[: len(data) // 2])


def _shutdown_event(now: int) -> bytes:
    return json.dumps({"e": "serverShutdown", "E": now}).encode()
