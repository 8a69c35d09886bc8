"""A crossover on real hourly bars, against a few lines of plain Python that know no rtrade."""

from __future__ import annotations

import csv
import gzip
import json
import math
from datetime import UTC, datetime
from pathlib import Path

import pytest

from integration.test_cli import ROOT, rtrade

FEE, SLIPPAGE, SHARE, FAST, SLOW = 0.001, 0.0005, 0.95, 20, 50


def stamp(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def crossover(path: Path) -> list[tuple[str, float, str | None, float | None, float]]:
    """Trades as (entry time, entry price, exit time, exit price, size), worked out by hand."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [(int(row["ts"]), float(row["open"]), float(row["close"]))
                for row in csv.DictReader(file)]  # fmt: skip
    closes = [row[2] for row in rows]

    def average(at: int, n: int) -> float:
        return math.fsum(closes[at - n + 1 : at + 1]) / n

    trades, cash, held = [], 10_000.0, None
    for i in range(SLOW, len(rows) - 1):
        before = average(i - 1, FAST) - average(i - 1, SLOW)
        now = average(i, FAST) - average(i, SLOW)
        time, opened, _ = rows[i + 1]
        if held is None and before <= 0 < now:
            price = opened * (1 + SLIPPAGE)
            size = math.floor(SHARE * cash / (price * (1 + FEE)) * 1e8 + 1e-6) / 1e8
            cash -= size * price * (1 + FEE)
            held = (stamp(time), price, size)
        elif held is not None and before >= 0 > now:
            price = opened * (1 - SLIPPAGE)
            cash += held[2] * price * (1 - FEE)
            trades.append((held[0], held[1], stamp(time), price, held[2]))
            held = None
    if held is not None:
        trades.append((held[0], held[1], None, None, held[2]))
    return trades


@pytest.mark.realdata
def test_the_default_strategy_on_real_bars(real_data: Path, tmp_path: Path) -> None:
    bars = (real_data / "BTCUSDT_1h_2017_2024.csv.gz").resolve()
    source = tmp_path / "real.yaml"
    source.write_text(
        "rtrade: 1\nkind: csv\nseries:\n"
        f"  - {{symbol: BTC/USDT, timeframe: 1h, path: {json.dumps(str(bars))}}}\n",
        encoding="utf-8",
    )
    done = rtrade("run", ROOT / "strategies" / "sma_btc.yaml", "--source", source, "--json",
                  "--out", tmp_path, cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    data = document["data"]
    assert (data["bars"], data["gaps"], data["missing"]) == (58_419, 28, 128)
    assert data["synthetic"] is False
    assert any("28 gaps" in warning for warning in document["warnings"])
    made = [
        (trade["entry_time"], trade["entry_price"], trade["exit_time"], trade["exit_price"])
        for trade in document["trades"]
    ]
    expected = crossover(bars)
    assert len(expected) > 500
    assert made == [trade[:4] for trade in expected]
    sizes = [trade["size"] for trade in document["trades"]]
    assert sizes == pytest.approx([trade[4] for trade in expected], rel=1e-9, abs=2e-8)
