"""Which engines there are, and what each cannot do; asked before any data moves."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from rtrade.core.diagnostics import Diagnostic
from rtrade.plan.plan import LlmPlan, Plan

if TYPE_CHECKING:
    from rtrade.core.bars import Bars
    from rtrade.core.results import RunResult
    from rtrade.execution.program import Program

DEFAULT_ENGINE = "backtrader"
COMPILED = "compiled"
ENGINES = (DEFAULT_ENGINE, COMPILED)
# The kernel of a single run, as numba names it.
_WALK = "walker.walk"

Engine: TypeAlias = "Callable[[Program, Bars], RunResult]"


def engine(name: str) -> Engine:
    """Return what runs a program over bars of the same length on the engine called `name`.

    The libraries that an engine needs are loaded by its first run.
    """
    if name == COMPILED:
        from rtrade.execution import compiled

        return compiled.run
    from rtrade.execution import bt

    return bt.run


def cold(name: str) -> bool:
    """Tell whether the kernel of a run on the engine has to be compiled first."""
    return name == COMPILED and kept_kernels(_WALK)[1] == 0


def kept_kernels(kernel: str = "*") -> tuple[Path, int]:
    """Return the folder of the kernels of this state of rtrade, and how many it has of a name."""
    from rtrade.execution.compiled.place import kernel_folder

    folder = kernel_folder()
    # numba keeps an index for each.
    return folder, sum(1 for _ in folder.rglob(f"{kernel}-*.nbi"))


def other_than(name: str) -> str:
    """Return the engine that a run on `name` is compared with."""
    return COMPILED if name == DEFAULT_ENGINE else DEFAULT_ENGINE


def unsupported(plan: Plan, engine: str = DEFAULT_ENGINE) -> list[Diagnostic]:
    """Return what `engine` cannot do of `plan`, by name; empty where it can run it."""
    if engine not in ENGINES:
        close = difflib.get_close_matches(engine, ENGINES, n=1)
        hint = f"did you mean `{close[0]}`?" if close else f"the engines are: {', '.join(ENGINES)}"
        return [Diagnostic("RT202", f"there is no engine `{engine}`", help=hint)]
    if engine == DEFAULT_ENGINE:
        return []
    return [_asks_within(llm, engine) for llm in plan.llm.values() if llm.uses_state]


def _asks_within(llm: LlmPlan, engine: str) -> Diagnostic:
    signal, prompts = llm.definition, (llm.definition.prompt, *llm.definition.vote.prompts)
    prompt = next(
        text for text, template in zip(prompts, llm.templates, strict=True) if template.in_run
    )
    return Diagnostic(
        "RT201",
        f"the engine `{engine}` cannot ask in mid-run: the prompt `{prompt.text}` of the signal "
        f"`{signal.name}` sees the position or the account",
        prompt.span(),
        help=f"run it with `--engine {DEFAULT_ENGINE}` and without `--verify`, or leave "
        "`position` and `portfolio` out of the prompt",
    )
