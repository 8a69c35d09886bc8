"""Every kind of fault as a client without opinions sees it; asked again, the answer is true."""

from __future__ import annotations

import gzip
import http.client
import json
import zlib
from typing import Any

import pytest

from rtrade.testing import FakeExchange, ManualClock
from rtrade.testing.faults import Fault, SeededScript, WrittenScript
from rtrade.testing.kinds import KINDS
from testing_exchange.serving import HOUR, START, Raw, hourly

NOW = START + 100 * HOUR + 60_000
PAGE = {"startTime": START, "endTime": START + 50 * HOUR, "limit": 20}
TRUE_TIMES = [START + at * HOUR for at in range(20)]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


def faulty(clock: ManualClock, *faults: Fault) -> FakeExchange:
    return FakeExchange([hourly(200)], clock=clock, faults=WrittenScript(list(faults)))


def ask(raw: Raw, **params: Any) -> Any:
    return raw.get("/api/v3/klines", symbol="BTCUSDT", interval="1h", **(params or PAGE))


def test_rate_limit(clock: ManualClock) -> None:
    with faulty(clock, Fault("rate_limit", {"seconds": 3})) as exchange:
        raw = Raw(exchange)
        refused = ask(raw)
        assert (refused.status, refused.headers["Retry-After"]) == (429, "3")
        assert refused.json["code"] == -1003
        clock.advance(3000)
        assert ask(raw).status == 200
        assert [one.fault for one in exchange.requests] == ["rate_limit", None]


def test_ban(clock: ManualClock) -> None:
    with faulty(clock, Fault("ban", {"seconds": 1.5})) as exchange:
        raw = Raw(exchange)
        refused = ask(raw)
        assert (refused.status, refused.headers["Retry-After"]) == (418, "2")
        assert f"banned until {NOW + 1500}." in refused.json["msg"]
        assert raw.get("/api/v3/time").status == 418
        clock.advance(1500)
        assert ask(raw).status == 200


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_server_error(clock: ManualClock, status: int) -> None:
    with faulty(clock, Fault("server_error", {"status": status})) as exchange:
        raw = Raw(exchange)
        failed = ask(raw)
        assert failed.status == status
        assert (b"-1001" in failed.body) == (status == 500)
        assert ask(raw).status == 200


def test_error_body_and_firewall(clock: ManualClock) -> None:
    with faulty(clock, Fault("error_body"), Fault("blocked", nth=2)) as exchange:
        raw = Raw(exchange)
        odd = ask(raw)
        assert (odd.status, odd.json["code"]) == (200, -1000)
        blocked = ask(raw)
        assert (blocked.status, blocked.headers["Content-Type"]) == (403, "text/html")
        assert b"<html>" in blocked.body


def test_truncated_gzip(clock: ManualClock) -> None:
    with faulty(clock, Fault("truncated_gzip")) as exchange:
        raw = Raw(exchange)
        cut = ask(raw)
        assert cut.headers["Content-Encoding"] == "gzip"
        with pytest.raises((EOFError, zlib.error)):
            gzip.decompress(cut.body)
        assert len(ask(raw).json) == 20


def test_dropped_in_the_middle_of_the_body(clock: ManualClock) -> None:
    with faulty(clock, Fault("dropped")) as exchange:
        raw = Raw(exchange)
        with pytest.raises(http.client.IncompleteRead):
            ask(raw)
        assert len(ask(raw).json) == 20


def test_malformed_json_and_slow(clock: ManualClock) -> None:
    with faulty(
        clock, Fault("malformed_json"), Fault("slow", {"seconds": 0.01}, nth=2)
    ) as exchange:
        raw = Raw(exchange)
        with pytest.raises(json.JSONDecodeError):
            _ = ask(raw).json
        assert len(ask(raw).json) == 20
        assert exchange.requests[1].fault == "slow"


def lied(clock: ManualClock, kind: str, **values: Any) -> tuple[list[Any], list[Any]]:
    """Return the lie and the true answer to the same question."""
    with faulty(clock, Fault(kind, values)) as exchange:
        raw = Raw(exchange)
        lie, truth = ask(raw).json, ask(raw).json
        assert ask(raw).json == truth
        assert [one.fault for one in exchange.requests] == [kind, None, None]
    assert [row[0] for row in truth] == TRUE_TIMES
    return lie, truth


def test_hole(clock: ManualClock) -> None:
    lie, truth = lied(clock, "hole", bars=3)
    assert len(lie) == 17
    assert (lie[0], lie[-1]) == (truth[0], truth[-1])
    assert all(row in truth for row in lie)


def test_empty_page(clock: ManualClock) -> None:
    assert lied(clock, "empty_page")[0] == []


@pytest.mark.parametrize(("end", "at"), [("first", 0), ("last", 19)])
def test_changed_bar(clock: ManualClock, end: str, at: int) -> None:
    lie, truth = lied(clock, "changed_bar", at=end)
    assert [number for number in range(20) if lie[number] != truth[number]] == [at]
    assert float(lie[at][2]) >= max(float(lie[at][1]), float(lie[at][4]))


def test_duplicate_and_unordered_rows(clock: ManualClock) -> None:
    lie, truth = lied(clock, "duplicate_row")
    assert len(lie) == 21
    assert [row for row in truth if lie.count(row) == 2]
    lie, truth = lied(clock, "unordered_rows")
    assert lie != truth
    assert sorted(lie) == truth


