"""Decode signals that a language model answers, and the sources of its endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rtrade.catalog.quantities import Quantity
from rtrade.config.document import Path
from rtrade.config.llm_definitions import (
    LOCAL_MODEL,
    AnswerField,
    BudgetDef,
    CadenceDef,
    EnumField,
    ExampleDef,
    IntegerField,
    LlmProviderDef,
    LlmSignalDef,
    OnFailureDef,
    PricesDef,
    TextField,
    VoteDef,
)
from rtrade.config.schema_llm import (
    AGREE,
    ATTEMPTS,
    BREAKER,
    BUDGET,
    CONCURRENCY,
    EVERY,
    INVALID_ABOVE,
    MAX_TOKENS,
    PRICES,
    RATE,
    SAMPLES,
    TEMPERATURE,
    THREADS,
    TOP_P,
    VALID_FOR,
    WINDOW,
)
from rtrade.config.schema_sources import SEED
from rtrade.config.values import Values
from rtrade.config.wording import quoted, similar
from rtrade.core.diagnostics import SourceText
from rtrade.core.timeframes import Timeframe


def is_llm(values: Values, name: str) -> bool:
    """Tell whether a signal is answered by a model, and no expression."""
    return isinstance(values.get(("signals", name)), dict)


def llm_signals(values: Values, timeframe: Timeframe) -> tuple[LlmSignalDef, ...]:
    """Return the signals that a model answers, in the order of the file."""
    return tuple(
        _Signal(values, name, timeframe).definition()
        for name in values.keys(("signals",))
        if is_llm(values, name)
    )


class _Signal:
    """One signal being decoded."""

    def __init__(self, values: Values, name: str, timeframe: Timeframe) -> None:
        self.values, self.name, self.timeframe = values, name, timeframe
        self.at: Path = ("signals", name, "llm")

    def definition(self) -> LlmSignalDef:
        values, given = self.values, self.values.get(self.at)
        answer = tuple(answer_field(values, (*self.at, "answer", name)) for name in given["answer"])
        timeout = self._span("timeout", LlmSignalDef.timeout)
        return LlmSignalDef(
            name=self.name,
            provider=given["provider"],
            prompt=self._text("prompt"),
            cadence=self._cadence(),
            answer=answer,
            examples=self._examples(answer),
            timeout=timeout,
            deadline=self._deadline(timeout),
            attempts=self._whole((), ATTEMPTS),
            concurrency=self._whole((), CONCURRENCY),
            rate=self._amount((), RATE),
            budget=self._budget(),
            on_failure=self._on_failure(),
            anonymize=given.get("anonymize", LlmSignalDef.anonymize),
            window=values.bars((*self.at, "window"), WINDOW, self.timeframe) or LlmSignalDef.window,
            vote=self._vote(),
            cache=given.get("cache", LlmSignalDef.cache),
            span=values.document.key_span(("signals", self.name)),
        )

    def _text(self, *key: str | int) -> SourceText:
        return self.values.document.texts[(*self.at, *key)]

    def _span(self, key: str, default: int, *above: str) -> int:
        path = (*self.at, *above, key)
        return default if self.values.get(path) is None else self.values.duration(path)

    def _amount(self, above: Path, declared: Quantity) -> float | None:
        path = (*self.at, *above, declared.name)
        return None if self.values.get(path) is None else self.values.amount(path, declared)

    def _whole(self, above: Path, declared: Quantity) -> int:
        return int(self.values.amount((*self.at, *above, declared.name), declared))

    def _fraction(self, above: Path, declared: Quantity) -> float:
        path = (*self.at, *above, declared.name)
        if self.values.get(path) is None:
            assert declared.default is not None
            return declared.default
        return self.values.fraction(path, declared)

    def _cadence(self) -> CadenceDef:
        values, at = self.values, self.at
        every = values.bars((*at, "every"), EVERY, self.timeframe)
        condition = values.expression((*at, "at"))
        valid_for = values.bars((*at, "valid_for"), VALID_FOR, self.timeframe)
        if every is None and condition is None:
            message = f"`{self.name}` does not say when the model is asked"
            advice = "add `every: 24 bars`, or `at:` with a condition"
            values.find("RT022", at, message, advice, key=True)
        elif every is not None and condition is not None:
            message = "`every` and `at` both say when the model is asked"
            values.find("RT029", (*at, "at"), message, "keep one of them", key=True)
        if every and valid_for and valid_for > every:
            message = f"`valid_for` ({valid_for} bars) is longer than `every` ({every} bars)"
            advice = "the next answer replaces the one before: remove `valid_for`, or shorten it"
            values.find("RT029", (*at, "valid_for"), message, advice)
        return CadenceDef(every, condition, valid_for)

    def _deadline(self, timeout: int) -> int:
        path = (*self.at, "deadline")
        deadline = self._span("deadline", LlmSignalDef.deadline)
        if deadline < timeout:
            if self.values.get(path) is None:
                return timeout
            message = "`deadline` is shorter than `timeout`: no attempt could use its time"
            advice = "`timeout` is for one attempt, `deadline` for all of them"
            self.values.find("RT029", path, message, advice)
        return deadline

    def _budget(self) -> BudgetDef:
        calls, tokens, usd = (self._amount(("budget",), part) for part in BUDGET)
        return BudgetDef(
            calls=None if calls is None else int(calls),
            tokens=None if tokens is None else int(tokens),
            usd=usd,
        )

    def _on_failure(self) -> OnFailureDef:
        return OnFailureDef(
            invalid_above=self._fraction(("on_failure",), INVALID_ABOVE),
            breaker=self._whole(("on_failure",), BREAKER),
            pause=self._span("pause", OnFailureDef.pause, "on_failure"),
        )

    def _vote(self) -> VoteDef:
        prompts = self.values.get((*self.at, "vote", "prompts")) or ()
        texts = tuple(self._text("vote", "prompts", place) for place in range(len(prompts)))
        own = self._text("prompt")
        for place, one in enumerate(texts):
            if one.text in [own.text, *(other.text for other in texts[:place])]:
                message = f"the prompt {quoted(one.text)} votes twice"
                advice = "`samples` asks the same prompt several times"
                self.values.find("RT029", (*self.at, "vote", "prompts", place), message, advice)
        return VoteDef(
            samples=self._whole(("vote",), SAMPLES),
            prompts=texts,
            agree=self._fraction(("vote",), AGREE),
        )

    def _examples(self, answer: tuple[AnswerField, ...]) -> tuple[ExampleDef, ...]:
        found = []
        for place, given in enumerate(self.values.get((*self.at, "examples")) or ()):
            at = (*self.at, "examples", place, "answer")
            _check_example(self.values, at, answer)
            pairs = tuple(
                (one.name, given["answer"][one.name])
                for one in answer
                if one.name in given["answer"]
            )
            found.append(ExampleDef(given["prompt"], pairs))
        return tuple(found)


def answer_field(values: Values, path: Path) -> AnswerField:
    """Return one field of an answer's form; what is wrong with it is noted."""
    name, given = str(path[-1]), values.get(path)
    if isinstance(given, list):
        for place, choice in enumerate(given):
            if choice in given[:place]:
                message = f"the choice {quoted(choice)} is given twice"
                values.find("RT410", (*path, place), message, "remove one of the two")
        return EnumField(name, tuple(given))
    if given == "text":
        return TextField(name)
    low, high = (int(end) for end in str(given).split(".."))
    if low >= high:
        message = f"`{name}`: the range `{given}` holds no two numbers"
        values.find("RT410", path, message, f"write the lower end first: `{high}..{low}`"
                    if low > high else "a range goes from a lower to a higher number")  # fmt: skip
    return IntegerField(name, low, high)


