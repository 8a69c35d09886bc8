"""Answers drawn by lot, to try what a plan does with answers where no model is asked."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from rtrade.config.llm_definitions import AnswerField, EnumField, TextField
from rtrade.core.bars import FloatArray, IntArray, MarketData
from rtrade.llm.cadence import NONE, applying, points_at, points_every
from rtrade.plan.plan import LlmPlan, Plan
from rtrade.signals.answers import AnswerSeries
from rtrade.signals.evaluate import evaluate_without_answers
from rtrade.signals.table import SignalTable

# One in so many questions is left without an answer.
_ABSTAINED = 8
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


def drawn(plan: Plan, market: MarketData) -> dict[str, AnswerSeries]:
    """Return answers that depend on nothing but the time of their question.

    Each model is asked when it would be, over all bars read; some of the questions are left
    without an answer.
    """
    if not plan.llm:
        return {}
    known = evaluate_without_answers(plan, market)
    return {name: _series(name, model, market, known) for name, model in plan.llm.items()}


def _series(name: str, model: LlmPlan, market: MarketData, known: SignalTable) -> AnswerSeries:
    cadence = model.definition.cadence
    if model.at is not None:
        points = points_at(known.condition(model.at))
    else:
        assert cadence.every is not None
        points = points_every(market.base, cadence.every)
    places = applying(points, len(market.base), cadence.valid_for)
    times = market.base.time[points]
    abstained = _draw(f"{name}?", times, _ABSTAINED) == 0
    return AnswerSeries(
        {
            one.name: _spread(np.where(abstained, np.nan, _values(name, one, times)), places)
            for one in model.definition.answer
            if not isinstance(one, TextField)
        }
    )


def _values(signal: str, form: AnswerField, times: IntArray) -> FloatArray:
    name = f"{signal}.{form.name}"
    if isinstance(form, EnumField):
        return _draw(name, times, len(form.values))
    assert not isinstance(form, TextField)
    return form.low + _draw(name, times, form.high - form.low + 1)


def _draw(name: str, times: IntArray, count: int) -> FloatArray:
    """Return a whole number in 0 .. count - 1 for each time, as even as a hash makes them."""
    mixed: NDArray[np.uint64] = times.astype(np.uint64) ^ np.uint64(zlib.crc32(name.encode()))
    for shift in (30, 27, 31):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * _MULTIPLIER
    return np.asarray((mixed >> np.uint64(33)) % np.uint64(count), dtype=np.float64)


def _spread(values: FloatArray, places: IntArray) -> FloatArray:
    padded = np.append(values, np.nan)
    return np.asarray(padded[np.where(places == NONE, len(values), places)])
