"""Ask the models of a strategy: before the run where that is possible, else in the middle of it.

1. The decision points are found, and the prompts of those that are known are rendered.
2. What asking takes at most is told; then keys are looked for, and the local model is started.
3. What is not stored is asked for. Prompts that see the position or the account follow one after
   another while the run is going on.

Where every answer is stored, no key is needed, no model is started, and nothing is sent.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rtrade.analysis.llm_decisions import added
from rtrade.analysis.llm_record import Asked
from rtrade.config.llm_definitions import CacheMode, LlmProviderDef, LlmSignalDef
from rtrade.core.errors import AnswerMissing, UsageError
from rtrade.core.settings import load_secret, load_settings
from rtrade.core.timeframes import iso
from rtrade.execution.asking import Asking, State
from rtrade.llm.asking import Asker
from rtrade.llm.cache import AnswerCache
from rtrade.llm.decisions import Decision, answers_digest
from rtrade.llm.endpoint import Access, Endpoint
from rtrade.llm.usage import Estimate
from rtrade.workflow.markets import Fetching, opened_store
from rtrade.workflow.questioning import Interview

if TYPE_CHECKING:
    from rtrade.core.bars import MarketData
    from rtrade.execution.program import Program
    from rtrade.llm.questions import Question
    from rtrade.signals.answers import AnswerSeries
    from rtrade.store.store import Store
    from rtrade.workflow.compiling import Compiled

# The client's own name for its key, and the one that this project uses.
_KEYS = ("OPENAI_KEY", "OPENAI_API_KEY")
_OWN_ANSWERS = ("replay_or_call", "replay")


class Talk:
    """One signal's model being asked: its interview, and the decisions so far, by time."""

    def __init__(self, interview: Interview, cache: AnswerCache) -> None:
        self.interview = interview
        self.decisions: list[Decision] = []
        provider = interview.llm.provider
        # Where nothing has to be sent, this is never spoken to.
        self.endpoint = Endpoint(provider, Access(provider.base_url, ""))
        self.asker = Asker(interview.llm.definition, self.endpoint, cache)

    @property
    def name(self) -> str:
        """The signal's name."""
        return self.interview.llm.definition.name

    @property
    def provider(self) -> LlmProviderDef:
        """Who is asked."""
        return self.interview.llm.provider

    def series(self) -> AnswerSeries:
        """Return the answers so far as series."""
        return self.interview.series([one.answer for one in self.decisions])

    def close(self) -> None:
        """Close connections, and end the processes that render prompts."""
        self.asker.close()
        self.interview.close()


class Answers:
    """What the models of a plan answer for one run."""

    def __init__(self, compiled: Compiled, market: MarketData, fetching: Fetching) -> None:
        self._compiled, self._market, self._fetching = compiled, market, fetching
        self._stack = ExitStack()
        self._access: dict[str, Access] = {}
        self.talks: tuple[Talk, ...] = ()

    def open(self, store: Store, stack: ExitStack) -> None:
        """Find the decision points, and ask for what can be asked before the run."""
        from rtrade.workflow.questioning import interviews

        self._stack = stack
        for interview in interviews(self._compiled.plan, self._market, store):
            mode = mode_of(interview.llm.definition, offline=self._fetching.offline)
            talk = Talk(interview, AnswerCache(store, mode))
            stack.callback(talk.close)
            self.talks += (talk,)
        self._prefetch()

    @property
    def in_run(self) -> bool:
        """Whether a model is asked while the run is going on."""
        return any(talk.interview.in_run for talk in self.talks)

    def asked(self) -> tuple[Asked, ...]:
        """Return the decisions by signal, once the run is over."""
        first = self._market.first
        return tuple(
            Asked(
                talk.interview.llm,
                tuple(talk.decisions),
                talk.interview.points - first,
                talk.asker.failed,
            )
            for talk in self.talks
        )

    def digest(self) -> str:
        """Return the sha256 (hex) of all answers, for the fingerprint."""
        parts = sorted([talk.name, answers_digest(talk.decisions)] for talk in self.talks)
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def series(self) -> dict[str, AnswerSeries]:
        """Return the answers so far, by signal."""
        return {talk.name: talk.series() for talk in self.talks}

    def asking(self) -> Asking | None:
        """Return how a run asks in its middle; None: it does not."""
        if not self.in_run:
            return None
        first = self._market.first
        points = {
            int(point) - first
            for talk in self.talks
            if talk.interview.in_run
            for point in talk.interview.points
        }
        return Asking(sorted(points), self._ask)

    def _ask(self, bar: int, state: State) -> Program:
        """Ask at the close of a bar of the run; return the program from there on."""
        from rtrade.execution.preparing import prepare
        from rtrade.signals.evaluate import evaluate

        index = self._market.first + bar
        for talk in self.talks:
            if talk.interview.in_run and talk.interview.asks_at(index):
                self._answer(talk, [talk.interview.question(index, state)])
                done, total = len(talk.decisions), len(talk.interview.points)
                self._fetching.decided(talk.name, done, total)
        bare = replace(self._compiled.plan, signals={})
        return prepare(bare, self._market, evaluate(bare, self._market, self.series()))

    def _prefetch(self) -> None:
        known = [(talk, talk.interview.questions()) for talk in self.talks]
        estimates = [talk.asker.estimate(questions) for talk, questions in known]
        for (talk, _), estimate in zip(known, estimates, strict=True):
            self._fetching.told(told(talk.interview, estimate))
        for (talk, questions), estimate in zip(known, estimates, strict=True):
            if estimate.requests and not talk.interview.in_run:
                self._reach(talk, questions)
        for talk, questions in known:
            if not talk.interview.in_run:
                self._answer(talk, questions)

    def _answer(self, talk: Talk, questions: list[Question]) -> None:
        if talk.interview.in_run and talk.asker.estimate(questions).requests:
            self._reach(talk, questions)

        def progress(done: int, total: int) -> None:
            if not talk.interview.in_run:
                self._fetching.decided(talk.name, done, total)

        with missing_told(offline=self._fetching.offline):
            talk.decisions += talk.asker.ask(questions, progress)

    def _reach(self, talk: Talk, questions: list[Question]) -> None:
        """Open the provider of a signal, unless nothing may be asked of it."""
        if talk.asker.cache.mode == "replay" or not questions:
            return
        name = talk.provider.name
        if name not in self._access:
            self._access[name] = self._opened(talk.provider)
        talk.endpoint.access = self._access[name]

    def _opened(self, provider: LlmProviderDef) -> Access:
        from rtrade.llm.opening import open_endpoint

        workspace = self._compiled.workspace
        loopback = load_settings(workspace)["RTRADE_LOOPBACK"] not in ("", "0")
        environ = keys_of(provider, workspace)
        opened = open_endpoint(provider, environ, loopback_only=loopback)
        return self._stack.enter_context(opened).access


