"""The JSON Schema (draft-07) of signals that a language model answers, and of its endpoint."""

from __future__ import annotations

from typing import get_args

from rtrade.catalog.quantities import Measure, Quantity
from rtrade.config import formats
from rtrade.config.llm_definitions import (
    LOCAL_MODEL,
    CacheMode,
    Engine,
    LlmProviderDef,
    LlmSignalDef,
    OnFailureDef,
    VoteDef,
)
from rtrade.config.schema_parts import Schema, mapping, named, quantity, text
from rtrade.config.wording import PROVIDER_KEYS

EVERY = Quantity(
    "every", "Ask at the first close at or past each multiple of this length since 1970.",
    Measure.LENGTH, "24 bars", low=1, low_open=False, high=1_000_000,
)  # fmt: skip
VALID_FOR = Quantity(
    "valid_for", "How long an answer applies at most; absent: until the model is asked again.",
    Measure.LENGTH, "12 bars", low=1, low_open=False, high=1_000_000,
)  # fmt: skip
WINDOW = Quantity(
    "window", "How many bars a prompt sees.", Measure.BARS, "50 bars", low=2, low_open=False,
    high=5_000, default=LlmSignalDef.window,
)  # fmt: skip
ATTEMPTS = Quantity(
    "attempts", "How often a request is sent at most until there is a reply.", Measure.INTEGER,
    "3", low=1, low_open=False, high=20, default=LlmSignalDef.attempts,
)  # fmt: skip
CONCURRENCY = Quantity(
    "concurrency", "How many requests are under way at once.", Measure.INTEGER, "8", low=1,
    low_open=False, high=256, default=LlmSignalDef.concurrency,
)  # fmt: skip
RATE = Quantity(
    "rate", "Requests a minute, at most; absent: as fast as they are answered.", Measure.AMOUNT,
    "60", high=1_000_000,
)  # fmt: skip
BUDGET = (
    Quantity("calls", "Requests sent in one run, at most.", Measure.INTEGER, "500",
             low_open=False, high=1_000_000_000),
    Quantity("tokens", "Tokens of prompts and answers in one run, at most.", Measure.INTEGER,
             "300000", low_open=False, high=1_000_000_000_000),
    Quantity("usd", "US dollars that one run may cost, by the provider's prices.", Measure.AMOUNT,
             "1", low_open=False),
)  # fmt: skip
INVALID_ABOVE = Quantity(
    "invalid_above", "Share of unanswered questions above which a run is marked as invalid.",
    Measure.FRACTION, "20%", high=1, low_open=False, default=OnFailureDef.invalid_above,
)  # fmt: skip
BREAKER = Quantity(
    "breaker", "Questions in a row without a reply after which the endpoint is left alone.",
    Measure.INTEGER, "5", low=1, low_open=False, high=1_000, default=OnFailureDef.breaker,
)  # fmt: skip
SAMPLES = Quantity(
    "samples", "How often each prompt is asked at one point.", Measure.INTEGER, "3", low=1,
    low_open=False, high=100, default=VoteDef.samples,
)  # fmt: skip
AGREE = Quantity(
    "agree", "Share of all votes that an answer needs.", Measure.FRACTION, "60%", high=1,
    default=VoteDef.agree,
)  # fmt: skip
PRICES = (
    Quantity("input", "US dollars for a million tokens of prompts.", Measure.AMOUNT, "0.4",
             low_open=False),
    Quantity("cached", "US dollars for a million tokens of prompts that the endpoint had cached; "
             "absent: as `input`.", Measure.AMOUNT, "0.1", low_open=False),
    Quantity("output", "US dollars for a million tokens of answers.", Measure.AMOUNT, "1.6",
             low_open=False),
)  # fmt: skip
TEMPERATURE = Quantity(
    "temperature", "How freely the model chooses its words; absent: as the endpoint does.",
    Measure.AMOUNT, "0", low_open=False, high=2,
)  # fmt: skip
TOP_P = Quantity(
    "top_p", "Share of probability that words are chosen from; absent: as the endpoint does.",
    Measure.AMOUNT, "0.9", high=1,
)  # fmt: skip
MAX_TOKENS = Quantity(
    "max_tokens", "Tokens that an answer may have.", Measure.INTEGER, "400", low=1,
    low_open=False, high=1_000_000, default=LlmProviderDef.max_tokens,
)  # fmt: skip
THREADS = Quantity(
    "threads", "Threads of this machine that the embedded model computes with.", Measure.INTEGER,
    "1", low=1, low_open=False, high=64, default=LlmProviderDef.threads,
)  # fmt: skip
# Others have these keys too.
_SHARED = ("base_url", "api_key", "seed")


def only_providers() -> list[str]:
    """Return the keys that only sources of answers have."""
    return [key for key in PROVIDER_KEYS if key not in _SHARED]


def llm_signal() -> Schema:
    """Return the schema of what stands under `llm:` of a signal."""
    schema = mapping(
        "A language model that is asked; the fields of its answer are series for rules.",
        {**_question(), **_limits()}, ("provider", "prompt", "answer"),
    )  # fmt: skip
    return {**schema, "examples": [_EXAMPLE]}


