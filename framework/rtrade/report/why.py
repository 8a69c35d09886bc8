"""Why a run did what it did at a bar, for readers: a line, text, JSON, and a part of a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from rtrade.analysis.why import Condition, RuleWhy, Why
from rtrade.report import why_words as words
from rtrade.report.templates import fill
from rtrade.report.why_context import WhyContext, WhyModel, WhyPart, WhyTree
from rtrade.report.why_summary import effect, summary
from rtrade.report.why_view import part_of

__all__ = ["as_html", "as_text", "document", "part_of", "summary"]

TEMPLATE = "parts/why.html.j2"


def document(why: Why) -> dict[str, Any]:
    """Return the explanation as JSON-able data; `schemas/why.schema.json` describes it."""
    return {"summary": summary(why), **_plain(why, why)}


def _plain(value: Any, why: Why) -> Any:
    """Return a value as JSON has it; rules and conditions come with their sentences."""
    if isinstance(value, tuple):
        return [_plain(one, why) for one in value]
    if isinstance(value, Mapping):
        return dict(value)
    if not is_dataclass(value):
        return value
    found = {one.name: _plain(getattr(value, one.name), why) for one in fields(value)}
    if isinstance(value, RuleWhy):
        found["sentence"] = effect(value, why)
    elif isinstance(value, Condition):
        found["sentence"] = words.sentence(value)
    return found


def as_text(why: Why) -> str:
    """Return the explanation as plain text for a terminal."""
    return "\n".join(_lines(part_of(why)))


def _lines(part: WhyPart) -> Iterator[str]:
    if part.differs:
        yield f"NOT THE SAME RUN: {part.run_id} does not come out again as it was:"
        yield from (f"  {line}" for line in part.differs)
        yield "what follows is of the run as it comes out now"
        yield ""
    yield part.summary
    yield ""
    yield f"{part.run_id}: {part.head}"
    yield f"  {part.candle}"
    for rule in part.rules:
        yield ""
        yield f"{rule.name} is {rule.state}. {rule.effect}"
        yield from _branch(rule.tree, 1)
    for section in part.sections:
        yield ""
        yield section.title
        yield from (f"  {line}" for line in section.lines)
    for model in part.models:
        yield ""
        yield f"Model: {model.signal}"
        yield from (f"  {line}" for line in _spoken(model))


def _branch(tree: WhyTree, depth: int) -> Iterator[str]:
    mark = ">" if tree.decides else " "
    said = f": {tree.sentence}" if tree.sentence else ""
    yield f"{mark} {tree.state:<7}{'  ' * depth}{tree.text}{said}"
    if tree.meanings:
        yield f"{' ' * 9}{'  ' * (depth + 1)}where {tree.meanings}"
    for part in tree.parts:
        yield from _branch(part, depth + 1)


def _spoken(model: WhyModel) -> Iterator[str]:
    yield model.sentence
    if model.answer:
        yield f"answer: {model.answer}"
    for number, vote in enumerate(model.votes, start=1):
        several = f" {number}" if len(model.votes) > 1 else ""
        yield from _quoted(f"prompt{several}", vote.prompt)
        for text in vote.rejected:
            yield from _quoted(f"reply{several}, asked for again", text)
        yield from _quoted(f"reply{several}", vote.reply)
        if vote.why:
            yield f"no answer: {vote.why}"


def _quoted(title: str, text: str | None) -> Iterator[str]:
    yield f"{title}:" if text is not None else f"{title}: none came"
    yield from (f"  | {line}" for line in (text or "").splitlines())


def as_html(why: Why) -> str:
    """Return the explanation as a fragment of a page; raise WorldError without its template."""
    return fill(TEMPLATE, WhyContext(part_of(why)))
