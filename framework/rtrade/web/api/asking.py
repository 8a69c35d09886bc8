"""Bodies that name a strategy, as what `workflow` is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rtrade.config.overrides import Overrides
from rtrade.core.timeframes import iso
from rtrade.execution.engines import DEFAULT_ENGINE
from rtrade.workflow.strategies import Asked


def asked_of(body: Mapping[str, Any]) -> Asked:
    """Return the strategy that a body of `STRATEGY_KEYS` asks for."""
    overrides = Overrides(
        sets=tuple(body.get("set", ())),
        source=body.get("source"),
        symbol=body.get("symbol"),
        start=_time(body.get("from")),
        end=_time(body.get("to")),
        last=body.get("last"),
    )
    engine = body.get("engine", DEFAULT_ENGINE)
    return Asked(body.get("strategy"), body.get("yaml"), overrides, engine)


def _time(moment: int | None) -> str | None:
    # JSON has one kind of number: 5.0 is a whole one too.
    return None if moment is None else iso(int(moment))
