"""Explain a strategy: resolved values with their origin, the rules in words, the data needed."""

from __future__ import annotations

from pathlib import Path

from rtrade.catalog.installed import registry
from rtrade.config.overrides import Overrides
from rtrade.plan.explain import Explanation, explain
from rtrade.workflow.compiling import compile_strategy


def explain_strategy(path: Path, overrides: Overrides) -> Explanation:
    """Compile a strategy file and explain its plan; raise InvalidInput where it is wrong."""
    compiled = compile_strategy(path, overrides)
    return explain(compiled.plan, compiled.definition, registry())