def _question() -> Schema:
    """Return the schemas of what decides on the answers: who is asked, when, and what."""
    return {
        "provider": text(
            formats.SOURCE, "Name of a source file of `kind: llm` in datasources/.", "local_llm"
        ),
        "prompt": _prompt("The prompt: a template of Jinja, relative to this file."),
        "every": quantity(EVERY),
        "at": text(formats.EXPRESSION, "Ask where this condition is true.",
                   "crosses_above(close, sma(close, 50))", minLength=1),
        "valid_for": quantity(VALID_FOR),
        "answer": _answer(),
        "examples": _examples(),
        "window": {**quantity(WINDOW), "default": LlmSignalDef.window},
        "anonymize": {
            "type": "boolean",
            "default": LlmSignalDef.anonymize,
            "description": "Hide the symbol, the dates and the level of prices from the model.",
        },
        "vote": _vote(),
    }  # fmt: skip


def _limits() -> Schema:
    """Return the schemas of how long, how often and for how much a model is asked."""
    budget = mapping("What one run may spend; past it the model abstains.",
                     {part.name: quantity(part) for part in BUDGET})  # fmt: skip
    return {
        "timeout": _span("How long one attempt may take.", "30s"),
        "deadline": _span("How long a question may take, attempts and waits included.", "75s"),
        "attempts": quantity(ATTEMPTS),
        "concurrency": quantity(CONCURRENCY),
        "rate": quantity(RATE),
        "budget": {**budget, "minProperties": 1},
        "on_failure": _on_failure(),
        "cache": {
            "enum": list(get_args(CacheMode)),
            "default": LlmSignalDef.cache,
            "description": "What is done with stored answers: take them and ask for the rest; take "
            "them only; ask for all and keep what is new; ask for all and replace them; neither.",
        },
    }


_ANSWER = {"action": ["buy", "sell", "hold"], "confidence": "0..100", "reason": "text"}
_EXAMPLE = {
    "provider": "local_llm",
    "prompt": "prompts/analyst.j2",
    "every": "24 bars",
    "answer": _ANSWER,
}


def _prompt(description: str) -> Schema:
    return text(formats.PATH, description, "prompts/analyst.j2", minLength=1)


def _answer() -> Schema:
    field = {
        **text(formats.ANSWER, "Choices (`[buy, sell]`), whole numbers (`0..100`), or `text`.",
               "0..100"),
        "type": ["string", "array"],
        "minItems": 2,
        "items": {
            "type": "string",
            "format": formats.CHOICE,
            "pattern": f"^({formats.FORMATS[formats.CHOICE].pattern})$",
            "description": "One of the choices.",
        },
    }  # fmt: skip
    fields = named("What the model answers, field by field, in this order.", field)
    return {**fields, "minProperties": 1, "examples": [_ANSWER]}


def _examples() -> Schema:
    answer: Schema = {
        "type": "object",
        "description": "The answer that is right: a value for each field.",
        "additionalProperties": {"type": ["string", "integer"]},
    }
    prompt = {"type": "string", "minLength": 1, "description": "What is asked."}
    items = mapping("A question and the answer that is right.",
                    {"prompt": prompt, "answer": answer}, ("prompt", "answer"))  # fmt: skip
    return {
        "type": "array",
        "minItems": 1,
        "items": items,
        "description": "Questions and right answers that the model is shown before it is asked.",
    }


def _vote() -> Schema:
    prompts = {
        "type": "array",
        "minItems": 1,
        "items": _prompt("A further prompt."),
        "description": "Further prompts, which vote beside `prompt`.",
    }
    properties = {"samples": quantity(SAMPLES), "prompts": prompts, "agree": quantity(AGREE)}
    properties["agree"]["default"] = "50%"
    vote = mapping("Several answers to one question, of which the majority counts.", properties)
    return {**vote, "minProperties": 1}


def _on_failure() -> Schema:
    properties = {
        "invalid_above": {**quantity(INVALID_ABOVE), "default": "20%"},
        "breaker": quantity(BREAKER),
        "pause": _span("How long it is left alone.", "1m"),
    }
    failure = mapping("What comes of questions without an answer, beside abstaining.", properties)
    return {**failure, "minProperties": 1}


def _span(description: str, default: str) -> Schema:
    return {**text(formats.WAIT, description, default), "default": default}


def provider_properties() -> Schema:
    """Return the schemas of the keys that only sources of answers have."""
    return {
        "engine": {
            "enum": list(get_args(Engine)),
            "default": LlmProviderDef.engine,
            "description": "An endpoint that speaks OpenAI's protocol, or the embedded model.",
        },
        "model": {
            "type": "string",
            "minLength": 1,
            "description": "Name of the model, as the endpoint calls it.",
            "examples": [LOCAL_MODEL],
        },
        "prices": mapping("What the model costs.", {part.name: quantity(part) for part in PRICES},
                          ("input", "output")),
        "knowledge_cutoff": text(
            formats.TIME, "When what the model has read ends, UTC; absent: not known.",
            "2024-06-01",
        ),
        "temperature": quantity(TEMPERATURE),
        "top_p": quantity(TOP_P),
        "max_tokens": quantity(MAX_TOKENS),
        "threads": quantity(THREADS),
    }  # fmt: skip
