"""The names that a prompt may use: the context of `contexts`, as its templates know it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

SCALARS = ("symbol", "timeframe", "time", "open", "high", "low", "close", "volume")
STATS = ("change", "high", "low", "rising", "volatility", "volume_ratio")
SERIES = ("symbol", "timeframe", "time", "open", "high", "low", "close", "volume", "bars")
POSITION = ("side", "entry_price", "bars", "return")
PORTFOLIO = ("equity", "cash", "return", "drawdown", "trades")


def known_names(signals: Iterable[str], others: Iterable[str]) -> dict[str, Any]:
    """Return what a template may use: each name, with the attributes it has (None: a value)."""
    return {
        **dict.fromkeys(SCALARS),
        "bars": None,
        "stats": STATS,
        "signals": tuple(signals),
        "position": POSITION,
        "portfolio": PORTFOLIO,
        **dict.fromkeys(others, SERIES),
    }