def _check_example(values: Values, at: Path, answer: tuple[AnswerField, ...]) -> None:
    given: Mapping[str, Any] = values.get(at)
    known = {one.name: one for one in answer}
    for name in given:
        if name not in known:
            guess = similar(name, known)
            listed = ", ".join(f"`{one}`" for one in known)
            advice = f"did you mean `{guess}`?" if guess else f"the fields are {listed}"
            values.find("RT411", (*at, name), f"the answer has no field `{name}`", advice, key=True)
    for name, one in known.items():
        if name not in given:
            message = f"the example lacks the field `{name}`"
            values.find("RT411", at, message, f"add `{name}: {_sample(one)}`")
        elif wrong := _misfit(one, given[name]):
            values.find("RT411", (*at, name), f"`{name}` {wrong}", f"write `{_sample(one)}`")


def _misfit(form: AnswerField, value: Any) -> str | None:
    """Say why a value of an example does not fit its field, or return None."""
    if isinstance(form, EnumField) and value not in form.values:
        return f"cannot be {quoted(value)}: it is one of {', '.join(form.values)}"
    if isinstance(form, IntegerField) and (
        not isinstance(value, int) or not form.low <= value <= form.high
    ):
        return f"cannot be {quoted(value)}: it goes from {form.low} to {form.high}"
    if isinstance(form, TextField) and not isinstance(value, str):
        return f"is text, not {quoted(value)}"
    if isinstance(form, TextField) and len(value) > form.limit:
        return f"has {len(value):,} characters, and {form.limit} at most"
    return None


