"""Other series in a strategy: what they show at a bar, against a few lines that know no rtrade."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from integration.test_cli import rtrade

HOUR, DAY = 3_600_000, 86_400_000
START = 1_704_067_200_000  # 2024-01-01
Row = tuple[int, float]

STRATEGY = """\
rtrade: 1
name: other_series
data: {{source: bars, symbol: A/USDT, timeframe: 1h, also: {{other: {also}}}}}
rules:
  enter_long: other.close > other.close[1]
  exit_long: other.close < other.close[1]
sizing: {{base: 1}}
costs: {{commission: 0%, slippage: 0%}}
backtest: {{cash: 100000}}
"""


def walk(seed: int, hours: int, missing: set[int]) -> list[Row]:
    """Open times and closes of a random walk on whole prices, some hours missing."""
    draw, price, rows = random.Random(seed), 1000, []
    for hour in range(hours):
        price += draw.randint(-9, 9)
        if hour not in missing:
            rows.append((START + hour * HOUR, float(price)))
    return rows


def workspace(folder: Path, also: str, **series: list[Row]) -> Path:
    (folder / "datasources").mkdir()
    (folder / "strategies").mkdir()
    source = ["rtrade: 1", "kind: csv", "series:"]
    for name, rows in series.items():
        lines = [f"{time},{close},{close + 1},{close - 1},{close},1" for time, close in rows]
        text = "\n".join(["ts,open,high,low,close,volume", *lines, ""])
        (folder / "datasources" / f"{name}.csv").write_text(text, encoding="utf-8")
        source.append(f"  - {{symbol: {name}/USDT, timeframe: 1h, path: {name}.csv}}")
    (folder / "datasources" / "bars.yaml").write_text("\n".join(source) + "\n", encoding="utf-8")
    strategy = folder / "strategies" / "other_series.yaml"
    strategy.write_text(STRATEGY.format(also=also), encoding="utf-8")
    return strategy


def entries_and_exits(base: list[Row], seen: list[tuple[float, float] | None]) -> list[Row]:
    """The opens at which a position begins or ends, from (value, value before) at each close."""
    found, held = [], False
    for at, following in zip(range(len(base)), base[1:], strict=False):
        values = seen[at]
        if values is None:
            continue
        rose, fell = values[0] > values[1], values[0] < values[1]
        if (rose and not held) or (fell and held):
            held = not held
            found.append(following)
    return found


def traded(document: dict) -> list[tuple[str, float]]:
    found = []
    for trade in document["trades"]:
        found.append((trade["entry_time"], trade["entry_price"]))
        if trade["exit_time"] is not None:
            found.append((trade["exit_time"], trade["exit_price"]))
    return found


def stamps(rows: list[Row]) -> list[tuple[str, float]]:
    from rtrade.core.timeframes import iso

    return [(iso(time), price) for time, price in rows]


def run(strategy: Path) -> dict:
    done = rtrade("run", strategy, "--json", cwd=strategy.parent)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_day_is_seen_once_it_is_over(tmp_path: Path) -> None:
    hours = walk(1, 40 * 24 + 7, missing={5, 100, 101, 24 * 9 + 23, 24 * 12, 24 * 20 + 3})
    days: dict[int, float] = {}
    for time, close in hours:
        days[time // DAY] = close  # the last close of a day is the day's
    seen: list[tuple[float, float] | None] = []
    for time, _ in hours:
        over = sorted(day for day in days if (day + 1) * DAY <= time + HOUR)[-2:]
        seen.append((days[over[1]], days[over[0]]) if len(over) == 2 else None)
    strategy = workspace(tmp_path, "{timeframe: 1d}", A=hours)
    expected = entries_and_exits(hours, seen)
    assert len(expected) > 15
    document = run(strategy)
    assert traded(document) == stamps(expected)
    # The first two days are the warm-up of the daily series, and no rule is unknown after it.
    assert not any("besides its warm-up" in line for line in document["warnings"])


def test_a_month_is_seen_once_it_is_over(tmp_path: Path) -> None:
    hours = walk(5, 24 * 366, missing={5, 100, 31 * 24, 60 * 24 - 1})
    month = {time: datetime.fromtimestamp(time / 1000, UTC).month for time, _ in hours}
    last = dict(zip(month.values(), (close for _, close in hours), strict=True))
    seen: list[tuple[float, float] | None] = []
    for time, _ in hours:
        following = datetime.fromtimestamp((time + HOUR) / 1000, UTC)
        over = following.month - 1 if following.year == 2024 else 12
        seen.append((last[over], last[over - 1]) if over > 1 else None)
    strategy = workspace(tmp_path, "{timeframe: 1M}", A=hours)
    expected = entries_and_exits(hours, seen)
    assert len(expected) > 3
    document = run(strategy)
    assert traded(document) == stamps(expected)
    assert not any("besides its warm-up" in line for line in document["warnings"])


def test_a_missing_bar_of_another_symbol_shows_its_last_closed_one(tmp_path: Path) -> None:
    base = walk(2, 600, missing={17, 300})
    other = walk(3, 600, missing={40, 41, 42, 250, 299})
    at = dict(other)
    shown: list[float] = []
    for time, _ in base:
        earlier = [close for moment, close in other if moment <= time]
        shown.append(at.get(time, earlier[-1]))
    seen = [None, *((now, before) for before, now in pairwise(shown))]
    strategy = workspace(tmp_path, "{symbol: B/USDT}", A=base, B=other)
    document = run(strategy)
    expected = entries_and_exits(base, seen)
    assert len(expected) > 100
    assert traded(document) == stamps(expected)
    assert any("B/USDT" in line and "at 5 of 598 closes" in line for line in document["warnings"])


@pytest.mark.parametrize("also", ["{timeframe: 30m}", "{timeframe: 90m}"])
def test_a_series_that_does_not_fit_is_refused(also: str, tmp_path: Path) -> None:
    strategy = workspace(tmp_path, also, A=walk(4, 50, missing=set()))
    done = rtrade("validate", strategy, cwd=tmp_path)
    assert done.returncode == 3
    assert "RT13" in done.stderr
