"""What models answered, as series over the bars read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rtrade.core.bars import FloatArray
from rtrade.llm.contexts import Column
from rtrade.plan.plan import Plan


@dataclass(frozen=True, eq=False)
class AnswerSeries:
    """The fields of one signal's answers: float64, one value for each bar of the base series read.

    A choice is its index in the field's choices. NaN where it is unknown: no answer applies, or
    the model abstained.
    """

    fields: Mapping[str, FloatArray]

    @classmethod
    def of(cls, columns: Mapping[str, Column]) -> AnswerSeries:
        """Return the series of what `llm.columns.answer_columns` yields."""
        return cls({name: _floats(column) for name, column in columns.items()})


def unanswered(plan: Plan, bars: int) -> dict[str, AnswerSeries]:
    """Return answers of nobody: unknown at each of `bars` closes."""
    return {
        name: AnswerSeries({one.name: np.full(bars, np.nan) for one in llm.definition.answer})
        for name, llm in plan.llm.items()
    }


def _floats(column: Column) -> FloatArray:
    values = column.values.astype(np.float64)
    return np.where(values < 0, np.nan, values) if column.kind == "choice" else values
