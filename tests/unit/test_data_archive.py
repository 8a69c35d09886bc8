"""Binance's archive zips: what is read, from where, and what is refused with which words."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtrade.core.bars import Bars
from rtrade.core.errors import (
    AddressRefused,
    DataUnavailable,
    InvalidInput,
    UsageError,
    WorldError,
)
from rtrade.core.timeframes import parse_time
from rtrade.data.archive import Archive, PackedFile, archived_bars, month, read_archive
from rtrade.data.archive_fetching import fetched
from unit.data_support import assert_same, bars_at, frame, places_of

HOUR = 3_600_000
JANUARY, FEBRUARY = parse_time("2024-01-01"), parse_time("2024-02-01")
HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
    "taker_buy_volume,taker_buy_quote_volume,ignore"
)
MONTHLY = "data/spot/monthly/klines/BTCUSDT/1h"
DAILY = "data/spot/daily/klines/BTCUSDT/1h"
HOURS = Archive("BTC/USDT", frame("1h"))


def hours(start: int, end: int) -> Bars:
    return bars_at(range(start, end, HOUR), "1h")


def lines(bars: Bars, *, unit: int = 1, header: bool = False) -> list[str]:
    columns = zip(bars.time, bars.open, bars.high, bars.low, bars.close, bars.volume, strict=True)
    rows = [
        ",".join([str(row[0] * unit), *(f"{cell:.8f}" for cell in row[1:]),
                  str((row[0] + HOUR) * unit - 1), "1.0", "7", "0.5", "0.5", "0"])
        for row in columns
    ]  # fmt: skip
    return [HEADER, *rows] if header else rows


def packed(name: str, rows: Sequence[str] | bytes) -> bytes:
    content = rows if isinstance(rows, bytes) else "".join(f"{row}\n" for row in rows).encode()
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, content)
    return held.getvalue()


def put(folder: Path, period: str, rows: Sequence[str] | bytes, *, checksum: bool = True) -> Path:
    name = f"BTCUSDT-1h-{period}"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.zip"
    path.write_bytes(packed(f"{name}.csv", rows))
    if checksum:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        path.with_name(path.name + ".CHECKSUM").write_text(f"{digest}  {path.name}\n")
    return path


def read(folder: Path | str, symbol: str = "BTC/USDT", timeframe: str = "1h") -> list[Bars]:
    return list(archived_bars(str(folder), symbol, frame(timeframe)))


def refused(folder: Path) -> list:
    with pytest.raises(InvalidInput) as caught:
        read(folder)
    return list(caught.value.diagnostics)


# What is read

WHOLE = hours(JANUARY, FEBRUARY)


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("unit", [1, 1000])
def test_milliseconds_and_microseconds_with_a_header_and_without(tmp_path, header, unit):
    put(tmp_path, "2024-01", lines(WHOLE, unit=unit, header=header))
    (bars,) = read(tmp_path)
    assert_same(bars, WHOLE)


@pytest.mark.parametrize(
    "below", ["", "BTCUSDT/1h", "1h", MONTHLY, "spot/monthly/klines/BTCUSDT/1h"]
)
def test_files_lie_in_the_folder_or_where_the_exchange_puts_them(tmp_path, below):
    put(tmp_path / below, "2024-01", lines(WHOLE))
    (bars,) = read(tmp_path)
    assert_same(bars, WHOLE)


def test_months_then_days_and_no_day_that_a_month_holds(tmp_path):
    put(tmp_path / MONTHLY, "2024-01", lines(WHOLE))
    for day in (FEBRUARY - 24 * HOUR, FEBRUARY + 24 * HOUR, FEBRUARY):
        text = np.datetime_as_string(np.datetime64(day, "ms"), unit="D")
        put(tmp_path / DAILY, text, lines(hours(day, day + 24 * HOUR)))
    found = read(tmp_path)
    assert [int(bars.time[0]) for bars in found] == [JANUARY, FEBRUARY, FEBRUARY + 24 * HOUR]
    assert [len(bars) for bars in found] == [31 * 24, 24, 24]


def test_other_series_and_other_files_are_no_part_of_it(tmp_path):
    put(tmp_path, "2024-01", lines(WHOLE))
    others = (
        "ETHUSDT-1h-2024-01.zip",
        "BTCUSDT-1d-2024-01.zip",
        "BTCUSDT-1h-2024-13.zip",
        "BTCUSDT-1h-2024-01.zip.part",
        "xBTCUSDT-1h-2024-02.zip",
        "notes.txt",
    )
    for name in others:
        (tmp_path / name).write_bytes(b"nothing")
    # Futures have files of the same names.
    put(tmp_path / "data/futures/um/monthly/klines/BTCUSDT/1h", "2024-02", ["wrong"])
    assert len(read(tmp_path)) == 1


def test_months_are_called_1mo(tmp_path):
    bars = bars_at([JANUARY], "1M")
    rows = lines(bars)
    (tmp_path / "BTCUSDT-1mo-2024-01.zip").write_bytes(packed("BTCUSDT-1mo-2024-01.csv", rows))
    (found,) = read(tmp_path, timeframe="1M")
    assert_same(found, bars)


def test_a_month_that_began_late_or_has_holes_is_read(tmp_path):
    part = hours(JANUARY + 100 * HOUR, JANUARY + 200 * HOUR)
    rows = lines(part)
    del rows[50]
    put(tmp_path, "2024-01", rows)
    (bars,) = read(tmp_path)
    assert (len(bars), bars.gaps()) == (99, (1, 1))


# What is refused


def test_nothing_there(tmp_path):
    with pytest.raises(DataUnavailable, match="no archive of BTC/USDT 1h") as caught:
        read(tmp_path)
    assert "BTCUSDT-1h-2024-01.zip" in caught.value.hint
    with pytest.raises(WorldError, match="no folder"):
        read(tmp_path / "nowhere")


def test_futures_are_refused_by_name(tmp_path):
    with pytest.raises(UsageError, match="spot markets only"):
        read(tmp_path, symbol="BTC/USDT:USDT")


def test_another_checksum(tmp_path):
    path = put(tmp_path, "2024-01", lines(WHOLE))
    path.write_bytes(packed("BTCUSDT-1h-2024-01.csv", lines(WHOLE)[1:]))
    (found,) = refused(tmp_path)
    assert found.code == "RT302"
    assert "sha256" in found.message
    assert found.message.startswith("BTCUSDT-1h-2024-01.zip: ")


def bomb() -> bytes:
    return packed("BTCUSDT-1h-2024-01.csv", b"0" * 50_000_000)


def lying() -> bytes:
    """A zip whose directory says that 50 MB are 10 bytes."""
    content = bytearray(bomb())
    size = (50_000_000).to_bytes(4, "little")
    at = content.find(size)
    while at >= 0:
        content[at : at + 4] = (10).to_bytes(4, "little")
        at = content.find(size)
    return bytes(content)


def two() -> bytes:
    held = io.BytesIO(packed("BTCUSDT-1h-2024-01.csv", lines(WHOLE)))
    with zipfile.ZipFile(held, "a") as file:
        file.writestr("more.csv", "x")
    return held.getvalue()


def encrypted() -> bytes:
    content = bytearray(packed("BTCUSDT-1h-2024-01.csv", lines(WHOLE)))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.find(mark) + place] |= 1
    return bytes(content)


def other_packing() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_LZMA) as file:
        file.writestr("BTCUSDT-1h-2024-01.csv", "x")
    return held.getvalue()


WHOLE_ZIP = packed("BTCUSDT-1h-2024-01.csv", lines(WHOLE))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "damaged or cut off"),
        (b"not a zip at all", "damaged or cut off"),
        (WHOLE_ZIP[: len(WHOLE_ZIP) // 2], "damaged or cut off"),
        (WHOLE_ZIP.replace(WHOLE_ZIP[2000:2100], bytes(100)), "damaged or cut off"),
        (packed("../../BTCUSDT-1h-2024-01.csv", lines(WHOLE)), "not BTCUSDT-1h-2024-01.csv"),
        (packed("/etc/passwd", b"x"), "not BTCUSDT-1h-2024-01.csv"),
        (packed("BTCUSDT-1h-2024-02.csv", lines(WHOLE)), "not BTCUSDT-1h-2024-01.csv"),
        (two(), "the zip holds 2 files, not one"),
        (bomb(), "larger than its bars can be"),
        (lying(), "damaged or cut off"),
        (encrypted(), "encrypted"),
        (other_packing(), "packed in a way"),
        (packed("BTCUSDT-1h-2024-01.csv", b""), "is empty"),
        (packed("BTCUSDT-1h-2024-01.csv", HEADER.encode()), "no rows"),
    ],
)
def test_damaged_files(tmp_path, content, message):
    (tmp_path / "BTCUSDT-1h-2024-01.zip").write_bytes(content)
    (found,) = refused(tmp_path)
    assert found.code in ("RT302", "RT303")
    assert message in found.message
    assert found.help


@pytest.mark.parametrize("header", [True, False])
def test_bad_rows_are_named_by_their_lines(tmp_path, header):
    rows = lines(WHOLE, header=header)
    first = int(header)
    rows[first + 4] = rows[first + 4].replace(".", ",", 1)
    rows[first + 9] = rows[first + 9].replace(rows[first + 9].split(",")[2], "nan")
    put(tmp_path, "2024-01", rows)
    found = refused(tmp_path)
    assert places_of(found) == [("RT315", first + 5), ("RT307", first + 10)]
    assert f"line {first + 5}" in found[0].message


def test_bars_of_another_month_and_rows_twice(tmp_path):
    put(tmp_path, "2024-01", lines(hours(JANUARY, FEBRUARY + 2 * HOUR)))
    found = refused(tmp_path)
    assert {each.code for each in found} == {"RT302"}
    assert "the bar is not of 2024-01, as the name says" in found[0].message
    rows = lines(WHOLE)
    put(tmp_path, "2024-01", [rows[0], *rows])
    assert places_of(refused(tmp_path)) == [("RT309", 2)]


def test_good_files_come_out_and_all_bad_ones_are_named_at_the_end(tmp_path):
    put(tmp_path, "2023-12", b"")
    put(tmp_path, "2024-01", lines(WHOLE))
    put(tmp_path, "2024-02", ["x"])
    found = archived_bars(str(tmp_path), "BTC/USDT", frame("1h"))
    assert_same(next(found), WHOLE)
    with pytest.raises(InvalidInput) as caught:
        next(found)
    assert [each.message.split(":")[0].split(" ")[0] for each in caught.value.diagnostics] == [
        "BTCUSDT-1h-2023-12.zip",
        "BTCUSDT-1h-2024-02.zip",
    ]


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_bars_or_findings(content, inside):
    held = packed("BTCUSDT-1h-2024-01.csv", content) if inside else content
    file = PackedFile(Path("BTCUSDT-1h-2024-01.zip"), month("2024-01"), held, None)
    with pytest.raises(InvalidInput):
        read_archive(file, HOURS)


@given(st.integers(0, len(WHOLE_ZIP) - 1), st.integers(1, 255))
def test_a_changed_byte_is_found_or_changes_nothing(at, change):
    held = bytearray(WHOLE_ZIP)
    held[at] ^= change
    file = PackedFile(Path("BTCUSDT-1h-2024-01.zip"), month("2024-01"), bytes(held), None)
    try:
        bars = read_archive(file, HOURS)
    except InvalidInput:
        return
    assert_same(bars, WHOLE)


# Over HTTP


class Served:
    """A server on loopback of the files in a folder; `faults` are answered first, by path."""

    def __init__(self, folder: Path) -> None:
        self.asked: Counter[str] = Counter()
        self.faults: dict[str, list[int]] = {}
        served = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # the name is the library's
                path = self.path.lstrip("/")
                served.asked[path] += 1
                code = served.faults.get(path, []).pop(0) if served.faults.get(path) else 200
                file = folder / path
                if code == 200 and not file.is_file():
                    code = 404
                content = file.read_bytes() if code == 200 else b"<html>no</html>"
                self.send_response(code)
                if code == 302:
                    self.send_header("Location", "http://127.0.0.1:9/elsewhere")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def served(tmp_path, monkeypatch) -> Iterator[Served]:
    monkeypatch.setenv("RTRADE_LOOPBACK", "1")
    running = Served(tmp_path)
    thread = threading.Thread(target=running.server.serve_forever)
    thread.start()
    yield running
    running.server.shutdown()
    thread.join()
    running.server.server_close()


NOW = parse_time("2024-03-03T12:00")


def over_http(served: Served, now: int = NOW) -> list[Bars]:
    return [read_archive(file, HOURS) for file in fetched(served.url, HOURS, Path(), now=now)]


def test_months_are_asked_for_one_by_one_and_days_of_the_present_too(tmp_path, served):
    put(tmp_path / MONTHLY, "2024-01", lines(WHOLE))
    march = parse_time("2024-03-01")
    put(tmp_path / DAILY, "2024-03-01", lines(hours(march, march + 24 * HOUR)), checksum=False)
    found = over_http(served)
    assert [int(bars.time[0]) for bars in found] == [JANUARY, march]
    assert_same(found[0], WHOLE)
    assert served.asked[f"{MONTHLY}/BTCUSDT-1h-2017-07.zip"] == 1
    assert served.asked[f"{MONTHLY}/BTCUSDT-1h-2024-03.zip"] == 1
    assert served.asked[f"{DAILY}/BTCUSDT-1h-2024-02-29.zip"] == 1
    assert served.asked[f"{DAILY}/BTCUSDT-1h-2023-12-01.zip"] == 0
    assert served.asked[f"{MONTHLY}/BTCUSDT-1h-2024-01.zip.CHECKSUM"] == 1


def test_an_address_serves_as_a_folder_does(tmp_path, served):
    put(tmp_path / MONTHLY, "2024-01", lines(WHOLE))
    (bars,) = read(served.url)
    assert_same(bars, WHOLE)


def test_a_checksum_is_compared_over_http_too(tmp_path, served):
    path = put(tmp_path / MONTHLY, "2024-01", lines(WHOLE))
    path.with_name(path.name + ".CHECKSUM").write_text("0" * 64)
    with pytest.raises(InvalidInput, match="sha256"):
        over_http(served)


def test_what_passes_is_asked_for_again(tmp_path, served):
    put(tmp_path / MONTHLY, "2024-01", lines(WHOLE))
    path = f"{MONTHLY}/BTCUSDT-1h-2024-01.zip"
    served.faults[path] = [503, 429]
    (bars,) = over_http(served)
    assert_same(bars, WHOLE)
    assert served.asked[path] == 3


@pytest.mark.parametrize(("codes", "message"), [([500] * 5, "answers 500"), ([403], "answers 403")])
def test_a_server_that_cannot_be_asked(tmp_path, served, codes, message):
    served.faults[f"{MONTHLY}/BTCUSDT-1h-2017-07.zip"] = codes
    with pytest.raises(WorldError, match=message) as caught:
        over_http(served)
    assert caught.value.hint


def test_nobody_answers():
    url = "http://127.0.0.1:9"
    with pytest.raises(WorldError, match="cannot be fetched"):
        list(fetched(url, HOURS, Path(), now=NOW))


def test_requests_stay_on_this_machine_and_on_the_host_asked_for(tmp_path, served):
    with pytest.raises(AddressRefused, match="RTRADE_LOOPBACK"):
        read("http://archive.example")
    served.faults[f"{MONTHLY}/BTCUSDT-1h-2017-07.zip"] = [302]
    with pytest.raises(AddressRefused, match="not the source's"):
        over_http(served)
