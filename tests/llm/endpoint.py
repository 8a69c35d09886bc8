"""An endpoint on loopback that does what a script says, byte by byte: right, wrong, or nothing.

A plain socket server rather than a framework: faults such as half a header, a body that stops, a
connection that is cut, cannot be said in terms of a framework.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

GOOD = {"action": "buy", "confidence": 70, "reason": "the trend is up"}


class Call:
    """One request as it came in, and the connection to answer it on."""

    def __init__(self, head: bytes, body: bytes, writer: asyncio.StreamWriter) -> None:
        self.head, self.body, self.writer = head, body, writer

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def path(self) -> str:
        return self.head.split(b" ", 2)[1].decode()

    def header(self, name: str) -> str | None:
        for line in self.head.decode("latin-1").split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name.lower():
                return value.strip()
        return None


Step = Callable[[Call], Awaitable[None]]


def http(
    body: bytes,
    status: int = 200,
    headers: Sequence[tuple[str, str]] = (),
    kind: str = "application/json",
    length: int | None = None,
) -> bytes:
    """Return a response as bytes; `length` may lie."""
    size = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status} X", f"Content-Type: {kind}", f"Content-Length: {size}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def completion(
    content: Any = None, *, finish: Any = "stop", usage: Any = (50, 12), **message: Any
) -> bytes:
    """Return the body of a completion; content that is no text is written as JSON."""
    text = content if isinstance(content, str) or content is None else json.dumps(content)
    document = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "stand-in",
        "choices": [
            {
                "index": 0,
                "finish_reason": finish,
                "message": {"role": "assistant", "content": text, **message},
            }
        ],
        "usage": {
            "prompt_tokens": usage[0],
            "completion_tokens": usage[1],
            "total_tokens": sum(usage),
        }
        if isinstance(usage, tuple)
        else usage,
    }
    return json.dumps(document).encode()


def says(content: Any = None, **options: Any) -> Step:
    """Answer with a completion."""
    return sends(http(completion(GOOD if content is None else content, **options)))


def sends(*parts: bytes, close: bool = False) -> Step:
    """Answer with raw bytes; then keep the connection, or close it."""

    async def step(call: Call) -> None:
        for part in parts:
            call.writer.write(part)
            await call.writer.drain()
        if close:
            call.writer.close()

    return step


def refuses(
    status: int, message: str = "no", headers: Sequence[tuple[str, str]] = (), **error: Any
) -> Step:
    """Answer with a status and an error of the OpenAI form."""
    body = json.dumps({"error": {"message": message, "type": "error", **error}}).encode()
    return sends(http(body, status, headers))


async def hangs(call: Call) -> None:
    """Never answer."""
    await asyncio.Event().wait()


def stalls(*parts: bytes) -> Step:
    """Begin an answer and never end it."""

    async def step(call: Call) -> None:
        await sends(*parts)(call)
        await hangs(call)

    return step


async def resets(call: Call) -> None:
    """Cut the connection with a reset."""
    call.writer.transport.abort()


def echoes(call: Call) -> bytes:
    """Return the key that the request came with."""
    return (call.header("authorization") or "").removeprefix("Bearer ").encode()


class StandIn:
    """A server in a thread of its own. `script` says what to do with the n-th request, the last
    step with all further ones. A context manager.
    """

    def __init__(self, *script: Step, delay: float = 0.0) -> None:
        self.script = list(script) or [says()]
        self.calls: list[Call] = []
        self.delay = delay
        self.most_at_once = 0
        self._at_once = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> StandIn:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        assert not self._thread.is_alive()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._main())
        self._loop.close()

    async def _main(self) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=2**20)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while not writer.is_closing():
                await self._one(reader, writer)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass  # the client or the test has ended it
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        call = Call(head, b"", writer)
        call.body = await reader.readexactly(int(call.header("content-length") or 0))
        step = self.script[min(len(self.calls), len(self.script) - 1)]
        self.calls.append(call)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            if self.delay:
                await asyncio.sleep(self.delay)
            await step(call)
        finally:
            self._at_once -= 1
