"""What the template of an explanation sees: why a run did what it did at one bar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated


@dataclass(frozen=True)
class WhyTree:
    """A condition and what it is made of."""

    state: Annotated[str, "`true`, `false` or `unknown`"]
    decides: Annotated[bool, "whether the state of the rule hangs on it"]
    code: Annotated[bool, "whether the text is an expression"]
    text: Annotated[str, "the expression as it is written, or `all of`, `any of`, `not`"]
    sentence: Annotated[str, "its values, and what it lacked; may be empty"]
    meanings: Annotated[str, "what the names in it stand for; may be empty"]
    parts: Annotated[tuple[WhyTree, ...], "what it is made of"]


@dataclass(frozen=True)
class WhyRule:
    """One of the rules that the strategy has."""

    name: Annotated[str, "`enter_long`, `exit_long`, `enter_short` or `exit_short`"]
    state: Annotated[str, "`true`, `false` or `unknown`"]
    effect: Annotated[str, "what came of it, in a sentence"]
    tree: Annotated[WhyTree, "its condition"]


@dataclass(frozen=True)
class WhySection:
    """Something else to know of the bar."""

    title: Annotated[str, "what it is about"]
    lines: Annotated[tuple[str, ...], "a line each"]


@dataclass(frozen=True)
class WhyVote:
    """A request to a model."""

    prompt: Annotated[str, "what was asked"]
    rejected: Annotated[tuple[str, ...], "replies that were asked for again"]
    reply: Annotated[str | None, "the last reply; None where none came"]
    why: Annotated[str, "why it is no answer; empty where it is one"]


@dataclass(frozen=True)
class WhyModel:
    """The answer of a model that applied."""

    signal: Annotated[str, "the signal that it answers"]
    sentence: Annotated[str, "who was asked, and when"]
    answer: Annotated[str, "what counts; empty where no answer applied"]
    templates: Annotated[tuple[str, ...], "the files of its prompts"]
    votes: Annotated[tuple[WhyVote, ...], "what was asked and what came back"]


@dataclass(frozen=True)
class WhyPart:
    """The explanation of one bar."""

    summary: Annotated[str, "all of it in a line"]
    differs: Annotated[tuple[str, ...], "why it is not the run as it was; empty where it is"]
    run_id: Annotated[str, "the run's id"]
    at: Annotated[str, "the open of the bar, ISO-8601"]
    head: Annotated[str, "symbol, timeframe, which bar"]
    candle: Annotated[str, "its prices and volume"]
    rules: Annotated[tuple[WhyRule, ...], "the rules, in the order of the language"]
    sections: Annotated[tuple[WhySection, ...], "decision, fills, levels, position, account"]
    models: Annotated[tuple[WhyModel, ...], "the strategy's models"]


@dataclass(frozen=True)
class WhyContext:
    """Everything that the template of an explanation sees."""

    why: Annotated[WhyPart, "the explanation"]
