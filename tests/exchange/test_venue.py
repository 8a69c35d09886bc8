"""A venue against the stand-in, over real sockets and with the real ccxt."""

from __future__ import annotations

import os
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from exchange.support import (
    H1,
    START,
    StandIn,
    VirtualPace,
    assert_same,
    make_bars,
    read_all,
    stated_lowest,
    venue_of,
)
from rtrade.core.errors import EngineFault, MalformedAnswer, UnknownMarket
from rtrade.core.intervals import Interval
from rtrade.core.timeframes import HOUR, MINUTE, Timeframe, parse_time
from rtrade.exchange.fetching import BinanceFetcher, Fetcher
from rtrade.exchange.library import ccxt
from rtrade.testing.clock import ManualClock
from rtrade.testing.faults import Fault, WrittenScript
from rtrade.testing.markets import Rules

COUNT = 2500
BARS = make_bars(COUNT, without=[*range(700, 712), 1500])
# The last bar of the series is forming.
NOW = START + (COUNT - 1) * HOUR + 5 * MINUTE
WHOLE = Interval(START, START + (COUNT - 1) * HOUR)


def stand_in(**given) -> tuple[StandIn, ManualClock]:
    clock = ManualClock(given.pop("now", NOW))
    return StandIn(given.pop("series", [BARS]), clock=clock, **given), clock


def coupled(clock: ManualClock) -> VirtualPace:
    """Return a pace whose sleeping moves the exchange's clock as well."""
    pace = VirtualPace()
    pace.heard.append(lambda seconds: clock.advance(round(seconds * 1000)))
    return pace


def asked(fake: StandIn, path: str) -> int:
    return Counter(one.path for one in fake.requests)[f"/api/v3/{path}"]


def test_the_version_that_is_meant_is_the_one_tested():
    version = ccxt().__version__
    assert version == os.environ.get("RTRADE_CCXT_VERSION", version)
    assert tuple(map(int, version.split("."))) >= tuple(map(int, stated_lowest().split(".")))


def test_a_series_is_read_whole_and_to_the_bit(tmp_path):
    fake, _ = stand_in()
    with fake:
        venue, pace = venue_of(fake.url, tmp_path)
        assert venue.page == 998
        found = read_all(venue, "BTC/USDT", H1, WHOLE)
        assert_same(found, fake.truth("BTC/USDT", "1h"))
        # Two windows have holes and are asked for twice; the bars that closed last are as well.
        assert asked(fake, "klines") == 3 + 2 + 1
        assert asked(fake, "time") == 2
    assert pace.slept == []


@pytest.mark.realdata
def test_eight_years_of_hours_come_through_with_their_outages(tmp_path, real_data):
    series = f"BTC/USDT,1h,{real_data / 'BTCUSDT_1h_2017_2024.csv.gz'}"
    fake, _ = stand_in(series=[series], now=parse_time("2024-04-21T14:30:00Z"), weight_limit=None)
    with fake:
        venue, _ = venue_of(fake.url, tmp_path)
        begin = venue.next_bar("BTC/USDT", H1, 0)
        assert begin == parse_time("2017-08-17T04:00:00Z")
        end = H1.floor(venue.now())
        found = read_all(venue, "BTC/USDT", H1, Interval(begin, end))
        assert_same(found, fake.truth("BTC/USDT", "1h"))
        time = np.concatenate([one.time for one in found])
        assert (len(time), int((np.diff(time) > HOUR).sum())) == (58_418, 28)


def test_a_bar_that_is_forming_is_never_taken(tmp_path):
    fake, clock = stand_in()
    with fake:
        venue, _ = venue_of(fake.url, tmp_path)
        with pytest.raises(EngineFault, match="ends before its bars do"):
            venue.bars("BTC/USDT", H1, Interval(WHOLE.end - HOUR, WHOLE.end + HOUR))
        clock.set(WHOLE.end + HOUR - 1)
        with pytest.raises(EngineFault):
            venue.bars("BTC/USDT", H1, Interval(WHOLE.end, WHOLE.end + HOUR))
        clock.set(WHOLE.end + HOUR)
        assert len(venue.bars("BTC/USDT", H1, Interval(WHOLE.end, WHOLE.end + HOUR))) == 1


def test_a_window_is_no_larger_than_a_page(tmp_path):
    fake, _ = stand_in()
    with fake:
        venue, _ = venue_of(fake.url, tmp_path)
        with pytest.raises(EngineFault, match="over 998 bars"):
            venue.bars("BTC/USDT", H1, Interval(START, START + 999 * HOUR))


