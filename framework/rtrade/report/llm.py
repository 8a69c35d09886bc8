"""The section of a run's language models: what is told of them, in words, tables and drawings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rtrade.analysis.llm_baselines import ORDERS, Baseline, Baselines
from rtrade.analysis.llm_costs import InferenceCost
from rtrade.analysis.llm_knowledge import SPLIT, Knowledge, Split
from rtrade.analysis.llm_outcomes import Judge, Reliability
from rtrade.analysis.llm_study import Asked, Counts, LlmStudy
from rtrade.catalog.metrics import BY_NAME
from rtrade.core.timeframes import iso
from rtrade.report import llm_pictures
from rtrade.report.context import Banner, Calibration, Fact, Figure, LlmPart, Sheet
from rtrade.report.formatting import UNDEFINED, Form, figure, metric_figure, moment, raw, show
from rtrade.report.llm_tables import decision_table, dollars
from rtrade.report.plain import plain
from rtrade.report.words import counted

_FEW = 30


def llm_part(study: LlmStudy, document: Mapping[str, Any]) -> LlmPart:
    """Return everything that the page shows of the models of a run."""
    own = document["metrics"]["total_return"]
    shuffled = study.baselines.shuffled
    picture = None if shuffled is None else llm_pictures.orders(shuffled, own)
    calibrated = tuple(_calibration(one, study) for one in study.reliability)
    return LlmPart(
        banners=_banners(study, document),
        models=tuple(_model(one) for one in study.asked),
        counts=_counts(study.counts, document.get("llm", {})),
        split=_split(study.split),
        split_note=_split_note(study.split),
        costs=_costs(
            study.cost, document["data"]["symbol"].partition("/")[2], document.get("llm", {})
        ),
        baselines=_baselines(study.baselines),
        baseline_note=_baseline_note(study),
        shuffled=picture,
        shuffled_note=_orders(study.baselines),
        calibration=calibrated,
        uncalibrated="" if calibrated else _uncalibrated(study),
        decisions=decision_table(study, document["trades"]),
    )


def _banners(study: LlmStudy, document: Mapping[str, Any]) -> tuple[Banner, ...]:
    found = []
    if not document.get("llm", {}).get("valid", True):
        text = (
            "A model abstained more often than on_failure of the strategy allows. This result "
            "says nothing about the strategy."
        )
        found.append(Banner("alarm", "INVALID", text))
    leak = _leak(study)
    if leak is not None:
        generated = bool(document["data"].get("synthetic", False))
        found.append(_on_generated(leak) if generated else leak)
    if study.demonstration:
        models = _listed([one for one in study.asked if one.local])
        text = (
            f"{models} is a small model that is embedded to show how a strategy asks one. It has "
            "no trading skill: what this run made or lost says nothing about what a better model "
            "would have made of it."
        )
        found.append(Banner("calm", "Demonstration model", text))
    return tuple(found)


def _on_generated(leak: Banner) -> Banner:
    more = " These prices were generated, so there is nothing to read of them; on real prices of "
    return Banner(leak.tone, leak.title, f"{leak.text}{more}these days that would count.")


def _leak(study: LlmStudy) -> Banner | None:
    found, models = study.split, _listed(list(study.asked))
    day = "" if found.cutoff is None else _day(found.cutoff)
    hidden = (
        " Symbol and dates were hidden from it, which makes it harder to remember, not impossible."
        if all(one.anonymize for one in study.asked)
        else " Symbol or dates were not hidden from it."
    )
    match found.state:
        case Knowledge.CLEAN:
            return None
        case Knowledge.UNKNOWN:
            title = "Knowledge of the model unknown"
            text = (
                f"No source says when the knowledge of {models} ends (knowledge_cutoff). It may "
                "have read how these very prices went on, so nothing here is evidence that it "
                f"foresees anything.{hidden}"
            )
        case Knowledge.INSIDE:
            title = "Inside what the model has read"
            text = (
                f"The whole run lies before {day}, when the knowledge of {models} ends. It may "
                "have read how these prices went on, so nothing here is evidence that it foresees "
                f"anything.{hidden}"
            )
        case Knowledge.PARTLY:
            title = "Partly inside what the model has read"
            text = (
                f"The knowledge of {models} ends on {day}, within this run. Of what lies before, "
                "it may have read how prices went on; only what lies after is evidence. The run "
                f"is told apart below.{hidden}"
            )
    return Banner("alarm", title, text)


def _listed(models: list[Asked]) -> str:
    return plain(", ".join(dict.fromkeys(one.model for one in models)))


def _day(milliseconds: int) -> str:
    return iso(milliseconds)[:10]


def _model(one: Asked) -> Fact:
    parts = [f"{one.model} of {one.provider}"]
    parts.append(f"asked {one.asks}" if one.asks else "asked")
    if one.votes > 1:
        parts.append(f"{one.votes} answers to a decision, of which the most frequent counts")
    cutoff = "not stated" if one.cutoff is None else _day(one.cutoff)
    hidden = "symbol, dates and prices hidden" if one.anonymize else "symbol and dates shown"
    doc = f"Fields: {', '.join(one.fields)}. Knowledge ends: {cutoff}; {hidden}."
    return Fact(one.signal, plain(", ".join(parts)), plain(doc), None, code=False)


def _counts(counts: Counts, told: Mapping[str, Any]) -> tuple[Fact, ...]:
    """Return the counts; those that the result has are `told`, and carry their place in it."""
    rows = (
        ("decisions", "Decisions", counts.decisions, "Closes at which a model was to decide."),
        ("abstained", "Abstentions", counts.abstained, "Of them without a valid answer."),
        ("invalid", "Invalid answers", counts.invalid, "Replies that were none, repaired or not."),
        ("", "Repaired", counts.repaired, "Decisions whose answer came when asked for again."),
        ("", "Limited", counts.clamped, "Decisions whose entry was made smaller by code."),
    )
    return tuple(
        Fact(
            title,
            show(count, Form.COUNT),
            doc,
            figure(f"llm.{key}", told[key], Form.COUNT) if key in told else None,
            code=False,
        )
        for key, title, count, doc in rows
    )


def _split(split: Split) -> Sheet:
    titles = tuple("Clean" if one.clean else _unclean(split) for one in split.stretches)
    rows = [
        ("From", *(moment(iso(one.start))[:10] for one in split.stretches)),
        ("Until", *(moment(iso(one.end))[:10] for one in split.stretches)),
        ("Bars", *(show(one.bars, Form.COUNT) for one in split.stretches)),
        ("Decisions", *(show(one.decisions, Form.COUNT) for one in split.stretches)),
    ]
    for name in SPLIT:
        metric = BY_NAME[name]
        texts = (metric_figure(metric, one.metrics[name]).text for one in split.stretches)
        rows.append((metric.title, *texts))
    return Sheet(("", *titles), tuple(rows))


def _unclean(split: Split) -> str:
    return "Cutoff unknown" if split.state is Knowledge.UNKNOWN else "May be remembered"


def _split_note(split: Split) -> str:
    if split.cutoff is None:
        return "Without a knowledge_cutoff in the source of the model nothing can be told apart."
    return (
        f"Cut at {moment(iso(split.cutoff))} UTC, when what the model has read ends. Each part is "
        "measured as if the run had begun with the equity at hand; a trade belongs to the part "
        "that it began in."
    )


def _costs(cost: InferenceCost, quote: str, told: Mapping[str, Any]) -> tuple[Fact, ...]:
    """Return what the answers cost; what the result has of it (`told`) carries its place."""
    gross, net = (
        show(value, Form.PERCENT, signed=True) for value in (cost.gross_return, cost.net_return)
    )
    pays = UNDEFINED
    if cost.break_even is not None:
        pays = "any" if not cost.break_even else f"{show(cost.break_even, Form.MONEY)} {quote}"
    given = "When they were given; stored ones cost no more."
    enough = "The cash at which the same return just pays for the answers."
    rows = (
        ("returns.gross", "Return, gross", gross, "As on the rest of this page: after all fees."),
        ("returns.net", "Return, net", net, "The same less the cost of all answers."),
        ("answers.cost_usd", "Cost of answers", dollars(cost.cost), given),
        ("", "Per decision", dollars(cost.per_decision), ""),
        ("", "Per closed trade", dollars(cost.per_trade), ""),
        (
            "returns.break_even_cash",
            "Break-even capital",
            pays,
            f"None: {cost.why}." if cost.why else enough,
        ),
        ("", "Replies", show(cost.requests, Form.COUNT), "With repairs; equal ones count once."),
        ("answers.prompt_tokens", "Tokens in", show(cost.prompt_tokens, Form.COUNT), ""),
        ("answers.completion_tokens", "Tokens out", show(cost.completion_tokens, Form.COUNT), ""),
    )
    return tuple(
        Fact(title, text, doc, _placed(path, text, told), code=False)
        for path, title, text, doc in rows
    )


def _placed(path: str, text: str, told: Mapping[str, Any]) -> Figure | None:
    """Return a text as a number of the result; None where the result has it not."""
    group, _, name = path.partition(".")
    if name not in told.get(group, {}):
        return None
    return Figure(f"llm.{path}", raw(told[group][name]), text, "")


_BASELINES = {
    "run": "This run",
    "hold": "Buy and hold",
    "flat": "Staying out",
    "filter": "The rules without the model",
    "llm": "The model without the rules",
}


def _baselines(found: Baselines) -> Sheet:
    rows = [_baseline(row) for row in found.rows]
    if found.shuffled is not None:
        middle = float(np.median(found.shuffled.returns))
        text = show(middle, Form.PERCENT, signed=True)
        rows.append(("Its answers in random order (median)", text, UNDEFINED, UNDEFINED))
    return Sheet(("", "Total return", "Deepest fall", "Closed trades"), tuple(rows))


def _baseline(row: Baseline) -> tuple[str, ...]:
    return (
        _BASELINES[row.name],
        show(row.total_return, Form.PERCENT, signed=True),
        show(row.max_drawdown, Form.PERCENT),
        show(row.trades, Form.COUNT),
    )


def _baseline_note(study: LlmStudy) -> str:
    how = (
        "All on the same bars, with the same cash, costs and engine. Without the model: as if "
        "it had agreed to every entry for as long as an answer applies, its exits left out. "
        "Without the rules: entries by its answers alone."
    )
    why = [
        f"{_BASELINES[row.name]}: {row.why}."
        for row in study.baselines.rows
        if row.total_return is None and row.why
    ]
    return " ".join([how, *why])


def _orders(found: Baselines) -> str:
    if found.shuffled is None:
        return f"The answers were not put in random orders: {found.why}."
    if found.shuffled.same:
        return (
            f"All {ORDERS} random orders of the answers come to the same return: the model hardly "
            "varies, so when it says what makes no difference."
        )
    chance = found.shuffled.p_value
    text = f"{chance:.3f}" if chance >= 0.001 else "below 0.001"
    says = (
        "When it said what made a difference that chance alone seldom makes."
        if chance <= 0.05
        else "Chance alone makes as much: this is no sign that it knew when to say what."
    )
    return (
        f"The run's own answers in {ORDERS} random orders over the same decision points, so with "
        f"the same share of each; p = {text} is the share of orders, the run's own included, that "
        f"make no less. {says} The seed is taken from the fingerprint."
    )


def _calibration(met: Reliability, study: LlmStudy) -> Calibration:
    low, high = (show(value, Form.PERCENT) for value in met.between)
    share = met.right / met.count
    few = f" Of {counted(met.count, 'decision')} little can be said." if met.count < _FEW else ""
    title = plain(f"{met.signal}.{met.field}" if len(study.asked) > 1 else met.field)
    better = "better" if met.brier < met.guess else "no better"
    sentence = (
        f"{show(met.right, Form.COUNT)} of {show(met.count, Form.COUNT)} decisions that point up "
        f"or down were right, {show(share, Form.PERCENT)} (95 % interval {low} to {high}), judged "
        f"from the open on which a decision acts {_until(study.judges[met.signal])}. Brier "
        f"score {met.brier:.3f}, {better} than the {met.guess:.3f} of always saying the share that "
        f"was right.{few}"
    )
    return Calibration(title, llm_pictures.calibration(met), sentence)


def _until(judge: Judge) -> str:
    if judge.horizon is None:
        return "to the open on which the next one does"
    return f"over {counted(judge.horizon, 'bar')}, since when it is asked again follows the price"


def _uncalibrated(study: LlmStudy) -> str:
    if not any(judge.confidence for judge in study.judges.values()):
        return (
            "No field says how sure the model is: there is no `confidence`, and sizes go by no "
            "number of the answer."
        )
    return "No decision pointed up or down and was followed by a move."
