"""Engines and the reference model, written apart from one page, agree to the bit on any program.

A part is a thousand numbered programs, the same ones at all times. `RTRADE_PROGRAMS` asks for more
of them than the two thousand of every test run; hypothesis then draws fresh ones too.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings

from conformance import kept
from conformance.engines import disagreements
from conformance.programs import cases, numbered
from reference.watched import BRANCHES, Watched

PART = 1000
MORE = int(os.environ.get("RTRADE_PROGRAMS", "0"))
PARTS = max(2, MORE // PART)
# In 200,000 programs every branch of the rules is met at least 1,000 times.
LEAST = 5

drawing = settings(
    max_examples=max(100, MORE // 20),
    derandomize=MORE == 0,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def failing(case):
    return bool(disagreements(*case))


def told(name, case, found):
    """Return what a reader needs: what differs, and the case made small, to be kept."""
    smaller = kept.shrunk(case, failing)
    words = [f"{name}: {found}", f"made small: {disagreements(*smaller)}"]
    return "\n".join([*words, "to keep in tests/conformance/cases:", kept.text_of(smaller)])


@pytest.mark.parametrize("part", range(PARTS))
def test_the_engines_do_what_the_model_does(part, record_property):
    seen, wrong = Counter(), []
    for number in range(part * PART, (part + 1) * PART):
        case = numbered(number)
        watched = Watched(*case)
        if found := disagreements(*case, watched):
            wrong.append((f"program {number}", case, found))
        seen.update(watched.seen)
    record_property("programs", PART)
    record_property("branches", dict(seen))
    assert not wrong, f"{len(wrong)} of {PART}:\n{told(*wrong[0])}"
    assert {name: seen[name] for name in BRANCHES if seen[name] < LEAST} == {}
    assert seen.keys() <= set(BRANCHES) | {f"fill: {name}" for name in Watched.exits}


@drawing
@given(cases())
def test_the_engines_do_what_the_model_does_on_drawn_programs(case):
    assert disagreements(*case) == {}, kept.text_of(case)


@pytest.mark.parametrize("name", kept.read_all())
def test_what_once_went_wrong_is_right(name):
    assert disagreements(*kept.read_all()[name]) == {}


@pytest.mark.parametrize("number", range(0, 300, 7))
def test_a_case_is_kept_as_it_is(number):
    case = numbered(number)
    text = kept.text_of(case)
    assert kept.text_of(kept.case_of(kept.json.loads(text))) == text
    assert disagreements(*kept.case_of(kept.json.loads(text))) == {}


def test_a_case_is_made_small():
    """What is left of a program is what the failure needs: here, one stop that is hit."""

    def stopped(case):
        result = Watched(*case).run()
        return any(fill.reason == "stop_loss" for fill in result.fills)

    number = next(n for n in range(100) if stopped(numbered(n)) and len(numbered(n)[1]) > 20)
    program, bars = kept.shrunk(numbered(number), stopped)
    assert stopped((program, bars))
    assert len(bars) <= 3
    assert program.risk.take_profit is program.risk.trailing_stop is None