FAULTS = [
    ("rate_limit", {"seconds": 20.0}), ("ban", {"seconds": 90.0}), ("server_error", {}),
    ("server_error", {"status": 502}), ("server_error", {"status": 503}),
    ("server_error", {"status": 504}), ("error_body", {}), ("error_body", {"code": -1001}),
    ("error_body", {"code": -1003}), ("error_body", {"code": -1008}), ("blocked", {}),
    ("truncated_gzip", {}), ("slow", {"seconds": 0.05}), ("dropped", {}), ("malformed_json", {}),
    ("hole", {"bars": 1}), ("hole", {"bars": 40}), ("empty_page", {}), ("changed_bar", {}),
    ("changed_bar", {"at": "first"}), ("duplicate_row", {}), ("unordered_rows", {}),
    ("bad_number", {"value": "nan"}), ("bad_number", {"value": "negative"}),
    ("bad_number", {"value": "zero"}), ("bad_number", {"value": "text"}),
    ("bad_number", {"value": "null"}), ("crossed_bar", {}), ("open_as_closed", {}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "values"), FAULTS, ids=[f"{kind} {values}" for kind, values in FAULTS]
)
@pytest.mark.parametrize("endpoint", ["klines", "*"])
def test_a_fault_that_passes_changes_nothing(tmp_path, kind, values, endpoint):
    script = WrittenScript([Fault(kind, values, endpoint=endpoint, probability=0.5, count=3)], 4)
    fake, clock = stand_in(faults=script)
    with fake:
        venue, _ = venue_of(fake.url, tmp_path, pace=coupled(clock))
        found = read_all(venue, "BTC/USDT", H1, Interval(WHOLE.start, WHOLE.end))
        truth = fake.truth("BTC/USDT", "1h")
        assert_same(found, truth.slice(0, sum(map(len, found))))
        assert truth.time[sum(map(len, found)) - 1] == WHOLE.end - HOUR
        assert (fake.ban_violations, fake.retry_violations) == (0, 0)
        assert any(one.fault == kind for one in fake.requests)


@pytest.mark.parametrize("seed", range(12))
def test_a_seeded_run_of_faults_changes_nothing(tmp_path, seed):
    fake, clock = stand_in(faults=seed)
    with fake:
        venue, _ = venue_of(fake.url, tmp_path, pace=coupled(clock))
        found = read_all(venue, "BTC/USDT", H1, WHOLE)
        assert_same(found, fake.truth("BTC/USDT", "1h").slice(0, sum(map(len, found))))
        assert sum(map(len, found)) == len(BARS) - 1
        assert (fake.ban_violations, fake.retry_violations) == (0, 0)


def test_a_bar_that_the_exchange_corrects_is_read_again_beside_its_neighbour(tmp_path):
    fake, _ = stand_in()
    with fake:
        venue, _ = venue_of(fake.url, tmp_path)
        first = Interval(START, START + 100 * HOUR)
        before = venue.bars("BTC/USDT", H1, first)
        last = int(before.time[-1])
        fake.correct("BTC/USDT", "1h", last, volume=77.0)
        after = venue.bars("BTC/USDT", H1, Interval(first.end, first.end + 100 * HOUR))
        assert (int(after.time[0]), len(after), after.volume[0]) == (last, 101, 77.0)


def test_what_an_exchange_says_for_ever_is_an_error(tmp_path):
    always = Fault("server_error", {"status": 503}, endpoint="klines", count=10**9)
    fake, clock = stand_in(faults=WrittenScript([always]))
    with fake:
        venue, pace = venue_of(fake.url, tmp_path, pace=coupled(clock))
        with pytest.raises(Exception, match=r"BTC/USDT 1h from 2023-12-31T23.*\(8 attempts\)"):
            venue.bars("BTC/USDT", H1, Interval(START, START + HOUR))
        assert len(pace.slept) == 7
        assert all(0 < pause <= 20 for pause in pace.slept)


def test_a_page_that_stays_nonsense_is_an_error(tmp_path):
    always = Fault("malformed_json", {}, endpoint="klines", count=10**9)
    fake, clock = stand_in(faults=WrittenScript([always]))
    with fake:
        venue, _ = venue_of(fake.url, tmp_path, pace=coupled(clock))
        with pytest.raises(MalformedAnswer, match="is no list of bars"):
            venue.bars("BTC/USDT", H1, Interval(START, START + HOUR))


# Limits.


def test_the_exchanges_own_limit_is_kept_and_nearly_used_up(tmp_path):
    clock = ManualClock(parse_time("2024-01-10T00:00:30Z"))
    minute = Timeframe(MINUTE)
    bars = make_bars(9 * 1440, timeframe=minute)
    with StandIn([bars], clock=clock, weight_limit=120) as fake:
        pace = coupled(clock)
        venue, _ = venue_of(fake.url, tmp_path, pace=pace)
        windows = [
            Interval(START + n * 10 * MINUTE, START + (n + 1) * 10 * MINUTE) for n in range(600)
        ]
        for window in windows:
            assert len(venue.bars("BTC/USDT", minute, window)) == 10
        assert fake.peak_weight <= 120
        statuses = Counter(one.status for one in fake.requests)
        assert set(statuses) == {200}
        end = fake.requests[0].time + 10 * MINUTE
        weight = sum(one.weight for one in fake.requests if one.time < end)
        assert weight >= 0.95 * 120 * 10


