"""Explain a strategy: resolved values with their origin, the rules in words, the data needed.

Or a code: of a finding in a file, or of a diagnosis of a result.
"""

from __future__ import annotations

from pathlib import Path

from rtrade.catalog.diagnoses import DIAGNOSES
from rtrade.catalog.installed import registry
from rtrade.config.overrides import Overrides
from rtrade.core.codes import CODES, Code
from rtrade.plan.explain import Explanation, explain
from rtrade.workflow.compiling import compile_strategy


def explain_strategy(path: Path, overrides: Overrides) -> Explanation:
    """Compile a strategy file and explain its plan; raise InvalidInput where it is wrong."""
    compiled = compile_strategy(path, overrides)
    return explain(compiled.plan, compiled.definition, registry())


def code_of(name: str) -> Code | None:
    """Return what a code stands for; None where there is no such code."""
    for one in DIAGNOSES:
        if one.code == name:
            return Code(one.code, one.title, f"{one.text}\n\nNext: {one.advice}")
    return CODES.get(name)
