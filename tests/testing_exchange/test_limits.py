"""Weight, refusals and bans, on the exchange's clock."""

from __future__ import annotations

import re

import pytest

from rtrade.testing import FakeExchange, ManualClock
from rtrade.testing.limits import Limits
from testing_exchange.serving import HOUR, MINUTE, START, Raw, hourly

NOW = START + 10 * HOUR + 40_000


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No grace for requests on their way, so that every one after a refusal counts."""
    monkeypatch.setattr("rtrade.testing.limits._ON_THE_WAY", -1.0)


def test_past_the_limit_comes_429_until_the_minute_ends(clock: ManualClock) -> None:
    with FakeExchange([hourly(20)], clock=clock, weight_limit=41) as exchange:
        raw = Raw(exchange)
        assert [raw.get("/api/v3/exchangeInfo").status for _ in range(2)] == [200, 200]
        refused = raw.get("/api/v3/exchangeInfo")
        assert refused.status == 429
        assert refused.json["code"] == -1003
        assert refused.headers["Retry-After"] == "20"
        assert refused.headers["X-MBX-USED-WEIGHT-1M"] == "60"
        clock.advance(20_000)
        assert raw.get("/api/v3/exchangeInfo").status == 200
        assert exchange.peak_weight == 60


@pytest.mark.usefixtures("patient")
def test_who_goes_on_is_banned_and_a_request_in_the_ban_starts_it_anew(clock: ManualClock) -> None:
    limits = Limits(clock, 10)
    statuses = []
    for _ in range(13):
        refused = limits.admit(5)
        statuses.append(None if refused is None else refused.status)
    assert statuses == [None, None, *[429] * 11]
    assert limits.retry_violations == 10
    ban = limits.admit(5)
    assert ban is not None
    assert (ban.status, ban.seconds, limits.ban_violations) == (418, 120, 0)
    clock.advance(MINUTE)
    again = limits.admit(5)
    assert again is not None
    assert (again.status, again.seconds, limits.ban_violations) == (418, 120, 1)
    until = re.search(r"banned until (\d+)\.", again.message)
    assert until is not None
    assert int(until[1]) == clock.now() + 2 * MINUTE
    clock.advance(2 * MINUTE)
    assert limits.admit(5) is None


@pytest.mark.usefixtures("patient")
def test_each_ban_is_twice_as_long(clock: ManualClock) -> None:
    limits = Limits(clock, 1)
    lengths = []
    for _ in range(15):
        while (refused := limits.admit(2)) is not None and refused.status == 429:
            pass
        assert refused is not None
        lengths.append(refused.seconds)
        clock.advance(refused.seconds * 1000)
    assert lengths[:3] == [120, 240, 480]
    assert lengths[-1] == 3 * 24 * 3600


def test_requests_on_their_way_are_nobodys_fault(clock: ManualClock) -> None:
    limits = Limits(clock, 1)
    for _ in range(5):
        limits.admit(2)
    limits.ban(1000)
    limits.admit(2)
    assert (limits.retry_violations, limits.ban_violations) == (0, 0)


def test_without_limits_a_client_that_reads_them_need_not_hold_back(clock: ManualClock) -> None:
    with FakeExchange([hourly(20)], clock=clock, weight_limit=None) as exchange:
        raw = Raw(exchange)
        limits = raw.get("/api/v3/exchangeInfo").json["rateLimits"]
        assert limits[0]["limit"] == 1_000_000_000
        assert {raw.get("/api/v3/ticker/24hr").status for _ in range(100)} == {200}
