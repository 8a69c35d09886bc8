"""What an expression says of a model's answer: `analyst.action`, and what it is compared with."""

from __future__ import annotations

from rtrade.catalog.registry import Kind, Unit
from rtrade.config.llm_definitions import AnswerField, EnumField, IntegerField, TextField
from rtrade.plan.context import KINDS, Context
from rtrade.plan.names import did_you_mean, similar
from rtrade.plan.nodes import Answer, Const, Node, choices_of
from rtrade.plan.syntax import Expr, Member, Name, Operation


def answer(ctx: Context, expr: Member, base: Name) -> Node | None:
    """Return the node of a field of what a model answers, or None where there is no such."""
    fields = ctx.scope.answers[base.name]
    form = fields.get(expr.name)
    if form is None:
        advice = did_you_mean(similar(expr.name, fields)) or f"it answers {_listed(fields)}"
        ctx.error("RT111", f"`{base.name}` does not answer `{expr.name}`", expr.field, advice)
        return None
    if isinstance(form, TextField):
        message = f"`{base.name}.{expr.name}` is text for people: no rule can use it"
        advice = "ask for choices (`[buy, sell, hold]`) or for a number (`0..100`)"
        ctx.error("RT412", message, expr, advice)
        return None
    node = Answer(
        kind=Kind.ENUM if isinstance(form, EnumField) else Kind.NUMBER,
        unit=_unit(form),
        clock=ctx.graph.base,
        signal=base.name,
        field=expr.name,
        choices=form.values if isinstance(form, EnumField) else (),
        low=form.low if isinstance(form, IntegerField) else 0,
        high=form.high if isinstance(form, IntegerField) else 0,
        span=ctx.span(expr),
    )
    return ctx.graph.add(node)


def whole(ctx: Context, expr: Name) -> None:
    """Note that a field is missing after the name of a model."""
    fields = ctx.scope.answers[expr.name]
    usable = [name for name, form in fields.items() if not isinstance(form, TextField)]
    advice = f"say which: `{expr.name}.{usable[0]}`" if usable else "it answers text only"
    message = f"`{expr.name}` is what a model answers: {_listed(fields)}"
    ctx.error("RT112", message, expr, advice)


def unquoted(ctx: Context, expr: Operation) -> bool:
    """Note a choice that stands without its quotes; tell whether there is one."""
    for part, other in (expr.args, expr.args[::-1]):
        if not isinstance(part, Name) or not isinstance(other, Member):
            continue
        fields = ctx.scope.answers.get(other.base.name) if isinstance(other.base, Name) else None
        form = (fields or {}).get(other.name)
        if isinstance(form, EnumField) and part.name in form.values:
            message = f"`{part.name}` without quotes is a name, not a choice of {ctx.text(other)}"
            ctx.error("RT414", message, part, f"write `'{part.name}'`")
            return True
    return False


def comparable(ctx: Context, expr: Operation, left: Node, right: Node) -> bool:
    """Check a comparison of texts: a choice of a model with one that it has."""
    first, second = choices_of(left), choices_of(right)
    for part, node, choices in zip(expr.args, (left, right), (second, first), strict=True):
        if isinstance(node, Const) and choices and node.value not in choices:
            other = next(one for one in expr.args if one is not part)
            _no_choice(ctx, part, other, str(node.value), choices)
            return False
    if first and second and first != second:
        texts = " and ".join(ctx.text(part) for part in expr.args)
        message = f"{texts} have different choices"
        ctx.error("RT414", message, expr, "compare each with a text")
        return False
    return True


def mismatch(ctx: Context, expr: Operation, left: Node, right: Node) -> str | None:
    """Say what to write where a choice is compared with something that is no text."""
    for part, node, other in zip(expr.args, (left, right), (right, left), strict=True):
        choices = choices_of(node)
        if choices:
            return f"compare {ctx.text(part)} with one of {_quoted(choices)}"
        if isinstance(node, Answer) and other.kind == Kind.ENUM:
            return f"it is a whole number from {node.low} to {node.high}"
    return None


def describe(node: Node) -> str:
    """Say what kind of value a node is, a choice by its choices."""
    choices = choices_of(node)
    return f"one of {_quoted(choices)}" if choices else KINDS[node.kind]


def _no_choice(ctx: Context, part: Expr, other: Expr, value: str, choices: tuple[str, ...]) -> None:
    guess = similar(value, choices)
    advice = f"did you mean `'{guess}'`?" if guess else f"it is one of {_quoted(choices)}"
    ctx.error("RT414", f"{ctx.text(other)} is never {ctx.text(part)}", part, advice)


def _unit(form: AnswerField) -> Unit:
    """Return the unit of a number: those that go up to 100 are percentages."""
    percent = isinstance(form, IntegerField) and form.low >= 0 and form.high == 100
    return Unit.PERCENT if percent else Unit.NONE


def _listed(fields: dict[str, AnswerField]) -> str:
    return ", ".join(f"`{name}`" for name in fields)


def _quoted(choices: tuple[str, ...]) -> str:
    return ", ".join(f"`'{one}'`" for one in choices)
