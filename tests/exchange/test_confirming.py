"""Confirmed windows against an exchange that errs: what comes out is its truth, or an error."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.support import H1, START, make_bars
from rtrade.core.errors import MalformedAnswer
from rtrade.core.intervals import Interval
from rtrade.core.timeframes import HOUR
from rtrade.exchange.confirming import read_window
from rtrade.exchange.rows import Rows

BARS = make_bars(40, without=[7, 8, 30])
TRUTH = Rows(BARS.time, np.column_stack([BARS.open, BARS.high, BARS.low, BARS.close, BARS.volume]))
HOLE = Interval(START, START + 20 * HOUR)
WHOLE = Interval(START + 10 * HOUR, START + 20 * HOUR)


class Exchange:
    """Answers from the truth, changed by the next of `faults` where there is one."""

    def __init__(self, *faults) -> None:
        self.faults = list(faults)
        self.asked: list[Interval] = []

    def ask(self, asked: Interval) -> Rows:
        self.asked.append(asked)
        rows = TRUTH.inside(asked)
        return self.faults.pop(0)(rows) if self.faults else rows


def right(rows: Rows) -> Rows:
    return rows


def without(*indices):
    def leave_out(rows: Rows) -> Rows:
        kept = [n for n in range(len(rows)) if n not in {i % max(len(rows), 1) for i in indices}]
        return Rows(rows.time[kept], rows.values[kept])

    return leave_out


def changed(index):
    def change(rows: Rows) -> Rows:
        values = rows.values.copy()
        values[index, 3] += 0.01
        return Rows(rows.time, values)

    return change


def read(exchange: Exchange, window: Interval, *, known: Rows | None = None, latest=False) -> Rows:
    closed = window.end if latest else window.end + HOUR
    return read_window(exchange.ask, H1, window, known=known, closed=closed)


def wider(window: Interval) -> Interval:
    """Return a window with the bar before and the bar after it."""
    return Interval(max(window.start - HOUR, 0), window.end + HOUR)


def test_a_whole_answer_is_believed_at_once():
    exchange = Exchange()
    assert read(exchange, WHOLE).same(TRUTH.inside(WHOLE))
    assert exchange.asked == [wider(WHOLE)]


def test_a_hole_counts_after_two_separate_answers():
    exchange = Exchange()
    assert read(exchange, HOLE).same(TRUTH.inside(HOLE))
    assert exchange.asked == [wider(HOLE)] * 2


@pytest.mark.parametrize(
    "faults",
    [[without(3)], [without(0)], [without(-1)], [without(3, 4, 5), without(3)],
     [lambda rows: rows.inside(Interval(0, 1))], [right, without(2)], [without(2), changed(5)]],
)  # fmt: skip
@pytest.mark.parametrize("window", [HOLE, WHOLE])
def test_a_hole_that_is_none_is_seen_through(faults, window):
    assert read(Exchange(*faults), window).same(TRUTH.inside(window))


def test_an_empty_window_is_asked_for_twice():
    exchange = Exchange()
    window = Interval(START + 7 * HOUR, START + 9 * HOUR)
    assert len(read(exchange, window)) == 0
    assert len(exchange.asked) == 2


@pytest.mark.parametrize("at", [0, -1])
def test_what_errs_at_the_ends_of_an_answer_errs_outside_of_the_window(at):
    exchange = Exchange(changed(at))
    assert read(exchange, WHOLE).same(TRUTH.inside(WHOLE))
    exchange = Exchange(without(at))
    assert read(exchange, WHOLE).same(TRUTH.inside(WHOLE))


def test_the_first_window_of_all_has_no_bar_before_it():
    asked = []

    def ask(wanted: Interval) -> Rows:
        asked.append(wanted)
        return TRUTH.inside(wanted)

    read_window(ask, H1, Interval(0, HOUR), known=None, closed=START)
    assert asked == [Interval(0, 2 * HOUR)] * 2


KNOWN = TRUTH.at(WHOLE.start - HOUR)


def test_the_bar_before_is_asked_for_again_and_left_out():
    exchange = Exchange()
    assert read(exchange, WHOLE, known=KNOWN).same(TRUTH.inside(WHOLE))
    assert exchange.asked == [wider(WHOLE)]


def test_a_bar_that_was_wrong_before_is_put_right():
    wrong = changed(0)(KNOWN)
    exchange = Exchange()
    found = read(exchange, WHOLE, known=wrong)
    assert found.same(TRUTH.inside(Interval(WHOLE.start - HOUR, WHOLE.end)))
    assert len(exchange.asked) == 2


def test_an_answer_that_differs_from_what_is_known_is_not_believed():
    exchange = Exchange(changed(0))
    assert read(exchange, WHOLE, known=KNOWN).same(TRUTH.inside(WHOLE))
    assert len(exchange.asked) == 3


def test_a_known_bar_that_is_no_longer_answered_is_not_taken_back():
    fault = without(0)
    exchange = Exchange(fault, fault)
    assert read(exchange, WHOLE, known=KNOWN).same(TRUTH.inside(WHOLE))


def test_bars_that_closed_last_are_asked_for_twice():
    exchange = Exchange(changed(-1))
    assert read(exchange, WHOLE, latest=True).same(TRUTH.inside(WHOLE))
    assert exchange.asked[1] == Interval(WHOLE.end - 2 * HOUR, WHOLE.end)
    exchange = Exchange(right, changed(-1))
    assert read(exchange, WHOLE, latest=True).same(TRUTH.inside(WHOLE))


def test_answers_that_go_on_to_differ_are_an_error():
    faults = [without(n) for n in range(1, 9)]
    with pytest.raises(MalformedAnswer, match="no two of 7 answers agree"):
        read(Exchange(*faults), WHOLE)


SEEN = [right, without(0), without(1), without(-1), without(2, 3), lambda rows: rows.inside(HOLE)]


@given(st.lists(st.sampled_from(SEEN), max_size=4, unique=True), st.booleans(), st.booleans())
def test_transient_faults_change_nothing(faults, known, latest):
    found = read(Exchange(*faults), WHOLE, known=KNOWN if known else None, latest=latest)
    assert found.same(TRUTH.inside(WHOLE))