def test_a_lower_rate_is_kept(tmp_path):
    fake, clock = stand_in(weight_limit=100)
    with fake:
        venue, pace = venue_of(fake.url, tmp_path, pace=coupled(clock), rate=0.5)
        venue.market("BTC/USDT")
        pace.sleep(61)
        for _ in range(80):
            venue.bars("BTC/USDT", H1, Interval(START, START + HOUR))
        assert fake.peak_weight <= 50


def test_a_long_ban_is_told_and_no_request_is_sent_inside_it(tmp_path):
    ban = Fault("ban", {"seconds": 7200.0}, endpoint="klines")
    fake, clock = stand_in(faults=WrittenScript([ban]))
    with fake:
        venue, pace = venue_of(fake.url, tmp_path, pace=coupled(clock))
        until = NOW + 7_200_000
        for _ in range(3):
            with pytest.raises(
                Exception, match=r"banned this address until 2024-04-14T05"
            ) as caught:
                venue.bars("BTC/USDT", H1, Interval(START, START + HOUR))
            assert caught.value.until == until
            assert caught.value.exit_code == 4
        assert (asked(fake, "klines"), fake.ban_violations) == (1, 0)
        pace.sleep(7201)
        assert len(venue.bars("BTC/USDT", H1, Interval(START, START + HOUR))) == 1


def test_a_venue_that_was_closed_can_be_asked_again(tmp_path):
    fake, _ = stand_in()
    with fake:
        venue, _ = venue_of(fake.url, tmp_path)
        venue.close()
        assert len(venue.bars("BTC/USDT", H1, Interval(START, START + HOUR))) == 1
        venue.close()
        assert len(venue.bars("BTC/USDT", H1, Interval(START, START + HOUR))) == 1


def test_threads_share_a_venue(tmp_path):
    before = threading.active_count()
    fake, _ = stand_in(weight_limit=None)
    with fake:
        venue, _ = venue_of(fake.url, tmp_path)
        venue.now()
        windows = [Interval(START + n * 50 * HOUR, START + (n + 1) * 50 * HOUR) for n in range(40)]
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda window: venue.bars("BTC/USDT", H1, window), windows))
        truth = fake.truth("BTC/USDT", "1h")
        assert_same(found, truth.slice(0, sum(map(len, found))))
        assert asked(fake, "exchangeInfo") == 1
    # Other tests of this process may have threads of their own.
    assert threading.active_count() <= before


# Markets.


def test_what_the_exchange_allows_is_told_exactly(tmp_path):
    fake, _ = stand_in(rules=Rules(lot="0.00010000", min_notional="7.50000000"))
    with fake:
        venue, _ = venue_of(fake.url, tmp_path)
        market = venue.market("BTC/USDT")
        assert (market.lot, market.min_notional, market.active) == ("0.0001", "7.5", True)
        assert market.tick == "0.01"


def test_markets_are_asked_for_once_in_their_time(tmp_path):
    fake, _ = stand_in()
    with fake:
        venue, _ = venue_of(fake.url, tmp_path)
        text = venue.markets_document()
        assert text is not None
        again, _ = venue_of(fake.url, tmp_path, cached_markets=text)
        assert again.market("BTC/USDT") == venue.market("BTC/USDT")
        assert again.markets_document() is None
        assert len(again.bars("BTC/USDT", H1, Interval(START, START + HOUR))) == 1
        assert asked(fake, "exchangeInfo") == 1
        for cached in ("{", "3", "null", "{}", text.replace(fake.url, "http://127.0.0.1:1"),
                       text.replace('"version":1', '"version":0')):  # fmt: skip
            other, _ = venue_of(fake.url, tmp_path, cached_markets=cached)
            assert other.markets_document() is not None
        late, _ = venue_of(fake.url, tmp_path, cached_markets=text, markets_ttl=0)
        assert late.markets_document() is not None


def test_the_list_of_markets_tells_the_limits_that_were_read_with_it(tmp_path):
    fake, clock = stand_in(weight_limit=100)
    with fake:
        venue, _ = venue_of(fake.url, tmp_path, pace=coupled(clock))
        text = venue.markets_document()
        clock.advance(120_000)
        again, pace = venue_of(fake.url, tmp_path, pace=coupled(clock), cached_markets=text)
        for _ in range(60):
            again.bars("BTC/USDT", H1, Interval(START, START + HOUR))
        assert fake.peak_weight <= 100
        assert pace.slept


# The generic way, by ccxt's unified methods, gives the same.


