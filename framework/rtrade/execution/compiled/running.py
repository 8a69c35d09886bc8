"""A single run: one walk over the bars, again with more room where the books were too small."""

from __future__ import annotations

import numpy as np

from rtrade.core.bars import Bars
from rtrade.core.results import FillColumns, RunResult
from rtrade.execution.compiled.binding import compiled_walk
from rtrade.execution.compiled.loading import (
    cuts_of,
    measures_of,
    new_books,
    prices_of,
    rules_of,
    terms_of,
)
from rtrade.execution.compiled.states import (
    CAPPED,
    FILLED,
    HALTED_BAR,
    RUINED_BAR,
    SHRUNK,
    Books,
)
from rtrade.execution.program import Program
from rtrade.execution.recording import result_from_columns
from rtrade.execution.tape import check_lengths

# Room for fills to begin with: one for each so many bars.
_BARS_A_FILL = 32
_LEAST = 64


def walked(program: Program, bars: Bars) -> RunResult:
    """Walk a program over its bars and return the result."""
    check_lengths(program, len(bars))
    books = _books(program, bars)
    counts = books.counts.tolist()
    return result_from_columns(
        "compiled",
        bars,
        program.cash,
        columns_of(books, counts[FILLED]),
        counts[:FILLED],
        counts[CAPPED],
        counts[HALTED_BAR],
        counts[RUINED_BAR],
        cuts_of(books.shrunk[: counts[SHRUNK]], program, bars.close),
    )


def columns_of(books: Books, count: int) -> FillColumns:
    """Return the fills of a walk, column by column."""
    codes, money = books.fills[:count].T, books.money[:count].T
    return FillColumns(
        bar=codes[0].copy(),
        direction=codes[1].astype(np.int8),
        size=money[0].copy(),
        price=money[1].copy(),
        reference=money[2].copy(),
        fee=money[3].copy(),
        reason=codes[2].astype(np.int8),
    )


def _books(program: Program, bars: Bars) -> Books:
    measures, places = measures_of(program)
    prices = prices_of(bars, daily=program.risk.daily_loss is not None)
    rules, terms = rules_of(program), terms_of(program, places)
    walk = compiled_walk()
    books = new_books(_LEAST + len(bars) // _BARS_A_FILL, _LEAST)
    while True:
        walk(*prices, rules, (0, 1, 2, 3), measures, terms, *books)
        filled, shrunk = int(books.counts[FILLED]), int(books.counts[SHRUNK])
        if filled <= len(books.fills) and shrunk <= len(books.shrunk):
            return books
        books = new_books(filled, shrunk)
