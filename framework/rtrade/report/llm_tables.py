"""The decisions of models as rows of a table; what a model said is shown, and never acts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from markupsafe import escape

from rtrade.analysis.llm_decisions import Clamp, DecisionRecord, VoteRecord
from rtrade.analysis.llm_outcomes import Outcome
from rtrade.analysis.llm_study import Asked, LlmStudy
from rtrade.core.bars import IntArray
from rtrade.core.timeframes import iso
from rtrade.report.columns import flags, times
from rtrade.report.context import DecisionRow, DecisionTable, Said
from rtrade.report.formatting import NARROW, UNDEFINED, Form, moment, show
from rtrade.report.plain import plain
from rtrade.report.words import counted

ROWS = 500
# Bytes of the page that prompts and raw answers may take, and the reasons in the rows.
TEXT = 300_000
REASONS = 250_000
MARKS = 5_000
LIMITS = 3
MOVED, ABSTAINED, INVALID, LIMITED = 1, 2, 4, 8
_ABSTAINED = "abstained"


def decision_table(study: LlmStudy, trades: Sequence[Mapping[str, Any]]) -> DecisionTable:
    """Return the decisions as rows; `trades` are those of the result document."""
    chosen = listed(study)
    asked = {one.signal: one for one in study.asked}
    main = {name: _main(study, one) for name, one in asked.items()}
    answers = tuple(
        dict.fromkeys(
            text for one in study.decisions if (text := _choice(one, main[one.signal])) is not None
        )
    )
    rows, left, silent, longest = [], TEXT, 0, REASONS // max(1, len(chosen))
    for at in chosen.tolist():
        one = study.decisions[at]
        said = _said(one)
        size = _size(said)
        silent += size > left
        shown = said if size <= left else ()
        left -= size if size <= left else 0
        row = _row(at, study, asked[one.signal], main[one.signal], answers, trades, shown)
        rows.append(replace(row, reason=_shortened(row.reason, longest)))
    cut = _cut(len(rows), len(study.decisions), silent)
    return DecisionTable(
        rows=tuple(rows),
        answers=tuple(map(plain, answers)),
        several=len(asked) > 1,
        sure=any(judge.confidence for judge in study.judges.values()),
        reasons=any(row.reason for row in rows),
        then=_then(study),
        cut=cut,
    )


def _then(study: LlmStudy) -> str:
    parts = []
    if any(judge.horizon is None for judge in study.judges.values()):
        parts.append("to the open on which the next one does")
    over = sorted({judge.horizon for judge in study.judges.values() if judge.horizon is not None})
    parts += [f"over {counted(bars, 'bar')} where it was asked on a condition" for bars in over]
    return ", or ".join(parts)


def listed(study: LlmStudy) -> IntArray:
    """Choose the decisions of the table: all, or those that moved the position and the first."""
    count = len(study.decisions)
    if count <= ROWS:
        return np.arange(count, dtype=np.int64)
    moved = [at for at, one in enumerate(study.found) if one.entered or one.left][:ROWS]
    rest = [at for at in range(count) if at not in set(moved)][: ROWS - len(moved)]
    return np.array(sorted(moved + rest), dtype=np.int64)


def _cut(shown: int, count: int, silent: int) -> str:
    parts = []
    if shown < count:
        parts.append(
            f"{show(shown, Form.COUNT)} of {show(count, Form.COUNT)} decisions: those that moved "
            "the position, and the first of the others."
        )
    if silent:
        parts.append(
            f"Prompts and raw answers of {show(silent, Form.COUNT)} of them are too much for one "
            "page."
        )
    return " ".join(parts)


def _main(study: LlmStudy, asked: Asked) -> str | None:
    """Return the field that is shown first: the choice that points, else the first one."""
    return study.judges[asked.signal].field or next(iter(asked.choices), None)


def _choice(one: DecisionRecord, field: str | None) -> str | None:
    if one.values is None or field is None or field not in one.values:
        return None
    return str(one.values[field])


def _row(
    at: int,
    study: LlmStudy,
    asked: Asked,
    main: str | None,
    answers: tuple[str, ...],
    trades: Sequence[Mapping[str, Any]],
    said: tuple[Said, ...],
) -> DecisionRow:
    one, outcome = study.decisions[at], study.found[at]
    judge = study.judges[one.signal]
    choice = _choice(one, main)
    sure = None if one.values is None or not judge.confidence else one.values[judge.confidence]
    told = {None: "", True: "right", False: "wrong"}[outcome.right]
    return DecisionRow(
        number=at + 1,
        time=moment(iso(one.time)),
        seconds=one.time // 1000,
        signal=one.signal,
        answer=_ABSTAINED if one.abstained else plain(choice or UNDEFINED),
        group=-1 if choice is None else answers.index(choice),
        flags=_flags(one, outcome),
        sure=UNDEFINED if sure is None else str(sure),
        rest=_rest(one, asked, {main, judge.confidence}),
        reason=plain(one.why if one.values is None else _texts(one, asked)),
        did=did(outcome, trades),
        after=show(outcome.moved, Form.PERCENT, signed=True),
        tone={"": "", "right": "good", "wrong": "bad"}[told],
        verdict=told,
        limits=_limits(one.clamps),
        said=said,
    )


def _flags(one: DecisionRecord, outcome: Outcome) -> int:
    return (
        MOVED * bool(outcome.entered or outcome.left)
        + ABSTAINED * one.abstained
        + INVALID * bool(one.invalid)
        + LIMITED * bool(one.clamps)
    )


def _rest(one: DecisionRecord, asked: Asked, shown: set[str | None]) -> str:
    values = one.values or {}
    parts = [
        f"{name}: {values[name]}"
        for name in asked.fields
        if name in values
        and name not in shown
        and (name in asked.choices or isinstance(values[name], int))
    ]
    return plain(", ".join(parts))


def _texts(one: DecisionRecord, asked: Asked) -> str:
    values = one.values or {}
    parts = [
        str(values[name])
        for name in asked.fields
        if name in values and name not in asked.choices and isinstance(values[name], str)
    ]
    return "\n".join(part for part in parts if part)


def did(outcome: Outcome, trades: Sequence[Mapping[str, Any]]) -> str:
    """Say what became of the position while a decision was the last one."""
    parts = []
    for number in sorted({*outcome.left, *outcome.entered}):
        side = trades[number - 1]["side"]
        if number not in outcome.entered:
            parts.append(f"closed trade {number}")
        elif number in outcome.left:
            parts.append(f"{side} and out again, trade {number}")
        else:
            parts.append(f"opened {side}, trade {number}")
    if parts:
        return "; ".join(parts)
    if outcome.held is None:
        return "nothing, the run ended"
    return {1: "stayed long", -1: "stayed short", 0: "stayed out"}[outcome.held]


def _limits(clamps: Sequence[Clamp]) -> tuple[str, ...]:
    """Return the limits in words; of many, which refused one close after another, the first."""
    texts = [_limit(clamp) for clamp in clamps[:LIMITS]]
    if len(clamps) > LIMITS:
        texts.append(f"the same kind {show(len(clamps) - LIMITS, Form.COUNT)} times more")
    return tuple(texts)


def _limit(clamp: Clamp) -> str:
    before, after = (show(value, Form.SIZE) for value in (clamp.before, clamp.after))
    return f"{clamp.by.replace('_', ' ')}: {before} to {after}"


def _size(said: tuple[Said, ...]) -> int:
    """Return how many bytes of the page the texts of a decision take."""
    texts = [text for one in said for text in (one.prompt, one.raw, *one.rejected, *one.notes)]
    return sum(map(_bytes, texts))


def _bytes(text: str) -> int:
    return len(str(escape(text)).encode("utf-8", "replace"))


def _shortened(text: str, longest: int) -> str:
    """Cut a text that takes more than `longest` bytes of the page."""
    if _bytes(text) <= longest:
        return text
    # No character takes more than five bytes, written as an entity.
    return f"{text[: longest // 5]}…"


def _said(one: DecisionRecord) -> tuple[Said, ...]:
    found = []
    for place, vote in enumerate(one.votes):
        same = place > 0 and vote.prompt == one.votes[place - 1].prompt
        found.append(
            Said(
                title=f"Answer {place + 1} of {len(one.votes)}" if len(one.votes) > 1 else "",
                prompt="" if same else plain(vote.prompt),
                raw=plain(vote.raw or ""),
                none=vote.raw is None,
                rejected=tuple(plain(text or "") for text in vote.rejected),
                notes=tuple(plain(note) for note in (*vote.notes, vote.why) if note),
                facts=_facts(vote),
            )
        )
    return tuple(found)


def _facts(vote: VoteRecord) -> str:
    parts = []
    if vote.prompt_tokens or vote.completion_tokens:
        parts.append(
            f"{show(vote.prompt_tokens, Form.COUNT)} tokens in, "
            f"{show(vote.completion_tokens, Form.COUNT)} out"
        )
    if vote.cost is not None:
        parts.append(dollars(vote.cost))
    if vote.latency is not None:
        parts.append(f"{show(vote.latency, Form.COUNT)}{NARROW}ms")
    if vote.cached:
        parts.append("equal to an earlier question, so not sent again")
    if vote.key:
        parts.append(f"key {vote.key[:12]}")
    return ", ".join(parts)


def dollars(value: float | None) -> str:
    """Write US dollars; small amounts with three digits that mean something."""
    if value is None:
        return UNDEFINED
    if value >= 100 or value == 0:
        return f"${value:,.2f}"
    text = f"{value:.3g}"
    return f"${value:.10f}".rstrip("0") if "e" in text else f"${text}"


def decision_marks(study: LlmStudy) -> dict[str, Any]:
    """Return what the chart draws of decisions: when, and which way; 2 is an abstention."""
    count = len(study.decisions)
    step = max(1, -(-count // MARKS))
    chosen = range(0, count, step)
    when = np.array([study.decisions[at].time for at in chosen], dtype=np.int64)
    ways = [2 if study.decisions[at].abstained else study.found[at].points for at in chosen]
    return {"time": times(when), "way": flags(np.array(ways, dtype=np.int64))}
