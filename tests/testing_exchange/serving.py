"""Bars to serve, a raw client, and ccxt pointed at the stand-in."""

from __future__ import annotations

import http.client
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import numpy as np

from rtrade.core.bars import Bars
from rtrade.core.timeframes import Timeframe
from rtrade.testing import FakeExchange, ManualClock

START = 1_704_067_200_000  # 2024-01-01, a Monday
HOUR = 3_600_000
MINUTE = 60_000


def make_bars(
    opens: Sequence[int], timeframe: str = "1h", *, symbol: str = "BTC/USDT", seed: int = 1,
    still: Sequence[int] = (),
) -> Bars:  # fmt: skip
    """Bars that open at the given times; `still` are the positions of those without a volume."""
    dice = np.random.default_rng(seed)
    count = len(opens)
    steps = dice.integers(-5_000, 5_000, count)
    close = (4_000_000 + np.cumsum(steps)) / 100
    first = np.concatenate([[40_000.0], close[:-1]])
    top, bottom = np.maximum(first, close), np.minimum(first, close)
    volume = dice.integers(1, 10_000_000, count) / 100_000
    volume[list(still)] = 0.0
    return Bars(
        symbol,
        Timeframe.parse(timeframe),
        np.array(opens, dtype=np.int64),
        first,
        np.round(top + dice.integers(0, 3_000, count) / 100, 2),
        np.round(bottom - dice.integers(0, 3_000, count) / 100, 2),
        close,
        volume,
    )


def hourly(count: int, missing: Sequence[int] = (), **kwargs: Any) -> Bars:
    """Hourly bars from START on, without those at the positions `missing`."""
    gone = set(missing)
    return make_bars([START + at * HOUR for at in range(count) if at not in gone], **kwargs)


@dataclass(frozen=True)
class Response:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Raw:
    """A client without opinions: one connection, no retries."""

    def __init__(self, exchange: FakeExchange) -> None:
        self._address = exchange.url.removeprefix("http://")

    def get(self, path: str, headers: dict[str, str] | None = None, **params: Any) -> Response:
        query = f"?{urlencode(params)}" if params else ""
        return self.send("GET", f"{path}{query}", headers)

    def send(self, method: str, target: str, headers: dict[str, str] | None = None) -> Response:
        connection = http.client.HTTPConnection(self._address, timeout=30)
        try:
            connection.request(method, target, headers=headers or {})
            found = connection.getresponse()
            return Response(found.status, dict(found.headers), found.read())
        finally:
            connection.close()

    def klines(self, **params: Any) -> Any:
        asked = {"symbol": "BTCUSDT", "interval": "1h", **params}
        response = self.get("/api/v3/klines", **asked)
        assert response.status == 200, response.body
        return response.json


def at(moment: int) -> ManualClock:
    return ManualClock(moment)


def options(**more: Any) -> dict[str, Any]:
    """What ccxt's binance needs in order to ask for spot markets alone."""
    chosen = {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False, "fetchMargins": False}
    return {
        "options": {**chosen, "defaultType": "spot", **more.pop("options", {})},
        "enableRateLimit": False,
        **more,
    }


def point(client: Any, url: str) -> Any:
    """Turn every address of a ccxt client to the stand-in."""
    api = client.urls["api"]
    for key in list(api):
        if isinstance(api[key], str):
            host, _, path = api[key].partition("://")[2].partition("/")
            del host
            api[key] = f"{url}/{path}"
    socket = url.replace("http", "ws", 1)
    api["ws"] = {"spot": f"{socket}/stream/ws", "margin": f"{socket}/stream/ws",
                 "ws-api": {"spot": f"{socket}/ws-api/v3"}}  # fmt: skip
    return client
