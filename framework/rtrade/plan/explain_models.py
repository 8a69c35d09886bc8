"""What a plan asks of language models, in plain words: when, with what, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rtrade.catalog.registry import Registry
from rtrade.config.definitions import StrategyDef
from rtrade.config.llm_definitions import AnswerField, EnumField, IntegerField, LlmSignalDef
from rtrade.core.timeframes import MINUTE, SECOND, iso
from rtrade.plan.consistency import percent
from rtrade.plan.names import number
from rtrade.plan.plan import LlmPlan, Plan
from rtrade.plan.words import in_words


@dataclass(frozen=True)
class ModelNote:
    """A model that is asked: who answers, with which prompts, and sentences that say the rest."""

    signal: str
    provider: str
    model: str
    prompts: tuple[str, ...]
    answer: tuple[str, ...]
    words: tuple[str, ...]


def models(plan: Plan, registry: Registry, names: Mapping[int, str]) -> tuple[ModelNote, ...]:
    """Explain the models of a plan; `names` says by id what the signals are called."""
    return tuple(
        ModelNote(
            signal=name,
            provider=model.provider.name,
            model=model.provider.model,
            prompts=tuple(template.file for template in model.templates),
            answer=tuple(f"{one.name}: {_form(one)}" for one in model.definition.answer),
            words=tuple(_sentences(model, registry, names)),
        )
        for name, model in plan.llm.items()
    )


def _sentences(model: LlmPlan, registry: Registry, names: Mapping[int, str]) -> Iterator[str]:
    llm, provider = model.definition, model.provider
    where = "embedded in rtrade, a demonstration" if provider.engine == "local" else "an endpoint"
    yield f"{llm.name} is what {provider.model} ({provider.name}, {where}) answers."
    # As the strategy names them: the same wherever it lies.
    prompts = " and ".join(prompt.text for prompt in (llm.prompt, *llm.vote.prompts))
    yield f"It is asked with {prompts} {_when(model, registry, names)}."
    yield _told(llm, prompts=len(model.templates))
    if model.uses_state:
        yield (
            "The prompt sees the position or the account, so it is asked in order, while the run "
            "goes on."
        )
    else:
        yield f"All questions are asked before the run begins, up to {llm.concurrency} at once."
    yield f"It answers {'; '.join(f'{one.name}: {_form(one)}' for one in llm.answer)}."
    until = "the last one before the next question"
    if llm.cadence.valid_for is not None:
        until = f"{until}, on {_bars(llm.cadence.valid_for)} at most"
    yield f"An answer applies from the close at which it is asked to {until}."
    yield (
        "Where there is no valid answer in time the model abstains: the fields are unknown, the "
        "answer before is not kept, and a rule that needs them does not act."
    )
    yield (
        f"A run in which it abstains at more than {percent(llm.on_failure.invalid_above)} of the "
        "questions is marked as invalid."
    )
    yield from _voting(model)
    yield from _spending(llm)
    if provider.knowledge_cutoff is None:
        yield "Up to when the model has read is not known: it may know what the bars will do."
    else:
        cutoff = iso(provider.knowledge_cutoff)[:10]
        yield f"What the model has read ends by {cutoff}: it may know what bars before then did."


def _when(model: LlmPlan, registry: Registry, names: Mapping[int, str]) -> str:
    cadence = model.definition.cadence
    if model.at is not None:
        return f"at each close where {in_words([model.at], registry, names)[id(model.at)]}"
    assert cadence.every is not None
    if cadence.every == 1:
        return "at each close"
    return (
        f"every {cadence.every} bars, counted from 1970-01-01 UTC, so that another start asks at "
        "the same closes"
    )


def _told(llm: LlmSignalDef, *, prompts: int) -> str:
    who = "It is" if prompts == 1 else "They are"
    told = f"{who} shown at most the last {_bars(llm.window)} up to that close"
    hidden = "without the symbol, dates and the level of prices"
    return f"{told}, {hidden}." if llm.anonymize else f"{told}, with symbol, dates and prices."


def _voting(model: LlmPlan) -> Iterator[str]:
    vote, prompts = model.definition.vote, len(model.templates)
    votes = vote.samples * prompts
    if votes > 1:
        yield (
            f"{votes} answers are asked for at each point ({prompts} x {vote.samples}); the most "
            f"frequent one counts if {percent(vote.agree)} of them agree, else it abstains."
        )


def _spending(llm: LlmSignalDef) -> Iterator[str]:
    budget = llm.budget
    parts = [
        f"{amount:,} {what}"
        for amount, what in ((budget.calls, "requests"), (budget.tokens, "tokens"))
        if amount is not None
    ]
    parts += [f"{budget.usd:g} USD"] if budget.usd is not None else []
    if parts:
        yield f"One run sends at most {' and '.join(parts)}; past that the model abstains."


def model_values(definition: StrategyDef) -> Iterator[tuple[str, str]]:
    """Yield the settings of the models of a strategy, by dotted key."""
    for llm in definition.llm:
        for key, value in _settings(llm):
            yield f"signals.{llm.name}.llm.{key}", value


def _settings(llm: LlmSignalDef) -> Iterator[tuple[str, str]]:
    cadence, vote, budget = llm.cadence, llm.vote, llm.budget
    yield "provider", llm.provider
    yield "prompt", llm.prompt.text
    if cadence.every is not None:
        yield "every", _bars(cadence.every)
    if cadence.at is not None:
        yield "at", " ".join(cadence.at.text.split())
    if cadence.valid_for is not None:
        yield "valid_for", _bars(cadence.valid_for)
    for one in llm.answer:
        yield f"answer.{one.name}", _form(one)
    yield "window", _bars(llm.window)
    yield "anonymize", "true" if llm.anonymize else "false"
    if vote.samples > 1 or vote.prompts:
        yield "vote.samples", number(vote.samples)
        yield "vote.agree", percent(vote.agree)
    yield "timeout", _span(llm.timeout)
    yield "deadline", _span(llm.deadline)
    yield "attempts", number(llm.attempts)
    yield "concurrency", number(llm.concurrency)
    if llm.rate is not None:
        yield "rate", f"{number(llm.rate)} a minute"
    limits = (("calls", budget.calls), ("tokens", budget.tokens), ("usd", budget.usd))
    yield from ((f"budget.{name}", number(most)) for name, most in limits if most is not None)
    yield "on_failure.invalid_above", percent(llm.on_failure.invalid_above)
    yield "cache", llm.cache


def _form(one: AnswerField) -> str:
    if isinstance(one, EnumField):
        return f"{', '.join(one.values[:-1])} or {one.values[-1]}"
    if isinstance(one, IntegerField):
        return f"{one.low} to {one.high}"
    return "text, for people"


def _bars(count: int) -> str:
    return "1 bar" if count == 1 else f"{count:,} bars"


def _span(milliseconds: int) -> str:
    if milliseconds % MINUTE == 0:
        return f"{milliseconds // MINUTE}m"
    return f"{milliseconds // SECOND}s"
