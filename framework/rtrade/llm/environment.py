"""The Jinja environment of prompts: immutable sandbox, strict, with nothing that varies by itself.

Nothing of a template is computed while it is compiled (a constant such as `'a' * 10 ** 9` would
be), so that parsing one is safe in any process. Rendering one is not: see `rendering`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import StrictUndefined, nodes
from jinja2.compiler import CodeGenerator
from jinja2.sandbox import ImmutableSandboxedEnvironment

from rtrade.llm.filters import BUILT_IN, OWN

if TYPE_CHECKING:
    from jinja2.compiler import Frame

# `lipsum` is random, and cyclers and joiners keep a state of their own.
GLOBALS = ("range", "namespace")


class UnfoldedCode(CodeGenerator):
    """Code in which nothing is computed in advance."""

    def _output_child_to_const(self, node: nodes.Expr, frame: Frame, finalize: Any) -> str:
        del node, frame, finalize
        raise nodes.Impossible


class PromptEnvironment(ImmutableSandboxedEnvironment):
    """The sandbox that prompts are rendered in: plain values, no other files, no repetition."""

    code_generator_class = UnfoldedCode
    intercepted_binops = frozenset({"*", "**", "+", "-", "/", "//", "%"})

    def __init__(self) -> None:
        super().__init__(
            undefined=StrictUndefined,
            autoescape=False,
            optimized=False,
            trim_blocks=True,
            lstrip_blocks=True,
            cache_size=0,
        )
        self.filters = {name: self.filters[name] for name in BUILT_IN} | OWN
        self.globals = {name: self.globals[name] for name in GLOBALS}

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Do arithmetic on numbers; text and lists may only be added up."""
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        if not numbers and (operator != "+" or left is None or right is None):
            raise TypeError(f"`{operator}` takes numbers, not {_kind(left)} and {_kind(right)}")
        if operator == "**":
            # Of whole numbers it could take hours, or all memory.
            return float(left) ** float(right)
        return super().call_binop(context, operator, left, right)


def _kind(value: Any) -> str:
    if value is None:
        return "none"
    names = {str: "text", bool: "a condition", list: "a list", dict: "named values"}
    return names.get(type(value), "a number")