def test_bars_are_the_same_by_ccxts_own_method(tmp_path):
    fake, _ = stand_in()
    with fake:
        venue, _ = venue_of(fake.url, tmp_path)
        venue.now()
        own = BinanceFetcher(venue._connection)
        generic = Fetcher(venue._connection)
        assert generic.page > 100
        for start in (START, START + 690 * HOUR, START + 705 * HOUR, WHOLE.end - 300 * HOUR):
            window = Interval(start, min(start + 400 * HOUR, WHOLE.end))
            one = own.rows("BTC/USDT", H1, "1h", window)
            assert generic.rows("BTC/USDT", H1, "1h", window).same(one)
            assert len(one) > 100


def test_a_page_that_is_shorter_than_it_was_asked_for_is_read_on(tmp_path):
    fake, _ = stand_in()
    with fake:
        venue, _ = venue_of(fake.url, tmp_path)
        generic = Fetcher(venue._connection)
        # More than the thousand that the exchange answers at most.
        window = Interval(START, START + 2300 * HOUR)
        rows = generic.rows("BTC/USDT", H1, "1h", window)
        assert len(rows) == 2300 - 13


def test_the_next_bar_is_found_both_ways(tmp_path):
    bars = make_bars(300, start=START + 20_000 * HOUR)
    fake, _ = stand_in(series=[bars], now=START + 20_400 * HOUR)
    with fake:
        venue, _ = venue_of(fake.url, tmp_path)
        first = int(bars.time[0])
        assert venue.next_bar("BTC/USDT", H1, 0) == first
        assert venue.next_bar("BTC/USDT", H1, first + 1) == first + HOUR
        assert venue.next_bar("BTC/USDT", H1, first + 400 * HOUR) is None
        generic = Fetcher(venue._connection)
        found = generic.next_bar("BTC/USDT", H1, "1h", 0)
        assert first - 7 * 24 * HOUR <= found <= first
        assert generic.next_bar("BTC/USDT", H1, "1h", first + 400 * HOUR) is None


# Trades, books, tickers.


def test_trades_are_paged_by_their_ids(tmp_path):
    fake, _ = stand_in()
    with fake:
        venue, _ = venue_of(fake.url, tmp_path)
        begin = WHOLE.end - 30 * HOUR
        first = venue.trades("BTC/USDT", since=begin, limit=50)
        assert len(first) == 50
        assert first.time[0] >= begin
        second = venue.trades("BTC/USDT", from_id=int(first.id[-1]) + 1, limit=50)
        assert second.id[0] == first.id[-1] + 1
        assert second.time[0] >= first.time[-1]
        latest = venue.trades("BTC/USDT")
        assert latest.time[-1] <= NOW
        assert set(latest.side.tolist()) <= {-1, 1}


def test_books_and_tickers_are_read(tmp_path):
    fake, _ = stand_in()
    with fake:
        venue, _ = venue_of(fake.url, tmp_path)
        book = venue.order_book("BTC/USDT", 20)
        assert len(book.bids) == len(book.asks) == 20
        ticker = venue.ticker("BTC/USDT")
        assert ticker.bid <= ticker.ask
        assert ticker.low <= ticker.last <= ticker.high
        assert book.bids[0, 0] < book.asks[0, 0]


def test_funding_rates_are_those_of_perpetuals(tmp_path):
    file = tmp_path / "rates.csv"
    rates = [f"{START + n * 8 * HOUR},{0.0001 * (n % 5 - 2):.8f}" for n in range(60)]
    file.write_text("\n".join(["time,rate", *rates, ""]))
    fake, _ = stand_in(funding=[f"BTC/USDT:USDT,{file}"])
    with fake:
        venue, _ = venue_of(fake.url, tmp_path)
        assert venue.market("BTC/USDT").symbol == "BTC/USDT"
        found = venue.funding_rates("BTC/USDT:USDT", START + 8 * HOUR, limit=50)
        assert (len(found.time), found.time[0]) == (50, START + 8 * HOUR)
        assert found.rate[:3].tolist() == [-0.0001, 0.0, 0.0001]
        with pytest.raises(UnknownMarket, match="is no perpetual contract") as caught:
            venue.funding_rates("BTC/USDT", START)
        assert caught.value.hint == "write `BTC/USDT:USDT`"
        assert len(venue.bars("BTC/USDT", H1, Interval(START, START + HOUR))) == 1
        with pytest.raises(UnknownMarket, match="has no symbol `XYZ/USDT:USDT`"):
            venue.market("XYZ/USDT:USDT")
        kept, _ = venue_of(fake.url, tmp_path, cached_markets=venue.markets_document())
        assert len(kept.funding_rates("BTC/USDT:USDT", START, limit=5).time) == 5
        assert asked(fake, "exchangeInfo") == 2
