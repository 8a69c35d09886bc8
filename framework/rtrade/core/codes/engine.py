"""RT2xx: what an engine cannot do."""

from __future__ import annotations

from rtrade.core.codes.code import Code

CODES = (
    Code(
        "RT201",
        "engine cannot run this",
        "Something in the strategy that an engine cannot do. `compiled` is given the whole run "
        "before it starts, so it cannot ask a model in mid-run, as a prompt that sees the position "
        "or the account has to be asked; `--verify` needs both engines. Both make the same trades, "
        "so `backtrader` gives the result that `compiled` would give.",
    ),
    Code("RT202", "unknown engine", "A name given to `--engine` that no engine has."),
)
