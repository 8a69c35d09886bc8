"""What endpoints have in common: how they are declared, JSON, symbols, the answer itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rtrade.testing.limits import Refused
from rtrade.testing.markets import Market
from rtrade.testing.parameters import Parameters
from rtrade.testing.refusals import Refusal, invalid_symbol
from rtrade.testing.state import State

MAX_ROWS = 1000
JSON_KIND = "application/json;charset=UTF-8"

Weigh = Callable[[Mapping[str, str]], int]


@dataclass(frozen=True)
class Endpoint:
    """How a path is answered, and what a request weighs by its parameters."""

    serve: Callable[[State, Parameters], bytes]
    weight: Weigh


@dataclass(frozen=True)
class Answer:
    """What is sent back: status, body, further headers; `weight` is what the request cost."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = JSON_KIND
    weight: int = 0


def dump(document: Any) -> bytes:
    """Return JSON as Binance writes it, without spaces."""
    return json.dumps(document, separators=(",", ":")).encode()


def constant(weight: int) -> Weigh:
    """Return the weight of an endpoint that always weighs the same."""
    return lambda _: weight


def market_of(state: State, name: str) -> Market:
    """Return the market called `name`; raise Binance's refusal where there is none."""
    market = state.markets.get(name)
    if market is None:
        raise invalid_symbol()
    return market


def error(fault: Refusal, headers: dict[str, str], weight: int) -> Answer:
    """Return Binance's error body."""
    body = dump({"code": fault.code, "msg": fault.message})
    return Answer(fault.status, body, headers, weight=weight)


def too_much(refused: Refused, headers: dict[str, str], weight: int) -> Answer:
    """Return the answer to a request over the limit, or from a banned address."""
    body = dump({"code": -1003, "msg": refused.message})
    after = {"Retry-After": str(refused.seconds)}
    return Answer(refused.status, body, {**headers, **after}, weight=weight)
