"""How `rtrade serve` fares under load: requests a second, latencies, memory, streams beside them.

The server is a process of its own on loopback, its clients are those of another one. The store
holds a million generated bars, and the folder of runs 5,000 copies of one run.

    python benchmarks/serving.py [--seconds 10] [--clients 8] [--flat N] [--only candles|runs|end]
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rtrade.core.bars import Bars
from rtrade.core.intervals import Interval
from rtrade.core.series import SeriesKey
from rtrade.core.timeframes import MINUTE, Timeframe
from rtrade.store.feeds import Trades
from rtrade.store.opening import open_store

ROOT = Path(__file__).resolve().parents[1]
COUNT = 1_000_000
RUNS = 5_000
START = 1_500_000_000_000 // MINUTE * MINUTE
KEY = SeriesKey("binance", "BTC/USDT", Timeframe(MINUTE))
CANDLES = "/api/v1/candles?symbol=BTC-USDT&timeframe=1m"


@dataclass(frozen=True)
class Load:
    """What a load came to: seconds of each request, in all, and how many were refused."""

    taken: list[float]
    seconds: float
    failed: int

    def line(self, title: str) -> str:
        """Return a line of the table."""
        taken = np.array(self.taken) * 1000
        p50, p99 = np.percentile(taken, [50, 99])
        rate = len(taken) / self.seconds
        return (
            f"{title:<44} {rate:>8,.0f}/s   p50 {p50:>7.2f} ms   p99 {p99:>7.2f} ms   "
            f"max {taken.max():>7.1f} ms   failed {self.failed}"
        )


def fill(workspace: Path) -> None:
    """Store a million bars."""
    draw = np.random.default_rng(1)
    close = np.round(30_000 * np.exp(np.cumsum(draw.normal(0, 0.0005, COUNT))), 2)
    opened = np.concatenate(([30_000.0], close[:-1]))
    time_ = START + np.arange(COUNT, dtype=np.int64) * MINUTE
    high, low = np.maximum(opened, close) + 1.5, np.minimum(opened, close) - 1.5
    volume = np.round(draw.gamma(2, 40, COUNT), 5)
    bars = Bars(KEY.symbol, KEY.timeframe, time_, opened, high, low, close, volume)
    with open_store("", workspace / ".rtrade") as store:
        store.write_bars(KEY, [Interval(START, START + COUNT * MINUTE)], bars)


@contextmanager
def served(workspace: Path) -> Iterator[tuple[int, int]]:
    """Serve a workspace; yield the port and the process's id."""
    surroundings = {**os.environ, "RTRADE_LOOPBACK": "1"}
    command = [sys.executable, "-m", "rtrade.cli.main", "serve", "--port", "0"]
    process = subprocess.Popen(
        command, cwd=workspace, env=surroundings, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline().rsplit(":", 1)[1])
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(10)


