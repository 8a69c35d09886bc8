"""The limiter, on a clock that only its own sleeping moves."""

from __future__ import annotations

import threading
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.support import VirtualPace
from rtrade.core.errors import ExchangeBanned, ExchangeBusy
from rtrade.exchange.binding import note_answer, retry_after
from rtrade.exchange.limiter import Limiter, Window, limiter_for


def limiter(limit: float = 100, share: float = 1.0) -> tuple[Limiter, VirtualPace]:
    pace = VirtualPace()
    made = Limiter(share=share, pace=pace.pace)
    made.limit([Window(limit, 60.0)])
    return made, pace


def most_in_a_minute(sent: list[tuple[float, float]]) -> float:
    """Return the most weight in any 60 seconds, its ends included, of (time, weight)."""
    return max(sum(weight for at, weight in sent if begin <= at < begin + 60) for begin, _ in sent)


@given(
    st.lists(
        st.tuples(st.sampled_from([1, 2, 4, 20, 50]), st.floats(0, 30)), min_size=1, max_size=120
    ),
    st.sampled_from([0.5, 0.8, 1.0]),
)
def test_no_minute_holds_more_than_its_share(requests, share):
    made, pace = limiter(share=share)
    sent = []
    for weight, pause in requests:
        pace.time += pause
        made.acquire(weight)
        sent.append((pace.time, weight))
    assert most_in_a_minute(sent) <= 100 * share + 1e-9


def test_nearly_all_that_is_permitted_is_used():
    made, pace = limiter(limit=6000, share=0.98)
    begun, weight = pace.time, 0
    while pace.time - begun < 3600:
        made.acquire(2)
        weight += 2
    assert weight / (6000 * 60) > 0.97


def test_spacing_holds_where_no_weights_are_stated():
    pace = VirtualPace()
    made = Limiter(share=0.5, pace=pace.pace)
    made.spacing = 0.1
    times = []
    for _ in range(4):
        made.acquire(1.0, cost=2.0)
        times.append(pace.time)
    assert [round(b - a, 9) for a, b in pairwise(times)] == [0.4, 0.4, 0.4]


def test_a_request_larger_than_the_limit_goes_alone():
    made, pace = limiter(limit=10)
    made.acquire(4)
    made.acquire(50)
    assert pace.slept
    made.acquire(1)
    assert pace.time >= 1000 + 120


def test_weight_of_others_at_the_address_counts_too():
    made, pace = limiter()
    made.acquire(10)
    made.counted(90, 60.0)
    made.acquire(10)
    assert pace.slept == []
    made.acquire(1)
    assert pace.time > 1060


def test_what_was_counted_before_our_minute_is_no_more_than_it_was():
    made, pace = limiter()
    for _ in range(5):
        made.acquire(20)
    made.counted(100, 60.0)
    made.counted(40, 60.0)
    pace.time += 61
    made.acquire(100)
    assert pace.slept == []


@pytest.mark.parametrize("status", [429, 418])
def test_nothing_is_sent_before_a_refusal_is_over(status):
    made, pace = limiter()
    note_answer(made, status, {"Retry-After": "30"}, "")
    made.acquire(1)
    assert pace.time >= 1030


def test_a_refusal_stops_every_thread():
    made, pace = limiter(limit=1e9)
    ready = threading.Barrier(5)
    after = []

    def work():
        ready.wait()
        made.acquire(1)
        after.append(pace.time)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    made.refused(25.0, banned=False)
    ready.wait()
    for thread in threads:
        thread.join()
    assert len(after) == 4
    assert min(after) >= 1025


def test_a_long_ban_is_an_error_that_says_until_when():
    made, pace = limiter()
    body = '{"code":-1003,"msg":"Way too much; IP banned until 1704067200000."}'
    note_answer(made, 418, {"retry-after": "7200"}, body)
    with pytest.raises(ExchangeBanned, match="until 2024-01-01T00:00:00Z") as caught:
        made.acquire(1)
    assert caught.value.until == 1_704_067_200_000
    assert pace.slept == []
    pace.time += 7201
    made.acquire(1)


def test_a_long_refusal_is_an_error():
    made, _ = limiter()
    note_answer(made, 429, {"retry-after": "3600"}, "")
    with pytest.raises(ExchangeBusy, match="3600 s"):
        made.acquire(1)


def test_a_shorter_refusal_does_not_end_a_longer_one():
    made, pace = limiter()
    made.refused(100, banned=True)
    made.refused(5, banned=False)
    made.acquire(1)
    assert pace.time >= 1100


def test_the_smallest_share_asked_for_is_in_force():
    made, _ = limiter()
    made.lower(0.5)
    made.lower(0.9)
    assert made.share == 0.5


def test_limits_that_are_read_again_forget_nothing():
    made, pace = limiter()
    made.acquire(90)
    made.limit([Window(100, 60.0), Window(5, 300.0, counts=True)])
    made.acquire(20)
    assert pace.time >= 1060


def test_requests_are_counted_where_requests_count():
    pace = VirtualPace()
    made = Limiter(pace=pace.pace)
    made.limit([Window(3, 300.0, counts=True)])
    for _ in range(3):
        made.acquire(1000)
    assert pace.slept == []
    made.acquire(1)
    assert pace.time >= 1300


def test_there_is_one_limiter_for_each_exchange_and_host():
    one = limiter_for("binance", "127.0.0.1:1", Limiter)
    assert limiter_for("binance", "127.0.0.1:1", Limiter) is one
    assert limiter_for("binance", "127.0.0.1:2", Limiter) is not one


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("3", 3.0), (" 0 ", 0.0), ("2.5", 2.5), (None, None), ("", None), ("soon", None), ("-3", None),
     ("1e3", None), ("nan", None), ("9" * 400, None), ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0)],
)  # fmt: skip
def test_retry_after_is_read_or_passed_over(text, seconds):
    assert retry_after(text) == seconds


@given(st.text(max_size=40))
def test_any_retry_after_is_read_or_passed_over(text):
    found = retry_after(text)
    assert found is None or 0 <= found < 1e11


def test_odd_headers_are_passed_over():
    made, pace = limiter()
    note_answer(made, 200, {"X-MBX-USED-WEIGHT-1M": "many"}, "")
    note_answer(made, 200, {"x-mbx-used-weight-1m": "99"}, "")
    made.acquire(1)
    assert pace.slept == []
    made.acquire(1)
    assert pace.slept
