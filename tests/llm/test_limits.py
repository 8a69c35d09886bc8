"""Pace, breaker, budget and waits, on a clock of their own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtrade.config.llm_definitions import BudgetDef, OnFailureDef
from rtrade.llm.limits import Breaker, Budget, Pace, backoff, retry_after

NOW = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT


@dataclass
class Watch:
    """A clock that stands still until it is moved."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None), ("", None), (" ", None), ("0", 0.0), ("1", 1.0), (" 2.5 ", 2.5),
        ("3600", 3600.0), ("-5", 0.0), ("1e3", 1000.0), ("nan", None), ("inf", None),
        ("-inf", None), ("soon", None), ("1 s", None), ("0x10", None), ("١", 1.0),
        ("Tue, 14 Nov 2023 22:13:50 GMT", 30.0), ("Tue, 14 Nov 2023 22:13:20 GMT", 0.0),
        ("Mon, 13 Nov 2023 22:13:20 GMT", 0.0), ("Tue, 14 Nov 2023 23:13:20 +0100", 0.0),
        ("Tue, 99 Nov 2023 22:13:50 GMT", None), ("2023-11-14T22:13:50Z", None),
        ("Tue, 14 Nov 99999 22:13:50 GMT", None), ("9" * 400, None),
    ],
)  # fmt: skip
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds


@given(st.text(max_size=40))
def test_any_header_is_read(header: str) -> None:
    found = retry_after(header, NOW)
    assert found is None or (found >= 0 and math.isfinite(found))


def test_waits_double_up_to_a_limit_and_differ_by_request() -> None:
    low, high = "0" * 64, "f" * 64
    assert [backoff(n, high) for n in range(6)] == [0.5, 1, 2, 4, 8, 8]
    assert [backoff(n, low) for n in range(6)] == [0.25, 0.5, 1, 2, 4, 4]
    assert backoff(5000, high) == 8


@given(st.floats(0.1, 1e4), st.lists(st.floats(0, 10), min_size=2, max_size=40))
def test_never_more_than_the_rate(rate: float, pauses: list[float]) -> None:
    watch = Watch()
    pace, sent = Pace(rate, watch), []
    for pause in pauses:
        watch.now += pause
        sent.append(watch.now + pace.take())
    gaps = [later - earlier for earlier, later in pairwise(sent)]
    assert min(gaps) >= 60 / rate * (1 - 1e-9) - 1e-9


def test_without_a_rate_nothing_waits() -> None:
    assert [Pace(None, Watch()).take() for _ in range(3)] == [0, 0, 0]


def test_everybody_waits_where_the_endpoint_asks_for_it() -> None:
    watch = Watch()
    pace = Pace(None, watch)
    assert pace.held() == 0
    pace.hold(10)
    pace.hold(3)
    assert pace.held() == 10
    watch.now += 10
    assert pace.held() == 0


def test_the_breaker() -> None:
    watch = Watch()
    breaker = Breaker(OnFailureDef(breaker=3, pause=60_000), watch)
    for _ in range(2):
        assert breaker.allows()
        breaker.failed()
    assert not breaker.tripped
    breaker.succeeded()
    for _ in range(3):
        assert breaker.allows()
        breaker.failed()
    assert breaker.tripped
    watch.now += 59
    assert not breaker.allows()
    watch.now += 1
    # One request tries, and only one.
    assert [breaker.allows(), breaker.allows()] == [True, False]
    breaker.failed()
    assert not breaker.allows()
    watch.now += 60
    assert breaker.allows()
    breaker.withdrew()
    assert breaker.allows()
    breaker.succeeded()
    assert [breaker.allows() for _ in range(3)] == [True] * 3
    assert not breaker.tripped


def test_a_budget_is_set_aside_and_settled() -> None:
    budget = Budget(BudgetDef(tokens=100))
    assert budget.take(60, 0)
    assert not Budget(BudgetDef(tokens=100)).take(101, 0)
    budget.settle((60, 0.0), (10, 0.0))
    assert budget.take(90, 0)
    assert not budget.take(1, 0)
    budget.settle((90, 0.0), (0, 0.0))
    # What did not fit once ends it: the last points are those without an answer.
    assert not budget.take(1, 0)
    assert budget.exhausted == "the budget of 100 tokens is spent"


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=30))
def test_no_budget_is_exceeded(calls: list[tuple[int, int]]) -> None:
    budget = Budget(BudgetDef(calls=20, tokens=300, usd=3.0))
    for wanted, spent in calls:
        if budget.take(wanted, wanted / 100):
            used = min(wanted, spent)
            budget.settle((wanted, wanted / 100), (used, used / 100))
        assert budget.calls <= 20
        assert budget.tokens <= 300
        assert budget.usd <= 3.0 + 1e-9


def test_without_limits_everything_fits() -> None:
    budget = Budget(BudgetDef())
    assert all(budget.take(10**6, 1e6) for _ in range(100))
