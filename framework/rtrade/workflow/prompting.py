"""What a model is asked at a bar of a strategy, worked out without a model: for looking at it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rtrade.config.loading import find_workspace
from rtrade.config.overrides import Overrides
from rtrade.core.errors import LlmNotInstalled, UsageError
from rtrade.core.timeframes import iso
from rtrade.workflow.compiling import Compiled, compile_strategy
from rtrade.workflow.markets import FETCHED, Fetching, opened_store, plan_data

if TYPE_CHECKING:
    from rtrade.analysis.stored import StoredRun
    from rtrade.config.llm_definitions import LlmProviderDef, LlmSignalDef, PromptTemplate
    from rtrade.core.bars import IntArray, MarketData
    from rtrade.llm.contexts import Column, ContextBuilder
    from rtrade.llm.questions import Question
    from rtrade.llm.replies import Request
    from rtrade.plan.plan import LlmPlan
    from rtrade.signals.table import SignalTable
    from rtrade.store.documents import Answer as StoredAnswer


_STRATEGIES = (".yaml", ".yml")


@dataclass(frozen=True, eq=False)
class Inquiry:
    """A signal that a model answers, with the bars and signals that its prompts are made of.

    Where a prompt sees the position or the account, it is shown those of the run's beginning:
    flat, with all the cash.
    """

    compiled: Compiled
    market: MarketData
    model: LlmPlan

    @property
    def definition(self) -> LlmSignalDef:
        """What the strategy says of the signal."""
        return self.model.definition

    @property
    def provider(self) -> LlmProviderDef:
        """Who is asked."""
        return self.model.provider

    def points(self) -> IntArray:
        """Return the run's decision points: indices of bars among all bars read, ascending."""
        from rtrade.workflow.questioning import points_of

        return points_of(self.model, self.market, self._known(self.market))

    def weights(self) -> str | None:
        """Return what runs the model, as the names of its answers say it.

        Raises LlmNotInstalled where the embedded model's engine is not there, and none of its
        answers is stored.
        """
        from rtrade.workflow.questioning import weights_of

        with opened_store(self.compiled.workspace) as store:
            return weights_of(self.provider, store)

    def builder(self, *, anonymize: bool, market: MarketData | None = None) -> ContextBuilder:
        """Return what makes contexts, of the strategy's bars or of `market`, made up from them."""
        from rtrade.llm.contexts import ContextBuilder
        from rtrade.workflow.questioning import columns_of

        seen = self.market if market is None else market
        signals: dict[str, Column] = {}
        if "signals" in self.model.names:
            signals = columns_of(self.compiled.plan, self._known(seen))
        return ContextBuilder(
            seen.base, signals, seen.others, self.definition.window, anonymize=anonymize
        )

    def questions(
        self,
        points: Sequence[int],
        *,
        weights: str | None,
        anonymize: bool | None = None,
        market: MarketData | None = None,
    ) -> list[Question]:
        """Return the questions at the closes of these bars.

        `weights` names what runs the model; `anonymize` and `market` replace what
        the strategy says and its bars. Raises InvalidInput where a prompt cannot be rendered.
        """
        from rtrade.llm.contexts import Portfolio
        from rtrade.llm.prompting import Prompter
        from rtrade.llm.questions import Questioner

        hidden = self.definition.anonymize if anonymize is None else anonymize
        builder = self.builder(anonymize=hidden, market=market)
        questioner = Questioner(self.definition, self.provider, weights)
        with closing(Prompter(self.model.templates, builder, questioner)) as prompter:
            if not prompter.in_run:
                return prompter.questions([*points])
            cash = self.compiled.plan.cash
            account = Portfolio(start=cash, equity=cash, cash=cash, peak=cash, trades=0)
            return [prompter.question(index, None, account) for index in points]

    def asking(self, definition: LlmSignalDef, template: PromptTemplate) -> Inquiry:
        """Return an inquiry of something else, in the same contexts and of the same model."""
        return replace(
            self, model=replace(self.model, definition=definition, templates=(template,))
        )

    def _known(self, market: MarketData) -> SignalTable:
        from rtrade.signals.evaluate import evaluate_without_answers

        return evaluate_without_answers(self.compiled.plan, market)


@dataclass(frozen=True)
class Prompted:
    """What would be sent at a decision point, and which of it is answered already.

    `time` is the open time (ms) of its bar, `close` its close. `keys` and `stored` are by request;
    None where it is not known what runs the model, so that its answers have no name yet.
    """

    signal: str
    provider: LlmProviderDef
    time: int
    close: int
    in_run: bool
    requests: tuple[Request, ...]
    keys: tuple[str, ...] | None
    stored: tuple[StoredAnswer | None, ...] | None


