"""A raw WebSocket client, and a small recording."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp

from rtrade.testing import FakeExchange

PATIENCE = 30.0


class Listener:
    """One connection; everything that comes is waited for, never slept for."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws

    async def tell(self, method: str, *params: Any, number: Any = 1) -> Any:
        """Send a request and return its answer; nothing else may come before it."""
        await self.ws.send_json({"method": method, "params": list(params), "id": number})
        return await self.next()

    async def next(self) -> Any:
        return json.loads(await self.raw())

    async def raw(self) -> str:
        message = await self.frame()
        assert message.type is aiohttp.WSMsgType.TEXT, message
        text: str = message.data
        return text

    async def frame(self) -> aiohttp.WSMessage:
        return await asyncio.wait_for(self.ws.receive(), PATIENCE)

    async def take(self, count: int) -> list[Any]:
        return [await self.next() for _ in range(count)]


def listen(
    exchange: FakeExchange, path: str, talk: Callable[[Listener], Awaitable[None]], **more: Any
) -> None:
    """Connect, and talk."""

    async def connected() -> None:
        address = exchange.url + path
        async with aiohttp.ClientSession() as session, session.ws_connect(address, **more) as ws:
            await talk(Listener(ws))

    asyncio.run(connected())


def record(path: Path, *, seconds: int = 20) -> dict[str, Any]:
    """Write a recording of one market: three trades a second, diffs that chain, tickers.

    Returns what is in it: ids of trades, the last book, the time of the first and last message.
    """
    start = 1_720_000_000_000
    lines: list[str] = []
    bids, asks = {"100.00": "1.0"}, {"100.10": "1.0"}
    book_id, trade_id = 500, 9000
    snapshot: dict[str, Any] | None = None

    def note(stream: str, data: dict[str, Any]) -> None:
        # The recorder's clock is behind, as clocks are.
        received = (data.get("E", start) - 1270) * 1_000_000 + len(lines)
        document = json.dumps({"stream": stream, "data": data}, separators=(",", ":"))
        lines.append(f"{received} {document}")

    for step in range(seconds * 10):
        time = start + step * 100
        price = f"{100 + step % 7 / 100:.2f}"
        bids[price] = f"{step + 1}.0"
        gone = f"{100 + (step + 3) % 7 / 100:.2f}"
        change = [[price, bids[price]]] + ([[gone, "0.0"]] if gone in bids else [])
        bids.pop(gone, None)
        note(
            "xyzusdt@depth@100ms",
            {"e": "depthUpdate", "E": time, "s": "XYZUSDT", "U": book_id + 1, "u": book_id + 3,
             "b": change, "a": []},
        )  # fmt: skip
        book_id += 3
        if step == 3:
            snapshot = {"lastUpdateId": book_id - 1, "bids": [list(one) for one in bids.items()],
                        "asks": [list(one) for one in asks.items()]}  # fmt: skip
            lines.append(f"{(time - 1270) * 1_000_000} {json.dumps(snapshot)}")
        for number in range(3 if step % 10 == 0 else 0):
            note(
                "xyzusdt@trade",
                {"e": "trade", "E": time + 1, "s": "XYZUSDT", "t": trade_id, "p": price,
                 "q": f"0.{number + 1}", "T": time, "m": number == 2, "M": True},
            )  # fmt: skip
            trade_id += 1
        best = {"b": price, "B": "1", "a": "100.10", "A": "1"}
        note("xyzusdt@bookTicker", {"u": book_id, "s": "XYZUSDT", **best})
    with gzip.open(path, "wt") as file:
        file.write("\n".join(lines))
    return {
        "trades": list(range(9000, trade_id)), "bids": bids, "book_id": book_id,
        "start": start, "end": start + seconds * 1000, "messages": lines,
    }  # fmt: skip
