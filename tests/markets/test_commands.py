"""`rtrade data ...` and `rtrade run` on an exchange, as a user types them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from markets.support import START, SYMBOL, history, make_workspace, requests_for_bars
from rtrade.core.bars import Bars
from rtrade.core.timeframes import HOUR, iso
from rtrade.data.exporting import export
from rtrade.testing import FakeExchange, VirtualClock

ROOT = Path(__file__).parents[2]
BARS = history(3, count=3000, outages=3)
STRATEGY = f"""\
rtrade: 1
name: cross
data: {{source: binance, symbol: BTC/USDT, timeframe: 1h, start: {iso(START + 200 * HOUR)}}}
signals: {{fast: "sma(close, 10)", slow: "ema(close, 30)"}}
rules: {{enter_long: "crosses_above(fast, slow)", exit_long: "crosses_below(fast, slow)"}}
sizing: {{equity: 95%}}
costs: {{commission: 0.1%, slippage: 5 bps}}
backtest: {{cash: 10000}}
"""


def rtrade(
    workspace: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("RTRADE")}
    kept |= {"PYTHONPATH": str(ROOT / "framework"), "RTRADE_LOOPBACK": "1"} | environment
    return subprocess.run(
        [sys.executable, "-m", "rtrade.cli.main", *arguments],
        cwd=workspace, env=kept, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def document(done: subprocess.CompletedProcess[str], code: int = 0) -> dict:
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def exchange() -> Iterator[FakeExchange]:
    # Its clock stands still, so that "the last closed bar" is the same for every command.
    clock = VirtualClock(int(BARS.time[-1]) + 90 * 60_000, 0)
    with FakeExchange([BARS], clock=clock, weight_limit=None) as opened:
        yield opened


@pytest.fixture
def workspace(exchange: FakeExchange, tmp_path: Path) -> Path:
    folder = make_workspace(tmp_path / "ws", exchange.url)
    (folder / "strategies" / "cross.yaml").write_text(STRATEGY, encoding="utf-8")
    return folder


def csv_source(workspace: Path, bars: Bars, filters: str) -> None:
    export(bars, workspace / "bars.csv.gz")
    text = (
        "rtrade: 1\nkind: csv\nseries:\n"
        "  - {symbol: BTC/USDT, timeframe: 1h, path: ../bars.csv.gz}\n"
        f"filters: {filters}\n"
    )
    (workspace / "datasources" / "own.yaml").write_text(text, encoding="utf-8")


SYNC = ("data", "sync", "binance", SYMBOL, "--timeframe", "1h", "--since", "2020-12-01", "--json")


def test_a_sync_fetches_once_and_tells_holes_from_what_was_never_asked(
    workspace: Path, exchange: FakeExchange
) -> None:
    gaps, missing = BARS.gaps()
    half = iso(int(BARS.time[1000]))
    (first,) = document(rtrade(workspace, *SYNC, "--until", half))["series"]
    assert (first["bars"], first["added"], first["to"]) == (1000, 1000, half)
    (rest,) = document(rtrade(workspace, *SYNC))["series"]
    assert (rest["bars"], rest["added"], rest["corrected"]) == (len(BARS), len(BARS) - 1000, 0)
    assert (rest["holes"], rest["missing"]) == (gaps, missing)
    asked = requests_for_bars(exchange)
    (again,) = document(rtrade(workspace, *SYNC))["series"]
    assert again["added"] == 0
    # Only the latest bars are asked for again, since exchanges correct those.
    assert requests_for_bars(exchange) - asked <= 3
    found = document(rtrade(workspace, "data", "check", "binance", "--json"), code=1)
    (series,) = found["series"]
    assert [hole["reason"] for hole in series["holes"]] == ["exchange"] * gaps
    assert sum(hole["bars"] for hole in series["holes"]) == missing
    table = rtrade(workspace, "data", "check", "binance")
    assert table.returncode == 1
    assert "the exchange has none" in table.stdout
    (listed,) = document(rtrade(workspace, "data", "list", "--json"))["series"]
    assert (listed["bars"], listed["missing"]) == (len(BARS), missing)


def test_a_run_fetches_what_it_needs_and_then_runs_without_the_exchange(
    workspace: Path, exchange: FakeExchange
) -> None:
    first = rtrade(workspace, "run", "strategies/cross.yaml")
    assert first.returncode == 0, first.stderr
    assert "fetching BTC/USDT 1h from `binance`" in first.stderr
    again = document(rtrade(workspace, "run", "strategies/cross.yaml", "--json"))
    end = ("--end", again["data"]["end"], "--json")
    exchange.stop()
    cached = rtrade(workspace, "run", "strategies/cross.yaml", *end)
    assert document(cached)["trades"] == again["trades"]
    offline = document(rtrade(workspace, "run", "strategies/cross.yaml", "--offline", "--json"))
    assert offline["run_id"] == again["run_id"]
    unreachable = rtrade(workspace, "run", "strategies/cross.yaml")
    assert unreachable.returncode == 4
    assert "Traceback" not in unreachable.stderr
    assert unreachable.stderr.count("error:") == 1


def test_offline_says_what_was_never_fetched(workspace: Path) -> None:
    done = rtrade(workspace, "run", "strategies/cross.yaml", "--offline")
    assert done.returncode == 4
    assert "no bars of BTC/USDT 1h are stored of `binance`" in done.stderr
    assert "rtrade data sync binance BTC/USDT --timeframe 1h" in done.stderr
    since = ("--since", "2021-02-01", "--until", "2021-03-01")
    assert rtrade(workspace, *SYNC[:6], *since).returncode == 0
    done = rtrade(workspace, "run", "strategies/cross.yaml", "--offline")
    assert done.returncode == 4
    assert "was never fetched from" in done.stderr


def test_both_stores_give_the_same_bytes_and_files_the_same_trades(
    workspace: Path, tmp_path: Path, exchange: FakeExchange, postgres_url: str
) -> None:
    run = ("run", "strategies/cross.yaml", "--json")
    sqlite = document(rtrade(workspace, *run))
    postgres = document(rtrade(workspace, *run, "--out", "pg", DATABASE_URL=postgres_url))
    for name in ("result.json", "trades.csv", "equity.csv", "report.html"):
        left = workspace / "runs" / sqlite["run_id"] / name
        right = workspace / "pg" / postgres["run_id"] / name
        assert left.read_bytes() == right.read_bytes(), name
    whole = exchange.truth(SYMBOL, "1h")
    csv_source(workspace, whole, "{lot: 0.00001, tick: 0.01, min_notional: 5}")
    files = document(rtrade(workspace, *run, "--source", "own"))
    assert files["data"]["filters"] == sqlite["data"]["filters"]
    for part in ("trades", "metrics", "refused"):
        assert files[part] == sqlite[part]
    assert {**files["data"], "source": "binance"} == sqlite["data"]
    assert len(files["trades"]) > 20


def test_two_processes_fill_the_same_range_at_once(workspace: Path, postgres_url: str) -> None:
    for url in ("", postgres_url):
        with ThreadPoolExecutor(2) as pool:
            both = [pool.submit(rtrade, workspace, *SYNC, DATABASE_URL=url) for _ in range(2)]
        series = [document(one.result())["series"][0] for one in both]
        assert {one["bars"] for one in series} == {len(BARS)}
        assert sum(one["corrected"] for one in series) == 0
        assert sum(one["added"] for one in series) == len(BARS)


def test_bars_go_out_and_come_back_to_the_bit(workspace: Path, tmp_path: Path) -> None:
    for name in ("bars.csv", "bars.csv.gz", "bars.parquet"):
        out = rtrade(workspace, "data", "export", "binance", SYMBOL, "--timeframe", "1h",
                     "--since", "2021-01-05", "--output", name)  # fmt: skip
        assert out.returncode == 0, out.stderr
    header, first, *_ = (workspace / "bars.csv").read_text(encoding="utf-8").splitlines()
    assert header == "ts,open,high,low,close,volume"
    assert first.split(",")[0] == str(START + 4 * 24 * HOUR)
    for name in ("bars.csv", "bars.csv.gz", "bars.parquet"):
        other = make_workspace(tmp_path / name, "http://127.0.0.1:9")
        moved = rtrade(other, "data", "import", "binance", SYMBOL, str(workspace / name),
                       "--timeframe", "1h", "--json")  # fmt: skip
        assert document(moved)["added"] == document(moved)["bars"] > 1000
        back = rtrade(other, "data", "export", "binance", SYMBOL, "--timeframe", "1h",
                      "--since", "2021-01-05", "--until", "2021-01-20", "--offline",
                      "--output", "back.csv")  # fmt: skip
        assert back.returncode == 0, back.stderr
        lines = (workspace / "bars.csv").read_text(encoding="utf-8").splitlines()
        again = (other / "back.csv").read_text(encoding="utf-8").splitlines()
        assert again == lines[: len(again)]
        assert len(again) > 300


def test_holes_of_imported_files_are_not_taken_for_the_exchange_s(workspace: Path) -> None:
    csv_source(workspace, BARS, "{lot: 0.00001}")
    moved = rtrade(workspace, "data", "import", "binance", SYMBOL, "bars.csv.gz",
                   "--timeframe", "1h")  # fmt: skip
    assert moved.returncode == 0, moved.stderr
    (series,) = document(rtrade(workspace, "data", "check", "binance", "--json"), 1)["series"]
    assert {hole["reason"] for hole in series["holes"]} == {"never asked"}
    (synced,) = document(rtrade(workspace, *SYNC))["series"]
    assert (synced["added"], synced["bars"]) == (0, len(BARS))
    (series,) = document(rtrade(workspace, "data", "check", "binance", "--json"), 1)["series"]
    assert {hole["reason"] for hole in series["holes"]} == {"exchange"}


def test_vwap_is_the_one_of_strategies(workspace: Path) -> None:
    found = document(rtrade(workspace, "data", "vwap", SYMBOL, "--window", "24h", "--timeframe",
                            "1h", "--since", "2021-01-10", "--json"))  # fmt: skip
    from rtrade.data.vwap import rolling_vwap

    expected = rolling_vwap(BARS, 24)[BARS.time >= START + 9 * 24 * HOUR]
    assert [one["vwap"] for one in found["values"]] == expected.tolist()
    table = rtrade(workspace, "data", "vwap", SYMBOL, "--window", "24h", "--offline")
    assert table.returncode == 0, table.stderr
    assert "from bars of 1h" in table.stdout
    wrong = rtrade(workspace, "data", "vwap", SYMBOL, "--window", "90m", "--timeframe", "1h")
    assert wrong.returncode == 2
    assert "no whole number of 1h bars" in wrong.stderr
    months = rtrade(workspace, "data", "vwap", SYMBOL, "--window", "1M")
    assert months.returncode == 2
    assert "months differ in length" in months.stderr


def test_pruned_bars_count_as_never_fetched(workspace: Path) -> None:
    assert rtrade(workspace, *SYNC).returncode == 0
    prune = ("data", "prune", "binance", "--older-than", "365d", "--json")
    (dry,) = document(rtrade(workspace, *prune, "--dry-run"))["series"]
    assert (dry["bars"], dry["deleted"]) == (len(BARS), False)
    (done,) = document(rtrade(workspace, *prune))["series"]
    assert (done["bars"], done["deleted"]) == (len(BARS), True)
    (again,) = document(rtrade(workspace, *SYNC))["series"]
    assert again["added"] == len(BARS)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("sync", "binanse", SYMBOL, "--timeframe", "1h", "--since", "2021-01-01"), 3,
         "did you mean `binance`?"),
        (("sync", "sample", SYMBOL, "--timeframe", "1h", "--since", "2021-01-01"), 2,
         "only an exchange can be synced"),
        (("sync", "binance", "BTC/USDX", "--timeframe", "1h", "--since", "2021-01-01"), 4,
         "BTC/USDT"),
        (("sync", "binance", SYMBOL, "--timeframe", "7m", "--since", "2021-01-01"), 4, "1h"),
        (("sync", "binance", SYMBOL, "--timeframe", "1h", "--since", "soon"), 2, "is not a time"),
        (("sync", "binance", SYMBOL, "--timeframe", "1h", "--since", "2021-01-02", "--until",
          "2021-01-01"), 2, "--until is not after --since"),
        (("check", "binance"), 4, "nothing is stored of `binance`"),
        (("export", "binance", SYMBOL, "--timeframe", "1h", "--output", "x.xlsx"), 2, ".parquet"),
        (("import", "binance", SYMBOL, "missing.csv", "--timeframe", "1h"), 3, "missing.csv"),
        (("prune", "--older-than", "old"), 2, "is not a length of time"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_one_clear_error(
    workspace: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = rtrade(workspace, "data", *arguments)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
    assert said in done.stderr
    assert not done.stdout


def test_a_least_notional_in_another_currency_is_refused_at_its_place(
    exchange: FakeExchange, tmp_path: Path
) -> None:
    folder = make_workspace(tmp_path / "ws", exchange.url, filters="{min_notional: 5 USDC}")
    (folder / "strategies" / "cross.yaml").write_text(STRATEGY, encoding="utf-8")
    done = rtrade(folder, "validate", "strategies/cross.yaml")
    assert done.returncode == 3
    assert "`min_notional` is in USDC, but BTC/USDT is priced in USDT" in done.stderr
    assert "binance.yaml:5:25" in done.stderr
    assert not exchange.requests


def test_a_range_in_the_future_has_no_closed_bar(workspace: Path) -> None:
    done = rtrade(workspace, *SYNC[:6], "--since", "2031-01-01")
    assert done.returncode == 0, done.stderr
    assert "not one bar has closed" in done.stdout


def test_an_exchange_that_is_down_is_one_error_and_keeps_what_there_is(
    workspace: Path, exchange: FakeExchange
) -> None:
    assert rtrade(workspace, *SYNC[:-1], "--until", "2021-02-01").returncode == 0
    exchange.stop()
    done = rtrade(workspace, *SYNC[:-1])
    assert done.returncode == 4
    assert done.stderr.count("error:") == 1
    assert "Traceback" not in done.stderr
    (listed,) = document(rtrade(workspace, "data", "list", "--json"))["series"]
    assert listed["bars"] > 0
