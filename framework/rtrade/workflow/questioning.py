"""What is asked of a model in a run: when, with which prompts; and its answers as series."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rtrade.catalog.registry import Kind, Unit
from rtrade.config.llm_definitions import LlmProviderDef
from rtrade.core.errors import LlmNotInstalled
from rtrade.llm.cadence import points_at, points_every
from rtrade.llm.columns import answer_columns
from rtrade.llm.contexts import Column, ContextBuilder, Portfolio, Position
from rtrade.llm.prompting import Prompter
from rtrade.llm.questions import Questioner
from rtrade.signals.answers import AnswerSeries
from rtrade.signals.evaluate import evaluate_without_answers

if TYPE_CHECKING:
    from rtrade.core.bars import IntArray, MarketData
    from rtrade.execution.asking import State
    from rtrade.llm.answers import Answer
    from rtrade.llm.cache import AnswerStore
    from rtrade.llm.questions import Question
    from rtrade.plan.plan import LlmPlan, Plan
    from rtrade.signals.table import SignalTable


@dataclass(eq=False)
class Interview:
    """One signal's questions. `points` are bars of the base series, those before the run counted.

    It holds the processes that render prompts, until it is closed.
    """

    llm: LlmPlan
    points: IntArray
    length: int
    start: float
    prompter: Prompter

    @property
    def in_run(self) -> bool:
        """Whether the prompts see the position or the account, so that the run asks in order."""
        return self.llm.uses_state

    def asks_at(self, index: int) -> bool:
        """Tell whether a bar of the base series is a decision point."""
        place = int(np.searchsorted(self.points, index))
        return place < len(self.points) and int(self.points[place]) == index

    def questions(self) -> list[Question]:
        """Return the questions of all points; of a run that asks in order, as they are while flat
        with nothing won or lost: only to tell what they cost.
        """
        points = [int(point) for point in self.points]
        if not self.in_run:
            return self.prompter.questions(points)
        account = Portfolio(self.start, self.start, self.start, self.start, 0)
        return [self.prompter.question(point, None, account) for point in points]

    def question(self, index: int, state: State) -> Question:
        """Return the question at the close of a bar of the base series."""
        position = None
        if state.side:
            position = Position(
                "long" if state.side > 0 else "short", state.entry_price, state.bars
            )
        account = Portfolio(state.start, state.equity, state.cash, state.peak, state.trades)
        return self.prompter.question(index, position, account)

    def series(self, answers: Sequence[Answer | None]) -> AnswerSeries:
        """Return the answers of the first so many points as series."""
        definition = self.llm.definition
        points = self.points[: len(answers)]
        valid = definition.cadence.valid_for
        return AnswerSeries.of(
            answer_columns(definition.answer, answers, points, self.length, valid)
        )

    def close(self) -> None:
        """End the processes."""
        self.prompter.close()


def interviews(plan: Plan, market: MarketData, store: AnswerStore) -> Iterator[Interview]:
    """Yield what is asked of each model of a plan over a market.

    Raises LlmNotInstalled where the local model is asked, what runs it is not there, and `store`
    has no answer of it.
    """
    table = evaluate_without_answers(plan, market)
    told = columns_of(plan, table)
    for llm in plan.llm.values():
        definition = llm.definition
        builder = ContextBuilder(
            market.base, told, market.others, definition.window, definition.anonymize
        )
        questioner = Questioner(definition, llm.provider, weights_of(llm.provider, store))
        prompter = Prompter(llm.templates, builder, questioner)
        yield Interview(llm, points_of(llm, market, table), len(market.base), plan.cash, prompter)


def points_of(llm: LlmPlan, market: MarketData, table: SignalTable) -> IntArray:
    """Return the decision points of a run, as bars of the base series."""
    if llm.at is not None:
        return points_at(table.condition(llm.at), market.first)
    assert llm.definition.cadence.every is not None
    return points_every(market.base, llm.definition.cadence.every, market.first)


def columns_of(plan: Plan, table: SignalTable) -> dict[str, Column]:
    """Return the signals that prompts are told, by name."""
    found = {}
    for name, node in plan.known_before_asking().items():
        if node.kind is Kind.BOOLEAN:
            found[name] = Column("condition", table.condition(node))
        elif node.kind is Kind.NUMBER:
            found[name] = Column(
                "price" if node.unit is Unit.PRICE else "number", table.number(node)
            )
    return found


def weights_of(provider: LlmProviderDef, store: AnswerStore) -> str | None:
    """Return which weights and engine answer, where that is known; part of each answer's key.

    Where the embedded model's engine is not installed, they are those of its latest stored answer:
    whoever was given the answers repeats a run without it. Raises LlmNotInstalled where there is
    none either.
    """
    if provider.engine != "local":
        return None
    from rtrade.llm.local import identity

    try:
        return identity()
    except LlmNotInstalled:
        latest = store.recent_answers(provider.model, 1)
        if not latest:
            raise
        stored: str | None = json.loads(latest[0].request).get("weights")
        return stored
