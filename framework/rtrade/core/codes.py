"""Every finding code, declared once: what it means and what to do.

RT0xx config, RT1xx plan, RT2xx engine, RT3xx data, RT4xx LLM. A code is never reused.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """A finding code: its number, a short title, and the explanation shown to users."""

    code: str
    title: str
    doc: str


_CONFIG = (
    Code(
        "RT021", "unknown key", "A key that the schema does not know at this place. Often a typo."
    ),
)

_PLAN: tuple[Code, ...] = ()

_ENGINE = (
    Code(
        "RT201",
        "engine not there yet",
        "An engine that is planned and cannot be chosen so far. Every engine makes the same "
        "trades, so `backtrader` gives the result that it would give.",
    ),
    Code("RT202", "unknown engine", "A name given to `--engine` that no engine has."),
)

_DATA: tuple[Code, ...] = ()

CODES: dict[str, Code] = {entry.code: entry for entry in (*_CONFIG, *_PLAN, *_ENGINE, *_DATA)}