def load(port: int, clients: int, seconds: float, address: Callable[[], str],
         most: int | None = None, headers: dict[str, str] | None = None) -> Load:  # fmt: skip
    """Have `clients` ask for addresses, one after another, for some seconds or `most` times."""
    taken: list[list[float]] = [[] for _ in range(clients)]
    failed = [0] * clients
    end = time.perf_counter() + seconds
    each = None if most is None else most // clients

    def work(at: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        mine = taken[at]
        while (time.perf_counter() < end) if each is None else len(mine) < each:
            begun = time.perf_counter()
            connection.request("GET", address(), headers=headers or {})
            answer = connection.getresponse()
            answer.read()
            mine.append(time.perf_counter() - begun)
            failed[at] += answer.status != 200
        connection.close()

    threads = [threading.Thread(target=work, args=(at,)) for at in range(clients)]
    begun = time.perf_counter()
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return Load([one for part in taken for one in part], time.perf_counter() - begun, sum(failed))


def rss(pid: int) -> float:
    """Return the memory of a process, MB (Linux)."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return float("nan")


def window(draw: random.Random, count: int = 1000) -> str:
    """Return the address of `count` bars at a place drawn."""
    start = START + draw.randrange(COUNT - 2 * count) * MINUTE
    return f"{CANDLES}&from={start}&to={start + count * MINUTE}&limit={count}"


def read_streams(port: int, count: int, opened: Any) -> None:
    """Hold streams open and read whatever comes; a process of its own does this."""

    def read(at: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        connection.request("GET", "/api/v1/stream/BTC-USDT")
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        while line := answer.readline():
            if line.startswith(b"event: ready"):
                opened.release()
        raise SystemExit(at)

    for at in range(count):
        threading.Thread(target=read, args=(at,), daemon=True).start()
    threading.Event().wait()


@contextmanager
def streams(port: int, count: int) -> Iterator[None]:
    """Hold streams open, each read by somebody."""
    context = multiprocessing.get_context("spawn")
    opened = context.Semaphore(0)
    process = context.Process(target=read_streams, args=(port, count, opened), daemon=True)
    process.start()
    try:
        for _ in range(count):
            assert opened.acquire(timeout=60)
        yield
    finally:
        process.kill()
        process.join()


@contextmanager
def traded(workspace: Path) -> Iterator[None]:
    """Store ten trades five times a second, as a collector does."""
    stop = threading.Event()

    def write() -> None:
        first = 1
        with open_store("", workspace / ".rtrade") as store:
            while not stop.wait(0.2):
                ids = np.arange(first, first + 10)
                at = np.full(10, time.time_ns() // 1_000_000)
                ones = np.ones(10)
                trades = Trades(ids, at, ones * 100, ones, np.ones(10, np.int64))
                span = Interval(int(at[0]), int(at[0]) + 1)
                store.write_trades(KEY.venue, KEY.symbol, trades, [span])
                first += 10

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        stop.set()
        writer.join()


def beside_streams(port: int, workspace: Path, given: argparse.Namespace) -> None:
    """Measure what open streams cost a request, by turns so that a busy machine is fair to all."""
    draw = random.Random(9)

    def measure() -> Load:
        return load(port, 2, given.seconds / 2, lambda: window(draw))

    alone, beside, told = [], [], []
    for _ in range(3):
        alone.append(measure())
        with streams(port, 50):
            beside.append(measure())
            with traded(workspace):
                told.append(measure())
    for title, loads in (
        ("2 clients, no streams", alone),
        ("2 clients, 50 streams open", beside),
        ("2 clients, 50 streams, 50 trades a second", told),
    ):
        taken = [one for part in loads for one in part.taken]
        seconds, failed = (sum(one.seconds for one in loads), sum(one.failed for one in loads))
        print(Load(taken, seconds, failed).line(title))


def candles(port: int, pid: int, workspace: Path, given: argparse.Namespace) -> None:
    """Measure /candles: pages, levels of detail, memory, streams beside them."""
    draw = random.Random(7)
    load(port, given.clients, 2, lambda: window(draw))
    places = [window(draw) for _ in range(50)]
    anywhere = load(port, given.clients, given.seconds, lambda: window(draw))
    print(anywhere.line("1,000 bars, anywhere in a million"))
    some = load(port, given.clients, given.seconds, lambda: draw.choice(places))
    print(some.line("1,000 bars, of 50 places"))
    packed = load(port, given.clients, given.seconds, lambda: draw.choice(places),
                  headers={"Accept-Encoding": "gzip"})  # fmt: skip
    print(packed.line("the same, gzip"))
    start = START + MINUTE * np.arange(30)
    wholes = iter(
        f"{CANDLES}&from={one}&to={START + COUNT * MINUTE}&max_points=2000" for one in start
    )
    print(load(port, 1, 0, lambda: next(wholes), most=30).line("max_points=2000 of a million bars"))
    beside_streams(port, workspace, given)
    before = rss(pid)
    marks = []
    for _ in range(5):
        load(port, given.clients, 0, lambda: window(draw), most=given.flat // 5)
        marks.append(f"{rss(pid):.0f}")
    print(f"memory over {given.flat:,} requests: {before:.0f} MB, then {', '.join(marks)} MB")


def copy_runs(workspace: Path, count: int = RUNS) -> None:
    """Make one run and many copies of it, each with another name and another Sharpe ratio."""
    shutil.copy(ROOT / "strategies" / "sma_btc.yaml", workspace / "strategies")
    command = [sys.executable, "-m", "rtrade.cli.main", "run", "strategies/sma_btc.yaml"]
    subprocess.run([*command, "--last", "90d", "--quiet"], cwd=workspace, check=True)
    (run,) = (path for path in (workspace / "runs").iterdir() if not path.name.startswith("."))
    document, draw = json.loads((run / "result.json").read_text()), random.Random(1)
    for at in range(count):
        folder = run.parent / f"sma_btc-{at:010x}"
        folder.mkdir()
        metrics = {**document["metrics"], "sharpe": draw.uniform(-2, 2)}
        changed = {**document, "run_id": folder.name, "metrics": metrics}
        (folder / "result.json").write_text(json.dumps(changed))
        for name in ("equity.csv", "run.lock"):
            os.link(run / name, folder / name)


def runs(port: int, _: int, __: Path, given: argparse.Namespace) -> None:
    """Measure lists of runs, as documents and as pages."""
    begun = time.perf_counter()
    load(port, 1, 0, lambda: "/api/v1/runs", most=1)
    print(f"the first list of {RUNS:,} runs, all folders read: {time.perf_counter() - begun:.1f} s")
    titles = {
        "/api/v1/runs": "100 of 5,000 runs, newest first, JSON",
        "/api/v1/runs?order=sharpe&where=sharpe>=1": "the same, filtered and sorted by a metric",
        "/": "the page of runs",
        "/?order=sharpe": "the page of runs, sorted by a metric",
    }
    for address, title in titles.items():
        alone = load(port, 1, given.seconds / 2, lambda one=address: one)
        print(alone.line(title))
    crowd = load(port, given.clients, given.seconds / 2, lambda: "/")
    print(crowd.line(f"the page of runs, {given.clients} clients"))


def end(port: int, pid: int, _: Path, given: argparse.Namespace) -> None:
    """Measure a stop with streams open and requests in flight."""
    stop = threading.Event()

    def work() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        with contextlib.suppress(OSError, http.client.HTTPException):
            while not stop.is_set():
                connection.request("GET", CANDLES)
                connection.getresponse().read()

    threads = [threading.Thread(target=work) for _ in range(given.clients)]
    with streams(port, 50):
        for one in threads:
            one.start()
        begun = time.perf_counter()
        os.kill(pid, signal.SIGTERM)
        # A zombie until its parent waits for it: its socket is closed all the same.
        while Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z":
            time.sleep(0.01)
        print(f"from SIGTERM to the end, 50 streams open: {time.perf_counter() - begun:.2f} s")
        stop.set()
        for one in threads:
            one.join()


# The last one leaves no server behind.
PARTS: dict[str, Callable[[int, int, Path, argparse.Namespace], None]] = {
    "candles": candles,
    "runs": runs,
    "end": end,
}


def main() -> None:
    """Fill a store, serve it, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--flat", type=int, default=100_000)
    parser.add_argument("--only", choices=list(PARTS))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        for name in ("strategies", "datasources"):
            (workspace / name).mkdir()
        fill(workspace)
        copy_runs(workspace)
        with served(workspace) as (port, pid):
            for name, part in PARTS.items():
                if given.only in (None, name):
                    part(port, pid, workspace, given)


if __name__ == "__main__":
    main()