@contextmanager
def answered(
    compiled: Compiled, market: MarketData, fetching: Fetching
) -> Iterator[Answers]:  # fmt: skip
    """Ask the models of a strategy before its run; within the context it may ask on.

    Raises InvalidInput for a prompt that cannot be rendered, LlmError where a model cannot be
    asked, AnswerMissing where nothing may be asked and an answer is not stored, StoreError.
    """
    answers = Answers(compiled, market, fetching)
    with opened_store(compiled.workspace) as store, ExitStack() as stack:
        answers.open(store, stack)
        yield answers


def mode_of(definition: LlmSignalDef, *, offline: bool) -> CacheMode:
    """Return how a signal uses stored answers; raise UsageError where offline it cannot."""
    if not offline:
        return definition.cache
    if definition.cache not in _OWN_ANSWERS:
        raise UsageError(
            f"`cache: {definition.cache}` of `{definition.name}` asks for every answer, and "
            "`--offline` forbids it",
            hint="leave out one of the two",
        )
    return "replay"


@contextmanager
def missing_told(*, offline: bool) -> Iterator[None]:
    """Let an answer that is missing offline be put down to that, and not to the cache."""
    try:
        yield
    except AnswerMissing as fault:
        if not offline:
            raise
        hint = (fault.hint or "").replace("use `cache: replay_or_call`", "leave out `--offline`")
        raise AnswerMissing(fault.message, hint=hint) from None


def keys_of(provider: LlmProviderDef, workspace: Path) -> dict[str, str]:
    """Return the secrets that a provider's key may be in, from the environment and `.env`."""
    names = [name for name in (provider.api_key, *_KEYS) if name is not None]
    found = {name: load_secret(name, workspace) for name in dict.fromkeys(names)}
    return {name: value for name, value in found.items() if value}


def told(interview: Interview, estimate: Estimate) -> str:
    """Say how many decisions there are, how many are stored, and what the rest costs at most."""
    definition, provider = interview.llm.definition, interview.llm.provider
    count = f"{estimate.decisions:,} decision{'s' if estimate.decisions != 1 else ''}"
    begun = f"{definition.name}: {count} by {provider.name} ({provider.model}), "
    begun += f"{estimate.cached:,} stored"
    if not estimate.requests:
        return begun
    money = "money unknown: the source states no prices"
    if provider.engine == "local":
        money = "no money"
    elif estimate.usd is not None:
        money = f"{estimate.usd:,.4f} USD"
    most = f"at most {estimate.calls:,} calls, {estimate.tokens:,} tokens, {money}"
    if interview.in_run:
        most = f"asked in order while the run goes on; about {most}"
    budget = definition.budget
    limits = [
        f"{value:,} {unit}"
        for value, unit in ((budget.calls, "calls"), (budget.tokens, "tokens"), (budget.usd, "USD"))
        if value is not None
    ]
    return f"{begun}; {most}" + (f"; stops at {' or '.join(limits)}" if limits else "")


def spent_on(answers: Answers) -> dict[str, Any]:
    """Return what asking took this time: in all, by signal, and which decisions were asked for."""
    by_signal = {talk.name: asdict(talk.asker.counters) for talk in answers.talks}
    free = {talk.name: talk.provider.engine == "local" for talk in answers.talks}
    for name, counted in by_signal.items():
        if free[name]:
            counted["cost_usd"] = 0.0
    names = ("calls", "cached", "prompt_tokens", "completion_tokens", "cost_usd")
    total: dict[str, Any] = {name: added(one[name] for one in by_signal.values()) for name in names}
    return {
        "total": {
            name: value if name == "cost_usd" else int(value) for name, value in total.items()
        },
        "signals": by_signal,
        "asked": {
            talk.name: [iso(one.time) for one in talk.decisions if not one.stored]
            for talk in answers.talks
        },
    }
