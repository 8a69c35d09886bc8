"""Bars over HTTP: which series is meant, pages, levels of detail, formats, what may be cached."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtrade.core.bars import COLUMNS
from rtrade.core.intervals import Interval
from rtrade.core.timeframes import DAY, HOUR, MINUTE, Timeframe
from rtrade.data.files import read_file
from rtrade.data.resample import resample
from rtrade.report.levels import candles as grouped
from rtrade.report.levels import group
from rtrade.web.api.market import CLOSED
from rtrade.workflow import shelving
from web.markets import (
    CANDLES,
    H1,
    START,
    SYMBOL,
    columns_of,
    key_of,
    make_bars,
    make_market,
    store_bars,
    stored,
)
from web.serving import Served, served

COUNT = 3000
BARS = make_bars(COUNT, without=(5, 6, 7, 1500))
END = START + COUNT * HOUR
BASE = f"{CANDLES}?symbol=BTC-USDT&timeframe=1h"


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> str:
    """The setting DATABASE_URL; one database for all tests of this module."""
    if request.param == "sqlite":
        return ""
    import psycopg
    from sqlalchemy import make_url

    server = request.getfixturevalue("postgres")
    name = "market_pages"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}")
        connection.execute(f"CREATE DATABASE {name}")
    return make_url(server).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, database: str) -> Path:
    folder = make_market(tmp_path_factory.mktemp("market"), database=database)
    with stored(folder, database) as store:
        store_bars(store, BARS, key_of(), Interval(START, END))
    return folder


@pytest.fixture(scope="module")
def server(workspace: Path) -> Iterator[Served]:
    with served(workspace) as one:
        yield one


def page(server: Served, query: str = "", base: str = BASE) -> dict:
    answer = server.get(f"{base}{query}")
    assert answer.status == 200, answer.body
    return answer.json


def refusal(server: Served, query: str, base: str = BASE) -> tuple[int, str]:
    answer = server.get(f"{base}{query}")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["status"] == answer.status
    return answer.status, answer.json["detail"]


# Which bars


@pytest.mark.parametrize("spelled", ["BTC-USDT", "BTC/USDT", "BTC%2FUSDT"])
def test_a_symbol_may_be_spelled_with_a_dash_or_a_slash(server: Served, spelled: str) -> None:
    found = page(server, base=f"{CANDLES}?symbol={spelled}&timeframe=1h&limit=1")
    assert (found["symbol"], found["source"], found["timeframe"]) == (SYMBOL, "binance", "1h")


def test_without_a_start_the_last_bars_come(server: Served) -> None:
    found = page(server, "&limit=7")
    assert found["bars"] == columns_of(BARS.slice(len(BARS) - 7))
    assert (found["next"], found["level"], found["resampled_from"]) == (None, None, None)
    earlier = page(server, f"&limit=7&to={found['bars']['time'][0]}")
    assert earlier["bars"] == columns_of(BARS.slice(len(BARS) - 14, len(BARS) - 7))


@pytest.mark.parametrize("limit", [1, 333, 1000, 5000])
def test_pages_by_time_are_the_whole_series(server: Served, limit: int) -> None:
    parts: list[list[int]] = []
    query, total = f"&from={START}&limit={limit}", 0
    if limit == 1:
        query += f"&to={START + 12 * HOUR}"
    after = ""
    while True:
        found = page(server, query + after)
        parts.append(found["bars"]["time"])
        total += len(parts[-1])
        if found["next"] is None:
            break
        assert len(parts[-1]) == limit
        assert found["next"] == parts[-1][-1]
        after = f"&after={found['next']}"
    whole = BARS if limit > 1 else BARS.slice(0, 9)
    assert [one for part in parts for one in part] == whole.time.tolist()


def test_pages_stay_right_while_bars_are_stored(tmp_path: Path) -> None:
    folder = make_market(tmp_path / "w")
    early, late = BARS.slice(0, 100), BARS.slice(100, 200)
    with stored(folder) as store, served(folder) as server:
        store_bars(store, late, key_of())
        first = page(server, f"&from={START}&limit=60")
        store_bars(store, early, key_of())
        second = page(server, f"&from={START}&limit=60&after={first['next']}")
        assert first["bars"] == columns_of(late.slice(0, 60))
        assert second["bars"] == columns_of(late.slice(60, 100))
        assert page(server, f"&from={START}&limit=5")["bars"] == columns_of(early.slice(0, 5))


@pytest.mark.parametrize("limit", [1, 50, 2500])
@pytest.mark.parametrize(("low", "high"), [(0, 0), (-10, 40), (2, 9), (5, 8), (2990, 4000)])
def test_bars_open_from_the_start_and_before_the_end(
    server: Served, limit: int, low: int, high: int
) -> None:
    start, end = START + low * HOUR, START + high * HOUR + 1
    found = page(server, f"&from={start}&to={end}&limit={limit}")["bars"]
    inside = (BARS.time >= start) & (BARS.time < end)
    expected = replace(BARS, **{name: getattr(BARS, name)[inside][:limit] for name in COLUMNS})
    assert found == columns_of(expected)


def test_rows_and_whole_series_give_the_same_pages(workspace: Path) -> None:
    queries = ["&limit=9", f"&from={START + HOUR}&limit=10", f"&to={START + 99 * HOUR}&limit=3"]
    with served(workspace) as server:
        seen = {query: [server.get(BASE + query).body for _ in range(12)] for query in queries}
    # Rows at first; the series is kept once it was asked for often.
    for bodies in seen.values():
        assert len(set(bodies)) == 1


def test_coarser_bars_are_made_of_stored_ones(server: Served) -> None:
    found = page(server, "&limit=2000", base=BASE.replace("1h", "4h"))
    assert found["resampled_from"] == "1h"
    assert found["bars"] == columns_of(resample(BARS, Timeframe(4 * HOUR)))


def test_what_nothing_makes_is_not_found(server: Served) -> None:
    status, detail = refusal(server, "", base=BASE.replace("1h", "1m"))
    assert (status, detail) == (
        404,
        "nothing is stored of BTC/USDT at 1m, nor what would make it",
    )
    assert refusal(server, "", base=BASE.replace("BTC", "DOGE"))[0] == 404


def test_generated_bars_are_had_by_the_name_of_their_source(server: Served) -> None:
    found = page(server, "&source=sample&limit=3")
    assert (found["source"], found["resampled_from"]) == ("sample", "5m")
    assert len(found["bars"]["time"]) == 3
    assert found["bars"]["time"][-1] == 1_704_063_600_000


def test_bars_of_a_file_change_with_it(workspace: Path, tmp_path: Path) -> None:
    folder = make_market(tmp_path / "w")
    file = folder / "bars.csv"
    text = "rtrade: 1\nkind: csv\nseries:\n  - {symbol: XY/USD, timeframe: 1h, path: ../bars.csv}\n"
    (folder / "datasources" / "mine.yaml").write_text(text)
    file.write_text(f"ts,open,high,low,close,volume\n{START},1,2,0.5,1.5,10\n")
    address = f"{CANDLES}?symbol=XY-USD&timeframe=1h"
    with served(folder) as server:
        first = server.get(address)
        assert first.json["bars"]["close"] == [1.5]
        assert first.headers["cache-control"] == "private, no-cache"
        tag = first.headers["etag"]
        assert server.get(address, If_None_Match=tag).status == 304
        file.write_text(f"ts,open,high,low,close,volume\n{START},1,2,0.5,1.75,10\n")
        second = server.get(address, If_None_Match=tag)
        assert (second.status, second.json["bars"]["close"]) == (200, [1.75])


def test_two_sources_of_a_symbol_have_to_be_told_apart(tmp_path: Path) -> None:
    folder = make_market(tmp_path / "w", "http://127.0.0.1:9")
    make_market(folder, "http://127.0.0.1:10", name="other")
    with stored(folder) as store:
        store_bars(store, BARS, key_of())
        store_bars(store, BARS.slice(0, 10), key_of("http://127.0.0.1:10"))
    with served(folder) as server:
        answer = server.get(BASE)
        assert answer.status == 422
        assert answer.json["hint"] == "name one with `source`: binance, other"
        assert len(page(server, "&source=other")["bars"]["time"]) == 10
        assert len(page(server, "&source=binance")["bars"]["time"]) == 1000
        assert refusal(server, "&source=nowhere") == (422, "there is no source `nowhere`")


# Levels of detail


def test_points_keep_highs_lows_and_volume_and_say_so(server: Served) -> None:
    found = page(server, f"&from={START}&to={END}&max_points=50")
    bars, level = found["bars"], found["level"]
    assert 25 <= len(bars["time"]) <= 50
    assert level == {"bars": len(BARS), "span": "3d"}
    assert max(bars["high"]) == BARS.high.max()
    assert min(bars["low"]) == BARS.low.min()
    assert sum(bars["volume"]) == pytest.approx(BARS.volume.sum())
    assert (bars["open"][0], bars["close"][-1]) == (BARS.open[0], BARS.close[-1])


def test_few_bars_stay_as_they_are(server: Served) -> None:
    found = page(server, f"&from={START}&to={START + 20 * HOUR}&max_points=50")
    assert found["level"] is None
    assert found["bars"] == columns_of(BARS.slice(0, 17))


@given(
    count=st.integers(11, 4000),
    points=st.integers(10, 300),
    gaps=st.sets(st.integers(1, 3999), max_size=40),
    frame=st.sampled_from([Timeframe(MINUTE), H1, Timeframe(DAY), Timeframe(7 * DAY)]),
)
def test_every_point_is_its_bars_put_together(
    count: int, points: int, gaps: set[int], frame: Timeframe
) -> None:
    bars = make_bars(count, frame=frame, without=[one for one in gaps if one < count])
    grouping = group(bars, points)
    found = grouped(bars, grouping)
    assert len(found) <= points
    edges = [*np.searchsorted(bars.time, found.time).tolist(), len(bars)]
    for at, (start, stop) in enumerate(pairwise(edges)):
        part = bars.slice(start, stop)
        assert found.open[at] == part.open[0]
        assert found.close[at] == part.close[-1]
        assert found.high[at] == part.high.max()
        assert found.low[at] == part.low.min()
        assert found.volume[at] == pytest.approx(part.volume.sum())


# Formats


def test_csv_is_what_a_source_of_files_reads(server: Served, tmp_path: Path) -> None:
    answer = server.get(f"{BASE}&from={START}&to={END}&limit=5000&format=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="BTC-USDT_1h.csv"'
    file = tmp_path / "bars.csv"
    file.write_bytes(answer.body)
    from rtrade.config.definitions import FileSeries, SourceDef

    series = FileSeries(SYMBOL, H1, file)
    back = read_file(SourceDef("mine", "csv", (series,)), series)
    assert columns_of(back) == columns_of(BARS)


def test_arrow_comes_back_to_the_bit(server: Served) -> None:
    answer = server.get(f"{BASE}&from={START}&limit=2000&format=arrow")
    assert answer.headers["content-type"] == "application/vnd.apache.arrow.stream"
    with pa.ipc.open_stream(io.BytesIO(answer.body)) as reader:
        table = reader.read_all()
    assert table.schema.names == list(COLUMNS)
    for name in COLUMNS:
        expected = getattr(BARS, name)[:2000]
        assert np.array_equal(table.column(name).to_numpy(), expected)
    facts = table.schema.metadata
    assert facts[b"symbol"] == b"BTC/USDT"
    assert facts[b"next"] == str(BARS.time[1999]).encode()


@pytest.mark.parametrize("form", ["csv", "arrow", "json"])
def test_a_header_leads_to_the_page_that_follows(server: Served, form: str) -> None:
    first = server.get(f"{BASE}&from={START}&limit=100&format={form}")
    link, relation = first.headers["link"].split("; ")
    assert relation == 'rel="next"'
    second = server.get(link.strip("<>"))
    direct = server.get(f"{BASE}&from={START}&limit=100&format={form}&after={BARS.time[99]}")
    assert second.status == 200
    assert second.body == direct.body != first.body
    assert "link" not in server.get(f"{BASE}&limit=5&format={form}").headers


def test_tables_say_in_headers_that_points_stand_for_bars(server: Served) -> None:
    answer = server.get(f"{BASE}&from={START}&to={END}&max_points=50&format=csv")
    assert answer.headers["rtrade-level-span"] == "3d"
    assert answer.headers["rtrade-level-bars"] == str(len(BARS))


@pytest.mark.parametrize("form", ["json", "csv"])
def test_what_is_packed_is_the_same(server: Served, form: str) -> None:
    address = f"{BASE}&from={START}&to={END}&limit=500&format={form}"
    plain = server.get(address)
    for _ in range(2):
        packed = server.get(address, Accept_Encoding="gzip")
        assert packed.headers["content-encoding"] == "gzip"
        assert gzip.decompress(packed.body) == plain.body
        assert packed.headers["etag"] != plain.headers["etag"]
        assert "Accept-Encoding" in packed.headers["vary"]


# Caches


CASES = [
    ("a past stretch that is complete", f"&from={START}&to={START + 200 * HOUR}", CLOSED),
    ("a page of the past", f"&from={START}&limit=10", CLOSED),
    ("the bars before a time", f"&to={START + 200 * HOUR}&limit=10", CLOSED),
    ("what a sync asks for again", f"&from={START}&to={END - HOUR}&limit=5000", "no-cache"),
    ("bars from before what is stored", f"&from={START - HOUR}&to={START + HOUR}", "no-cache"),
    ("all before a time", f"&to={START + 9 * HOUR}&limit=10000", "no-cache"),
    ("the last bars", "&limit=10", "no-store"),
    ("beyond what is stored", f"&from={START}&to={END + HOUR}&limit=5000", "no-store"),
    ("no end", f"&from={START}&limit=5000", "no-store"),
]


@pytest.mark.parametrize(("query", "cache"), [one[1:] for one in CASES], ids=[c[0] for c in CASES])
def test_what_may_be_cached_follows_from_what_is_known(
    server: Served, query: str, cache: str
) -> None:
    answer = server.get(BASE + query)
    assert cache in answer.headers["cache-control"]
    assert ("etag" in answer.headers) == (cache != "no-store")


def test_a_tag_names_bars_until_they_change(tmp_path: Path) -> None:
    folder = make_market(tmp_path / "w")
    address = f"{BASE}&from={START}&to={START + 500 * HOUR}"
    with stored(folder) as store, served(folder) as server:
        store_bars(store, BARS.slice(0, 1000), key_of(), Interval(START, START + 1004 * HOUR))
        first = server.get(address)
        tag = first.headers["etag"]
        assert tag.startswith('"')
        packed = server.get(address, Accept_Encoding="gzip").headers["etag"]
        for known in (tag, packed, f'"x", {tag}', "*"):
            same = server.get(address, If_None_Match=known, Accept_Encoding="gzip")
            assert (same.status, same.body) == (304, b""), known
        assert server.get(f"{address}&format=csv", If_None_Match=tag).status == 200
        assert server.get(f"{address}&limit=3", If_None_Match=tag).status == 200
        changed = BARS.slice(10, 11)
        store.write_bars(key_of(), [], replace(changed, volume=changed.volume + 1))
        second = server.get(address, If_None_Match=tag)
        assert second.status == 200
        assert second.headers["etag"] != tag
        assert second.json["bars"]["volume"][10] == changed.volume[0] + 1
        # What was never asked before, and has no bars, changes what is known of the stretch.
        assert store.status(key_of())[0] is not None
        store.write_bars(key_of(), [Interval(START - 9 * HOUR, START)], None)
        assert server.get(address).headers["etag"] != second.headers["etag"]


def test_a_head_is_the_answer_without_its_body(server: Served) -> None:
    address = f"{BASE}&from={START}&to={END}&limit=10"
    head, whole = server.ask("HEAD", address), server.get(address)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["etag"] == whole.headers["etag"]
    assert head.headers["content-length"] == whole.headers["content-length"]


def test_complete_tells_what_was_never_asked(tmp_path: Path) -> None:
    folder = make_market(tmp_path / "w")
    parts = Interval(START, START + 10 * HOUR), Interval(START + 20 * HOUR, START + 40 * HOUR)
    with stored(folder) as store, served(folder) as server:
        bars = make_bars(40, without=[2, *range(10, 20)])
        store.write_bars(key_of(), parts, bars)
        assert page(server, f"&from={START}&to={START + 10 * HOUR}")["complete"] is True
        assert page(server, f"&from={START}&to={START + 11 * HOUR}")["complete"] is False
        assert page(server, f"&from={START + 20 * HOUR}&to={START + 40 * HOUR}")["complete"]
        assert page(server)["complete"] is False
        assert page(server, "&limit=20")["complete"] is True
        before = page(server, f"&to={START}")
        assert (before["bars"]["time"], before["complete"]) == ([], False)
        store.write_bars(key_of(), [Interval(0, START)], None)
        assert page(server, f"&to={START}")["complete"] is True
        assert page(server, f"&from={START + 99 * HOUR}")["complete"] is False


# Memory


def test_what_is_kept_is_bounded(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(workspace) as server:
        assert server.app is not None
        from rtrade.web.site import site_of

        markets = site_of(server.app).markets
        monkeypatch.setattr(markets.bodies, "_most", 100_000)
        for at in range(60):
            page(server, f"&from={START + at * HOUR}&limit=200")
            assert markets.bodies.bytes <= 100_000
        assert 1 <= len(markets.bodies) < 60


def test_a_series_too_long_to_keep_is_read_page_by_page(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelving, "MOST_WHOLE", 100)
    with served(workspace) as server:
        for _ in range(12):
            assert page(server, f"&from={START}&limit=5")["bars"] == columns_of(BARS.slice(0, 5))
        status, detail = refusal(server, f"&from={START}&to={END}&max_points=100")
        assert status == 422
        assert "more than are read at once" in detail


# What is refused


WRONG = [
    ("&x=1", "x"),
    ("&limit=0", "limit"),
    ("&limit=10001", "limit"),
    ("&limit=1.5", "limit"),
    ("&limit=5&limit=6", "limit"),
    ("&max_points=9", "max_points"),
    ("&max_points=100&limit=5", "limit"),
    (f"&max_points=100&after={START}", "after"),
    ("&from=-1", "from"),
    ("&from=2021-01-01", "from"),
    (f"&from={START}&to={START}", "to"),
    ("&format=xml", "format"),
    ("&source=../etc/passwd", "source"),
    ("&offset=10", "offset"),
]


@pytest.mark.parametrize(("query", "name"), WRONG)
def test_wrong_parameters_are_named(server: Served, query: str, name: str) -> None:
    answer = server.get(BASE + query)
    assert answer.status == 422
    assert [one["name"] for one in answer.json["errors"]] == [name]


@pytest.mark.parametrize("symbol", ["btc-usdt", "BTCUSDT", "BTC", "BTC//USDT", "BTC%00-USDT", ""])
def test_a_symbol_that_is_none_is_refused(server: Served, symbol: str) -> None:
    assert server.get(f"{CANDLES}?symbol={symbol}&timeframe=1h").status == 422


# Lists


def test_symbols_come_with_their_sources(server: Served) -> None:
    found = server.get("/api/v1/symbols").json["symbols"]
    stored_one = {"symbol": SYMBOL, "source": "binance", "kind": "exchange", "timeframes": ["1h"]}
    assert stored_one in found
    assert {
        "symbol": SYMBOL,
        "source": "sample",
        "kind": "synthetic",
        "timeframes": ["5m"],
    } in found
    # The shipped examples of sources of files name files that are not there.
    assert {one["source"] for one in found} == {"binance", "sample"}
    assert server.get("/api/v1/symbols?source=binance").json["symbols"] == [stored_one]
    assert server.get("/api/v1/symbols?source=nowhere").status == 422


def test_coverage_is_what_was_asked_and_answered(server: Served) -> None:
    expected = {
        "symbol": SYMBOL,
        "timeframe": "1h",
        "source": "binance",
        "bars": len(BARS),
        "first": START,
        "last": END - HOUR,
        "missing": 4,
        "corrected": 0,
        "covered": [{"from": START, "to": END}],
    }
    for query in ("", "?symbol=BTC-USDT", "?timeframe=1h", "?source=binance"):
        assert server.get(f"/api/v1/coverage{query}").json == {"series": [expected]}
    for query in ("?symbol=ETH-USDT", "?timeframe=1d", "?source=sample"):
        assert server.get(f"/api/v1/coverage{query}").json == {"series": []}


def test_a_series_whose_source_has_gone_is_still_there(tmp_path: Path) -> None:
    folder = make_market(tmp_path / "w")
    with stored(folder) as store:
        store_bars(store, BARS.slice(0, 50), key_of())
    (folder / "datasources" / "binance.yaml").unlink()
    with served(folder) as server:
        assert page(server)["source"] is None
        assert server.get("/api/v1/coverage").json["series"][0]["source"] is None


def test_a_source_that_cannot_be_read_is_told_to_who_asks_for_it(tmp_path: Path) -> None:
    folder = make_market(tmp_path / "w")
    (folder / "datasources" / "broken.yaml").write_text("rtrade: 1\nkind: csv\n")
    with stored(folder) as store:
        store_bars(store, BARS.slice(0, 50), key_of())
    with served(folder) as server:
        assert len(page(server)["bars"]["time"]) == 50
        answer = server.get(f"{BASE}&source=broken")
        assert (answer.status, answer.json["type"][-13:]) == (422, "invalid-input")
        assert json.loads(answer.body)["diagnostics"]
