"""Which engines there are, and what each cannot do; asked before any data moves."""

from __future__ import annotations

import difflib

from rtrade.core.diagnostics import Diagnostic
from rtrade.plan.plan import Plan

DEFAULT_ENGINE = "backtrader"
ENGINES = (DEFAULT_ENGINE,)
# Named in the design and not there yet.
FUTURE_ENGINES = ("compiled",)


def unsupported(plan: Plan, engine: str = DEFAULT_ENGINE) -> list[Diagnostic]:
    """Return what `engine` cannot do of `plan`, by name; empty where it can run it."""
    if engine in FUTURE_ENGINES:
        return [
            Diagnostic(
                "RT201",
                f"the engine `{engine}` is not there yet, so it cannot run `{plan.name}`",
                help=f"run it with `--engine {DEFAULT_ENGINE}`: the trades will be the same",
            )
        ]
    if engine not in ENGINES:
        close = difflib.get_close_matches(engine, ENGINES + FUTURE_ENGINES, n=1)
        hint = f"did you mean `{close[0]}`?" if close else f"the engines are: {', '.join(ENGINES)}"
        return [Diagnostic("RT202", f"there is no engine `{engine}`", help=hint)]
    return []
