"""What the stand-in knows: its clock, its markets, its limits, and what it was asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rtrade.testing.clock import Clock
from rtrade.testing.limits import Limits
from rtrade.testing.markets import Market, Rules


@dataclass(frozen=True)
class Request:
    """One request and how it was answered; `time` is the exchange's, `fault` what was done to it.

    `status` is 0 where the connection was dropped.
    """

    time: int
    method: str
    path: str
    params: Mapping[str, str]
    status: int
    weight: int
    fault: str | None = None


@dataclass
class State:
    """Shared by REST and streams; touched only by the server's thread once that runs."""

    clock: Clock
    markets: dict[str, Market]
    rules: Rules
    limits: Limits
    requests: list[Request] = field(default_factory=list)