def _sample(form: AnswerField) -> str:
    if isinstance(form, EnumField):
        return form.values[0]
    return str(form.high) if isinstance(form, IntegerField) else "why"


def provider(values: Values, name: str) -> LlmProviderDef:
    """Return what a source of `kind: llm` says."""
    given = values.get(())
    engine = given.get("engine", LlmProviderDef.engine)
    _check_engine(values, engine)

    def amount(declared: Quantity) -> float | None:
        at = (declared.name,)
        return None if values.get(at) is None else values.amount(at, declared)

    seed = amount(SEED)
    api_key = given.get("api_key")
    address = values.address("base_url")
    return LlmProviderDef(
        name=name,
        model=given["model"],
        engine=engine,
        base_url=address,
        api_key=None if api_key is None else api_key.removeprefix("${env:").removesuffix("}"),
        prices=_prices(values),
        knowledge_cutoff=values.time(("knowledge_cutoff",)),
        temperature=amount(TEMPERATURE),
        top_p=amount(TOP_P),
        seed=None if seed is None else int(seed),
        max_tokens=int(values.amount(("max_tokens",), MAX_TOKENS)),
        threads=int(values.amount(("threads",), THREADS)),
        span=values.document.key_span(("kind",)),
    )


def _check_engine(values: Values, engine: str) -> None:
    given = values.get(())
    if engine == "local":
        for key in ("base_url", "api_key", "prices"):
            if key in given:
                message = f"`{key}` has no meaning for the embedded model (`engine: local`)"
                values.find("RT029", (key,), message, "remove it, or `engine`", key=True)
        if given["model"] != LOCAL_MODEL:
            message = f"the embedded model is called `{LOCAL_MODEL}`, not {quoted(given['model'])}"
            values.find("RT023", ("model",), message, f"write `{LOCAL_MODEL}`")
        return
    if "threads" in given:
        message = "`threads` has no meaning for an endpoint: it is not this machine that computes"
        values.find("RT029", ("threads",), message, "remove it", key=True)
    if "base_url" not in given and "api_key" not in given:
        message = "OpenAI's own address needs `api_key`"
        advice = "add `api_key: ${env:OPENAI_KEY}`, or the `base_url` of another endpoint"
        values.find("RT029", ("kind",), message, advice)


def _prices(values: Values) -> PricesDef | None:
    if values.get(("prices",)) is None:
        return None
    paid, cached, output = PRICES
    at: Path = ("prices",)
    price = values.amount((*at, paid.name), paid)
    return PricesDef(
        input=price,
        cached=price
        if values.get((*at, cached.name)) is None
        else values.amount((*at, cached.name), cached),
        output=values.amount((*at, output.name), output),
    )