@pytest.mark.parametrize(
    ("value", "text"),
    [("nan", "NaN"), ("negative", "-1.00000000"), ("zero", "0.00000000"), ("text", "abc"),
     ("null", None)],
)  # fmt: skip
def test_bad_number(clock: ManualClock, value: str, text: str | None) -> None:
    lie, truth = lied(clock, "bad_number", value=value)
    changed = [(one, other) for one, other in zip(lie, truth, strict=True) if one != other]
    assert len(changed) == 1
    assert text in changed[0][0]


def test_crossed_bar(clock: ManualClock) -> None:
    lie, _ = lied(clock, "crossed_bar")
    assert sum(float(row[2]) < float(row[3]) for row in lie) == 1


def test_open_as_closed(clock: ManualClock) -> None:
    """Whether the page ends with the forming bar or before it."""
    for asked in ({"limit": 2}, {"startTime": NOW - 3 * HOUR, "endTime": NOW - HOUR}):
        with faulty(clock, Fault("open_as_closed")) as exchange:
            raw = Raw(exchange)
            last = ask(raw, **asked).json[-1]
            assert last[0] == START + 100 * HOUR
            assert last[6] == NOW - 1
            assert ask(raw, **asked).json[-1][6] != NOW - 1


def test_lies_wait_for_bars_that_nobody_has_asked_for(clock: ManualClock) -> None:
    with faulty(clock, Fault("empty_page", nth=2)) as exchange:
        raw = Raw(exchange)
        later = {"startTime": START + 20 * HOUR, "endTime": START + 50 * HOUR, "limit": 20}
        assert len(ask(raw).json) == 20
        assert len(ask(raw).json) == 20
        assert ask(raw, **later).json == []
        assert len(ask(raw, **later).json) == 20


def test_late_correction_is_the_truth_from_its_time_on(clock: ManualClock) -> None:
    when = NOW + 5 * HOUR
    values = {"symbol": "BTC/USDT", "timeframe": "1h", "time": START, "at": when, "close": 40_123.0,
              "high": 50_000.0, "volume": 0.0}  # fmt: skip
    with faulty(clock, Fault("late_correction", values)) as exchange:
        raw = Raw(exchange)
        before = ask(raw).json[0]
        day = raw.klines(interval="1d", startTime=START, limit=1)[0]
        clock.set(when)
        after = ask(raw).json[0]
        assert before[4] != after[4] == "40123.00000000"
        assert exchange.truth("BTC/USDT", "1h").high[0] == 50_000.0
        assert raw.klines(interval="1d", startTime=START, limit=1)[0] != day
        assert exchange.truth("BTC/USDT", "1d").high[0] == 50_000.0


def test_a_chance_is_the_same_for_the_same_seed(clock: ManualClock) -> None:
    def happened(seed: int) -> list[str | None]:
        script = WrittenScript([Fault("blocked", probability=0.3, count=99)], seed)
        with FakeExchange([hourly(20)], clock=clock, faults=script) as exchange:
            raw = Raw(exchange)
            for _ in range(40):
                raw.get("/api/v3/ping")
            return [one.fault for one in exchange.requests]

    first = happened(1)
    assert first == happened(1)
    assert first != happened(2)
    assert 3 <= first.count("blocked") <= 25


def understood(raw: Raw, asked: dict[str, int]) -> list[Any]:
    """Return the answer where it is a page at all."""
    try:
        answer = ask(raw, **asked)
        page = answer.json if answer.status == 200 else None
    except (http.client.IncompleteRead, ValueError):
        return []
    return [page] if isinstance(page, list) else []


def crawl(seed: int) -> tuple[list[str | None], list[list[Any]]]:
    """Ask for all bars as a patient client would; return what went wrong and all bars."""
    clock = ManualClock(NOW)
    with FakeExchange([hourly(200)], clock=clock, faults=seed) as exchange:
        raw, bars, start = Raw(exchange), [], START
        while start <= NOW - HOUR:
            asked = {"startTime": start, "endTime": START + 100 * HOUR - 1, "limit": 7}
            answers: list[Any] = []
            while len(answers) < 2 or answers[-1] != answers[-2]:
                answers += understood(raw, asked)
                clock.advance(1000)
            page = answers[-1]
            bars += page
            start = page[-1][0] + HOUR
        truth = exchange.truth("BTC/USDT", "1h")
        assert [row[0] for row in bars] == truth.time.tolist()
        assert [float(row[4]) for row in bars] == truth.close.tolist()
        assert exchange.ban_violations == 0
        return [one.fault for one in exchange.requests], bars


def test_two_equal_answers_are_the_truth_whatever_the_seed() -> None:
    seen = set()
    for seed in range(40):
        seen |= {*crawl(seed)[0]}
    wanted = {name for name, kind in KINDS.items() if kind.family in ("answer", "page")}
    assert seen - {None} >= wanted - {"open_as_closed"}


def test_a_seed_repeats_itself() -> None:
    assert crawl(7) == crawl(7)
    assert crawl(7)[0] != crawl(8)[0]


def test_seeds_leave_the_client_a_chance() -> None:
    faults = [fault for seed in range(30) for fault in [*crawl(seed)[0], None, None, None]]
    longest, streak = 0, 0
    for fault in faults:
        streak = 0 if fault is None else streak + 1
        longest = max(longest, streak)
    assert longest == 2
    assert SeededScript(1, frozenset({"hole"})).seed == 1
