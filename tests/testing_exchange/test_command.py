"""`rtrade fake-exchange` as users start and stop it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from testing_exchange.listening import record
from testing_exchange.serving import START

ROOT = Path(__file__).parents[2]


def start(*arguments: str | Path, cwd: Path) -> subprocess.Popen[str]:
    surroundings = os.environ | {"PYTHONPATH": str(ROOT / "framework")}
    return subprocess.Popen(
        [sys.executable, "-m", "rtrade.cli.main", "fake-exchange", *map(str, arguments)],
        cwd=cwd, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@contextmanager
def running(*arguments: str | Path, cwd: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    process = start(*arguments, cwd=cwd)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening on http://127.0.0.1:"), process.communicate()
        yield line.removeprefix("listening on ").strip(), process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def series(tmp_path: Path) -> str:
    rows = [f"{START + at * 3_600_000},10.0,12.5,9.25,11.0,{at + 1}" for at in range(20)]
    file = tmp_path / "bars,with a comma.csv"
    file.write_text("\n".join(["ts,open,high,low,close,volume", *rows]))
    return f"BTC/USDT,1h,{file}"


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=30) as response:
        return json.load(response)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_a_signal_and_ends_with_0(
    series: str, tmp_path: Path, number: signal.Signals
) -> None:
    with running("--series", series, "--now", "2024-01-01T05:30Z", cwd=tmp_path) as (url, process):
        rows = get(f"{url}/api/v3/klines?symbol=BTCUSDT&interval=1h")
        assert [row[0] for row in rows] == [START + at * 3_600_000 for at in range(6)]
        info = get(f"{url}/api/v3/exchangeInfo")["symbols"][0]["filters"]
        assert info[0]["tickSize"] == "0.01"
        process.send_signal(number)
        output, errors = process.communicate(timeout=30)
    assert (process.returncode, output, errors) == (0, "", "")


def test_it_stops_while_somebody_listens_to_a_stream(series: str, tmp_path: Path) -> None:
    with running("--series", series, cwd=tmp_path) as (url, process):
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(
                b"GET /ws/btcusdt@trade HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            )
            assert b"101" in connection.recv(4096)
            process.terminate()
            assert process.wait(timeout=30) == 0


def test_options_reach_the_exchange(series: str, tmp_path: Path) -> None:
    faults = tmp_path / "faults.yaml"
    faults.write_text("faults:\n  - {kind: error_body, endpoint: time}\n")
    recording = tmp_path / "recording.gz"
    told = record(recording)
    rates = tmp_path / "rates.csv"
    rates.write_text(f"time,rate\n{START},0.0001\n")
    with running(
        "--series", series, "--recording", recording, "--funding", f"BTC/USDT:USDT,{rates}",
        "--faults", faults, "--lot", "0.01", "--min-notional", "7", "--tick", "0.5",
        "--no-limits", "--port", "0", cwd=tmp_path,
    ) as (url, process):  # fmt: skip
        assert get(f"{url}/api/v3/time")["code"] == -1000
        # Its clock waits for the first stream, just before the recording begins.
        assert get(f"{url}/api/v3/time") == {"serverTime": told["start"] - 1}
        info = get(f"{url}/api/v3/exchangeInfo")
        filters = {one["filterType"]: one for one in info["symbols"][0]["filters"]}
        assert filters["PRICE_FILTER"]["tickSize"] == "0.5"
        assert filters["LOT_SIZE"]["stepSize"] == "0.01"
        assert filters["NOTIONAL"]["minNotional"] == "7"
        assert info["rateLimits"][0]["limit"] > 1_000_000
        assert get(f"{url}/fapi/v1/fundingRate?symbol=BTCUSDT")[0]["fundingTime"] == START
        process.terminate()
        _, errors = process.communicate(timeout=30)
    assert errors == "request 1, /api/v3/time: error_body\n"


def test_a_seed_is_printed(series: str, tmp_path: Path) -> None:
    with running("--series", series, "--faults", "17", cwd=tmp_path) as (_, process):
        process.terminate()
        _, errors = process.communicate(timeout=30)
    assert "seed 17" in errors


def refused(*arguments: str | Path, cwd: Path) -> tuple[int, str]:
    process = start(*arguments, cwd=cwd)
    output, errors = process.communicate(timeout=60)
    assert output == ""
    assert "Traceback" not in errors
    return process.returncode, errors


def test_a_busy_port_is_one_clear_error(series: str, tmp_path: Path) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        code, errors = refused("--series", series, "--port", str(port), cwd=tmp_path)
    assert code == 4
    assert errors.splitlines() == [
        f"error: cannot listen on 127.0.0.1:{port}: Address already in use",
        "  help: `--port 0` takes any free port",
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "nothing to serve"),
        (["--series", "BTC/USDT,1h"], 2, "SYMBOL,TIMEFRAME,FILE"),
        (["--series", "btc,1h,x.csv"], 2, "no symbol of a spot market"),
        (["--series", "BTC/USDT,1y,x.csv"], 2, "not a timeframe"),
        (["--series", "BTC/USDT,7m,x.csv"], 2, "no interval of 7m"),
        (["--series", "BTC/USDT,1h,nowhere.csv"], 3, "there is no file"),
        (["--series", "{series}", "--now", "yesterday"], 2, "is no time"),
        (["--series", "{series}", "--speed", "-1"], 2, "--speed"),
        (["--series", "{series}", "--lot", "0"], 2, "--lot is an amount above zero"),
        (["--series", "{series}", "--tick", "x"], 2, "--tick is an amount above zero"),
        (["--series", "{series}", "--port", "70000"], 2, "--port"),
        (["--series", "{series}", "--faults", "nowhere.yaml"], 3, "nowhere.yaml"),
        (["--recording", "nowhere.gz"], 4, "cannot read the recording"),
        (["--funding", "BTC/USDT:USDT"], 2, "SYMBOL,FILE"),
    ],
)
def test_bad_arguments_are_clear_errors(
    series: str, tmp_path: Path, arguments: list[str], code: int, words: str
) -> None:
    given = [series if one == "{series}" else one for one in arguments]
    found, errors = refused(*given, cwd=tmp_path)
    assert found == code, errors
    assert words in errors
