"""What a strategy says of a signal that a language model answers, and a source of its endpoint.

Frozen and typed, units resolved: fractions are fractions, times and durations milliseconds,
lengths bars of the run's timeframe, money US dollars.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from rtrade.core.diagnostics import SourceText, Span
from rtrade.core.timeframes import MINUTE, SECOND

CacheMode = Literal["replay_or_call", "replay", "record", "refresh", "off"]
Engine = Literal["openai", "local"]

TEXT_LIMIT = 500
# The embedded model, as its engine calls it.
LOCAL_MODEL = "smollm2-135m-instruct"
# Names that only exist while a run is going on: prompts that use them are asked in order.
IN_RUN = frozenset({"position", "portfolio"})


@dataclass(frozen=True)
class EnumField:
    """A field of the answer that is one of `values`; usable in rules."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class IntegerField:
    """A field of the answer that is a whole number in `low..high`, both included."""

    name: str
    low: int
    high: int


@dataclass(frozen=True)
class TextField:
    """A field of the answer that people read; never usable in a rule. Longer text is cut."""

    name: str
    limit: int = TEXT_LIMIT


AnswerField = EnumField | IntegerField | TextField


@dataclass(frozen=True)
class ExampleDef:
    """A question with the answer that is right: shown to the model before the prompt."""

    prompt: str
    answer: tuple[tuple[str, str | int], ...]


@dataclass(frozen=True)
class CadenceDef:
    """When the model is asked, and how long an answer applies.

    Exactly one of `every` (bars) and `at` (a condition) is given. `valid_for` (bars) ends an
    answer before the next decision point; None = the next decision point ends it.
    """

    every: int | None = None
    at: SourceText | None = None
    valid_for: int | None = None


@dataclass(frozen=True)
class BudgetDef:
    """What one execution may spend: requests sent, tokens in and out, US dollars. None = any."""

    calls: int | None = None
    tokens: int | None = None
    usd: float | None = None


@dataclass(frozen=True)
class OnFailureDef:
    """What failures lead to, beside abstaining.

    A run of which more than `invalid_above` (a fraction) of the decision points abstained is
    invalid. After `breaker` points in a row without a reply the endpoint is left alone for
    `pause` ms.
    """

    invalid_above: float = 0.2
    breaker: int = 5
    pause: int = MINUTE


@dataclass(frozen=True)
class VoteDef:
    """Several answers to a point: `samples` of each prompt, of which the most frequent counts.

    `prompts` are further templates beside the signal's own. A point has an answer where at least
    `agree` (a fraction) of all votes, abstentions included, say the same.
    """

    samples: int = 1
    prompts: tuple[SourceText, ...] = ()
    agree: float = 0.5


@dataclass(frozen=True)
class LlmSignalDef:
    """A signal that a language model answers.

    `timeout` and `deadline` (ms) are those of one attempt and of a decision point in all, repair
    and waits included; `rate` is requests a minute; `window` how many bars the prompt may see.
    """

    name: str
    provider: str
    prompt: SourceText
    cadence: CadenceDef
    answer: tuple[AnswerField, ...]
    examples: tuple[ExampleDef, ...] = ()
    timeout: int = 30 * SECOND
    deadline: int = 75 * SECOND
    attempts: int = 3
    concurrency: int = 8
    rate: float | None = None
    budget: BudgetDef = BudgetDef()
    on_failure: OnFailureDef = OnFailureDef()
    anonymize: bool = True
    window: int = 50
    vote: VoteDef = VoteDef()
    cache: CacheMode = "replay_or_call"
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True)
class PricesDef:
    """US dollars a million tokens: of the prompt, of its part that the endpoint had cached, and
    of the answer, hidden reasoning included.
    """

    input: float
    cached: float
    output: float


@dataclass(frozen=True)
class LlmProviderDef:
    """An endpoint that speaks the OpenAI protocol, or the embedded model (`engine` local).

    `api_key` is the name of an environment variable; its value is never held here. Sampling
    parameters that are None are not sent. `max_tokens` is the longest answer. `knowledge_cutoff`
    (ms) is when what the model has read ends; None = unknown.
    """

    name: str
    model: str
    engine: Engine = "openai"
    base_url: str | None = None
    api_key: str | None = None
    prices: PricesDef | None = None
    knowledge_cutoff: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    max_tokens: int = 400
    threads: int = 1
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True)
class PromptTemplate:
    """A template that passed its checks: its file, its text, and the context names it uses."""

    file: str
    text: str
    names: frozenset[str]

    @property
    def in_run(self) -> bool:
        """Whether a prompt depends on what the run has done so far."""
        return bool(self.names & IN_RUN)

    @cached_property
    def digest(self) -> str:
        """The sha256 (hex) of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()