def open_inquiry(
    path: Path, overrides: Overrides, signal: str | None, fetching: Fetching = FETCHED
) -> Inquiry:
    """Compile a strategy and load its bars; `signal` is needed where several ask a model.

    Raises UsageError where there is no such signal, InvalidInput where a file is wrong, and
    WorldError where bars cannot be had.
    """
    compiled = compile_strategy(path, overrides)
    name = _chosen(list(compiled.plan.llm), signal)
    return Inquiry(compiled, plan_data(compiled, fetching), compiled.plan.llm[name])


def named_run(name: str, overrides: Overrides, out: Path | None) -> StoredRun | None:
    """Return the run that `name` means, or None where it is a strategy file.

    `out` is the folder that runs are looked for in. Raises UsageError where there is none, or
    where options would change it.
    """
    if Path(name).suffix in _STRATEGIES:
        return None
    if given := overrides.given():
        listed = ", ".join(f"`{one}`" for one in given)
        raise UsageError(
            f"`{name}` is a run, and a run is as it is: {listed} cannot change it",
            hint="name the strategy file instead, or leave the options out",
        )
    from rtrade.analysis.stored import find_run, read_run
    from rtrade.workflow.running import output_root

    return read_run(find_run(name, output_root(find_workspace(None), out)))


def inquiry_of(run: StoredRun, signal: str | None) -> Inquiry:
    """Return the inquiry of a signal of a run, over the bars of the run."""
    from rtrade.workflow.reopening import reopened

    compiled, market = reopened(run)
    return Inquiry(compiled, market, compiled.plan.llm[_chosen(list(compiled.plan.llm), signal)])


def open_inquiries(
    path: Path, overrides: Overrides, fetching: Fetching = FETCHED
) -> list[Inquiry]:  # fmt: skip
    """Return the inquiries of all signals of a strategy that a model answers, at least one."""
    compiled = compile_strategy(path, overrides)
    models = compiled.plan.llm
    if not models:
        raise _unasked()
    market = plan_data(compiled, fetching)
    return [Inquiry(compiled, market, model) for model in models.values()]


def _chosen(names: list[str], signal: str | None) -> str:
    if not names:
        raise _unasked()
    listed = ", ".join(f"`{name}`" for name in names)
    if signal is None and len(names) > 1:
        raise UsageError(f"several signals ask a model: {listed}", hint="choose with `--signal`")
    if signal is not None and signal not in names:
        raise UsageError(f"no signal `{signal}` asks a model", hint=f"there are {listed}")
    return names[0] if signal is None else signal


def _unasked() -> UsageError:
    return UsageError(
        "no rule or size of this strategy rests on what a model answers",
        hint="a signal asks one with `analyst: {llm: {...}}`: see docs/llm.md",
    )


def prompt_at(
    path: Path,
    overrides: Overrides,
    at: int,
    *,
    signal: str | None = None,
    fetching: Fetching = FETCHED,
) -> Prompted:
    """Return what is asked at the last decision point whose bar opens at or before `at` (ms).

    Neither a key nor a model is needed. Raises UsageError where no point is that early.
    """
    inquiry = open_inquiry(path, overrides, signal, fetching)
    market, index = inquiry.market, point_before(inquiry, at)
    try:
        question = inquiry.questions([index], weights=inquiry.weights())[0]
        keys: tuple[str, ...] | None = tuple(request.key for request in question.requests)
    except LlmNotInstalled:
        question, keys = inquiry.questions([index], weights=None)[0], None
    stored = None
    if keys is not None:
        with opened_store(inquiry.compiled.workspace) as store:
            rows = store.answers(list(keys))
        stored = tuple(rows.get(key) for key in keys)
    return Prompted(
        signal=inquiry.definition.name,
        provider=inquiry.provider,
        time=question.time,
        close=market.base.timeframe.close(question.time),
        in_run=inquiry.model.uses_state,
        requests=question.requests,
        keys=keys,
        stored=stored,
    )


def point_before(inquiry: Inquiry, at: int) -> int:
    """Return the last decision point whose bar opens at or before `at` (ms); raise UsageError."""
    points, time = inquiry.points(), inquiry.market.base.time
    early = points[time[points] <= at]
    if len(early):
        return int(early[-1])
    name = inquiry.definition.name
    if not len(points):
        raise UsageError(
            f"`{name}` is not asked once in this range",
            hint="take a longer range with `--start` and `--end`, or another condition",
        )
    first = iso(int(time[points[0]]))
    raise UsageError(
        f"`{name}` is not asked at or before {iso(at)}: the first time is at the bar {first}",
        hint="begin earlier with `--start`",
    )
