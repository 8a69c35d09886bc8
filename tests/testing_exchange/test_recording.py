"""Recordings: read, told again as they were, and refused where they are none."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from rtrade.core.errors import UsageError, WorldError
from rtrade.testing import FakeExchange, ManualClock
from rtrade.testing.recording import read_recording
from testing_exchange.listening import Listener, listen, record
from testing_exchange.serving import Raw, hourly


@pytest.fixture
def told(tmp_path: Path) -> dict[str, Any]:
    return {"file": tmp_path / "one.jsonl.gz", **record(tmp_path / "one.jsonl.gz")}


def test_every_message_comes_word_for_word_and_in_order(told: dict[str, Any]) -> None:
    recording = read_recording(told["file"])
    clock = ManualClock(recording.start - 1)
    wanted = [line.partition(" ")[2] for line in told["messages"] if '"stream"' in line]
    streams = "/".join(recording.markets["XYZUSDT"].messages)

    async def talk(one: Listener) -> None:
        clock.advance(3600_000)
        assert [await one.raw() for _ in wanted] == wanted

    with FakeExchange(recording=recording, clock=clock) as exchange:
        listen(exchange, f"/stream?streams={streams}", talk)


def test_a_recording_is_served_over_rest_as_well(told: dict[str, Any]) -> None:
    clock = ManualClock(told["end"] + 1000)
    with FakeExchange(recording=told["file"], clock=clock) as exchange:
        raw, xyz = Raw(exchange), {"symbol": "XYZUSDT"}
        rows = raw.get("/api/v3/trades", **xyz).json
        assert [row["id"] for row in rows] == told["trades"]
        book = raw.get("/api/v3/depth", **xyz, limit=1000).json
        assert book["lastUpdateId"] == told["book_id"]
        assert dict(book["bids"]) == told["bids"]
        aggregates = raw.get("/api/v3/aggTrades", **xyz, fromId=1).json
        assert [(row["f"], row["l"], row["q"]) for row in aggregates[:2]] == [
            (9000, 9001, "0.30000000"), (9002, 9002, "0.3"),
        ] or aggregates[1]["q"] == "0.30000000"  # fmt: skip
        klines = raw.get("/api/v3/klines", **xyz, interval="1m").json
        assert sum(float(row[5]) for row in klines) == pytest.approx(0.6 * 20)
        clock.set(told["start"] + 50)
        early = raw.get("/api/v3/depth", **xyz).json
        assert early["lastUpdateId"] == 511


def test_a_market_needs_a_known_quote_or_a_series(told: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "other.jsonl"
    file.write_text(gzip.decompress(told["file"].read_bytes()).decode().replace("XYZUSDT", "XYZABC")
                    .replace("xyzusdt", "xyzabc"))  # fmt: skip
    with pytest.raises(UsageError, match="quote currency"):
        FakeExchange(recording=file)
    FakeExchange([hourly(3, symbol="XYZ/ABC")], recording=file)


GOOD = '1 {"stream":"btcusdt@trade","data":{"e":"trade","E":5}}'
BAD = [
    "",
    "nonsense",
    "1 {",
    "1 []",
    'x {"stream":"a@b","data":{}}',
    '1 {"stream":"a@b"}',
    '1 {"stream":"a@b","data":5}',
    '1 {"stream":5,"data":{}}',
    '1 {"bids":[]}',
    GOOD,
    '1 {"stream":"btcusdt@depth","data":{"e":"depthUpdate","E":"soon"}}',
]


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_recording_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text(text + "\n")
    with pytest.raises(UsageError, match=r"line 1 of|has no messages"):
        read_recording(file)


def test_a_recording_that_is_cut_off_or_missing_is_the_worlds_fault(
    told: dict[str, Any], tmp_path: Path
) -> None:
    cut = tmp_path / "cut.gz"
    cut.write_bytes(told["file"].read_bytes()[:-20])
    for path in (cut, tmp_path / "nowhere.gz", tmp_path):
        with pytest.raises(WorldError, match="cannot read the recording"):
            read_recording(path)


def test_two_markets_have_their_own_books(told: dict[str, Any], tmp_path: Path) -> None:
    lines = told["messages"]
    other = [line.replace("XYZUSDT", "ABCUSDT").replace("xyzusdt", "abcusdt") for line in lines]
    shifted = []
    for line in other:
        stamp, _, text = line.partition(" ")
        message = json.loads(text)
        data = message.get("data", message)
        for key in ("U", "u", "lastUpdateId"):
            if key in data:
                data[key] += 1_000_000
        shifted.append(f"{stamp} {json.dumps(message)}")
    file = tmp_path / "both.jsonl"
    file.write_text("\n".join([*lines, *shifted]))
    with FakeExchange(recording=file, clock=ManualClock(told["end"] + 9)) as exchange:
        raw = Raw(exchange)
        ids = [raw.get("/api/v3/depth", symbol=name).json["lastUpdateId"]
               for name in ("XYZUSDT", "ABCUSDT")]  # fmt: skip
    assert ids == [told["book_id"], told["book_id"] + 1_000_000]
