"""RT2xx: what an engine cannot do."""

from __future__ import annotations

from rtrade.core.codes.code import Code

CODES = (
    Code(
        "RT201",
        "engine not there yet",
        "An engine that is planned and cannot be chosen so far. Every engine makes the same "
        "trades, so `backtrader` gives the result that it would give.",
    ),
    Code("RT202", "unknown engine", "A name given to `--engine` that no engine has."),
)
