"""The explanation of a bar as a template and a terminal show it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rtrade.analysis.why import Condition, ModelWhy, VoteWhy, Why
from rtrade.report import why_words as words
from rtrade.report.plain import plain
from rtrade.report.why_context import WhyModel, WhyPart, WhyRule, WhySection, WhyTree, WhyVote
from rtrade.report.why_summary import SIDE, effect, exits, refusal, summary

_SAYS = {"and": "all of", "or": "any of", "not": "not"}


def part_of(why: Why) -> WhyPart:
    """Return the explanation as a template sees it."""
    candle = why.candle
    prices = [candle.open, candle.high, candle.low, candle.close]
    shown = zip(("open", "high", "low", "close"), words.figures(prices, "price"), strict=True)
    named = [f"{name} {text}" for name, text in shown]
    return WhyPart(
        summary=plain(summary(why)),
        differs=tuple(map(plain, why.differs)),
        run_id=why.run_id,
        at=why.at,
        head=f"{why.symbol} {why.timeframe}, bar {why.bar + 1:,} of {why.bars:,}: "
        f"{why.at} to {why.closes}",
        candle=", ".join((*named, f"volume {words.figure(candle.volume, 'volume')}")),
        rules=tuple(
            WhyRule(rule.name, rule.state, effect(rule, why), _tree(rule.condition))
            for rule in why.rules
            if rule.condition is not None
        ),
        sections=tuple(WhySection(title, tuple(lines)) for title, lines in _sections(why)),
        models=tuple(map(_model, why.models)),
    )


def _tree(condition: Condition, *, within: bool = True) -> WhyTree:
    decides = within and condition.decides
    if condition.form == "signal" and condition.parts:
        # A signal and what it says are one line.
        meant = _tree(condition.parts[0], within=decides)
        return replace(meant, code=True, text=plain(f"{condition.text}: {meant.text}"))
    aside = condition.note if condition.form in ("signal", "call") else ""
    return WhyTree(
        state=condition.state,
        decides=decides,
        code=condition.form not in _SAYS,
        text=plain(_SAYS.get(condition.form, condition.text)),
        sentence=plain(words.sentence(condition) or aside),
        meanings=plain(words.meanings(condition)),
        parts=tuple(_tree(part, within=decides) for part in condition.parts),
    )


def _sections(why: Why) -> Iterator[tuple[str, list[str]]]:
    yield "Decision at this close", _decided(why)
    yield "Filled in this bar", [words.fill(one) for one in why.fills] or ["Nothing."]
    yield "Filled at the next open", [words.fill(one) for one in why.next] or ["Nothing."]
    filled = [one.reason for one in why.fills]
    if why.worked:
        yield "Levels in this bar", [words.worked(one, filled) for one in why.worked]
    yield "Position", _position(why)
    quote = why.symbol.partition("/")[2].partition(":")[0]
    yield f"Account, in {quote}" if quote else "Account", list(_account(why))


def _decided(why: Why) -> list[str]:
    decision = why.decision
    if not decision.carried:
        return ["It is the run's last close: what is decided at it is not carried out."]
    found = []
    if decision.exit == "rule":
        found.append("The position leaves at the next open, by its exit rule.")
    elif decision.exit:
        found.append(f"The position leaves at the next open: {exits(why)[decision.exit]}.")
    if decision.refused:
        said = refusal(why)
        found.append(f"No entry: {said}.")
    elif decision.entry:
        found.append(f"{SIDE[decision.entry].capitalize()} is entered at the next open.")
    found += [
        f"{cut.by} makes the entry {words.size(cut.after)} instead of {words.size(cut.before)}."
        for cut in decision.cuts
    ]
    return found or ["Nothing is decided."]


def _position(why: Why) -> list[str]:
    held = why.position
    if held is None:
        return ["Flat."]
    begun = f"{held.side} {words.size(held.size)} at {words.price(held.entry_price)}"
    begun += f", since {held.entry_time}: {held.bars:,} bar{'s' if held.bars != 1 else ''}"
    found = [f"{begun}; profit {words.money(held.profit)}"]
    found += [words.level(one) for one in held.levels]
    if held.time_exit is not None:
        left = held.time_exit - held.bars
        found.append(f"time_exit at its bar {held.time_exit:,}, {max(0, left):,} from this one")
    return found


def _account(why: Why) -> Iterator[str]:
    account = why.account
    yield f"equity {words.money(account.equity)}, cash {words.money(account.cash)}"
    peak = f"drawdown {words.percent(account.drawdown)} from {words.money(account.peak)}"
    if account.max_drawdown is not None:
        peak += f", limit {words.percent(account.max_drawdown)}"
    yield peak
    if account.day_return is not None:
        day = f"day {words.percent(account.day_return, signed=True)} from "
        day += words.money(account.day_reference)
        if account.daily_loss is not None:
            day += f", limit {words.percent(-account.daily_loss)}"
        yield day
    if account.cooldown is not None:
        left = account.cooldown_left
        yield f"cooldown of {account.cooldown:,} bars: entries are refused at " + (
            f"{left:,} close{'s' if left != 1 else ''} from this one on" if left else "no close now"
        )
    if account.stopped:
        yield f"{account.stopped} " + (
            "refuses entries for the rest of the day"
            if account.stopped == "daily_loss"
            else "has ended trading"
        )


def _model(model: ModelWhy) -> WhyModel:
    said = f"{model.provider} ({model.model})"
    if model.asked_at is None:
        sentence = f"{said}: no answer applied, {model.why}."
        return WhyModel(model.signal, plain(sentence), "", model.templates, ())
    when = "at this close" if model.here else f"at the close of the bar of {model.asked_at}"
    if model.bars_ago:
        when += f", {model.bars_ago:,} bar{'s' if model.bars_ago != 1 else ''} before"
    if model.valid_for is not None:
        when += f"; an answer applies for {model.valid_for:,} bars"
    answer = ", ".join(f"{name}: {value}" for name, value in (model.answer or {}).items())
    if model.answer is None:
        answer = f"abstained: {model.why}"
    return WhyModel(
        model.signal,
        plain(f"{said}, asked {when}."),
        plain(answer),
        tuple(map(plain, model.templates)),
        tuple(map(_vote, model.votes)),
    )


def _vote(vote: VoteWhy) -> WhyVote:
    return WhyVote(
        prompt=plain(vote.prompt),
        rejected=tuple(plain(text or "") for text in vote.rejected),
        reply=None if vote.reply is None else plain(vote.reply),
        why=plain(vote.why),
    )
