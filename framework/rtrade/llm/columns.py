"""Answers as series: a column for each field that rules may use, unknown where none applies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rtrade.config.llm_definitions import AnswerField, EnumField, IntegerField
from rtrade.core.bars import IntArray
from rtrade.llm.answers import Answer
from rtrade.llm.cadence import applying, spread
from rtrade.llm.contexts import Column


def answer_columns(
    fields: Sequence[AnswerField],
    answers: Sequence[Answer | None],
    points: IntArray,
    length: int,
    valid_for: int | None = None,
) -> dict[str, Column]:
    """Return a column of `length` closes for each choice and number of the form.

    `answers` belong to the closes `points` (ascending); None is an abstention. A choice is the
    index of its value in `choices`, -1 where unknown; a number is NaN where unknown. Text has no
    column.
    """
    places = applying(points, length, valid_for)
    columns: dict[str, Column] = {}
    for one in fields:
        given = [None if answer is None else answer.values[one.name] for answer in answers]
        if isinstance(one, EnumField):
            codes = {value: code for code, value in enumerate(one.values)}
            values = np.array([-1 if v is None else codes[str(v)] for v in given], dtype=np.int64)
            columns[one.name] = Column("choice", spread(values, -1, places), one.values)
        elif isinstance(one, IntegerField):
            numbers = np.array([np.nan if v is None else float(v) for v in given], dtype=float)
            columns[one.name] = Column("number", spread(numbers, np.nan, places))
    return columns
