"""What must not change a result, and what must change it in one known way.

Whole runs from YAML text over generated bars: compile, load from a file, evaluate, execute, record;
on every engine.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.engines import ENGINES
from rtrade.catalog.builtin import builtin
from rtrade.config.loading import load_source, load_strategy
from rtrade.config.reader import read_text
from rtrade.core.results import RunResult
from rtrade.data.loading import load
from rtrade.execution.preparing import prepare
from rtrade.plan.build import build
from rtrade.signals.evaluate import evaluate

ROOT = Path(__file__).parents[2]
HOUR = 3_600_000
WEEK = 7 * 24 * HOUR
START = 1_704_067_200_000  # 2024-01-01, a Monday
COUNT = 3_000

# A model's answers obey no law of scale or time.
SHIPPED = {path.stem: text for path in sorted((ROOT / "strategies").glob("*.yaml"))
           if "llm:" not in (text := path.read_text(encoding="utf-8"))}  # fmt: skip
QUOTE = re.sub(r"sizing: .*", "sizing: {quote: 2000}", SHIPPED["sma_btc"])
BASE = re.sub(r"sizing: .*", "sizing: {base: 0.25}", SHIPPED["sma_btc"])
CASES = {**SHIPPED, "quote": QUOTE, "base": BASE}
Rows = np.ndarray


@pytest.fixture(scope="module")
def rows() -> Rows:
    """Time, open, high, low, close and volume of a walk on a grid of 1/8, with ties and a gap."""
    draw = np.random.RandomState(5)
    steps = draw.randint(-24, 25, COUNT) + 4 * np.sign(np.sin(np.arange(COUNT) / 90))
    close = 600 + np.cumsum(steps) / 8
    opened = np.concatenate([[600.0], close[:-1]])
    reach = draw.randint(0, 9, (2, COUNT)) / 8
    time = START + np.arange(COUNT) * HOUR
    columns = [time, opened, np.maximum(opened, close) + reach[0],
               np.minimum(opened, close) - reach[1], close, draw.randint(1, 50, COUNT)]  # fmt: skip
    return np.delete(np.column_stack(columns), slice(1_000, 1_003), axis=0)


def run(folder: Path, text: str, rows: Rows, symbol: str = "BTC/USDT") -> dict[str, RunResult]:
    """Return what each engine makes of a strategy over the rows."""
    lines = ["ts,open,high,low,close,volume"]
    lines += [f"{int(row[0])}," + ",".join(repr(float(x)) for x in row[1:]) for row in rows]
    (folder / "bars.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "bars.yaml").write_text(
        f"rtrade: 1\nkind: csv\nseries: [{{symbol: {symbol}, timeframe: 1h, path: bars.csv}}]\n",
        encoding="utf-8",
    )
    (folder / "strategy.yaml").write_text(text, encoding="utf-8")
    plan = build(load_strategy(folder / "strategy.yaml"), builtin())
    source = load_source(folder / "bars.yaml")
    market = load(source, plan.needs, start=plan.start, end=plan.end, last=plan.last)
    program = prepare(plan, market, evaluate(plan, market))
    return {name: engine(program, market.bars) for name, engine in ENGINES.items()}


def told(
    results: dict[str, RunResult], before: int | None = None, shift: int = 0
) -> dict[str, list[tuple[Any, ...]]]:
    """The fills by engine, up to a bar where one is given."""
    return {
        name: [
            (fill.bar, fill.time - shift, *fill[2:])
            for fill in result.fills
            if before is None or fill.bar < before
        ]
        for name, result in results.items()
    }


def equity(results: dict[str, RunResult], count: int | None = None) -> dict[str, bytes]:
    """The equity by engine, bit by bit, of the first bars where a count is given."""
    return {name: result.equity[:count].tobytes() for name, result in results.items()}


@pytest.mark.parametrize("name", CASES)
def test_the_case_trades(name: str, rows: Rows, tmp_path: Path) -> None:
    results = run(tmp_path, CASES[name], rows)
    assert all(len(result.fills) >= 2 for result in results.values())
    first, *others = told(results).values()
    assert all(other == first for other in others)


@pytest.mark.parametrize("name", CASES)
def test_prices_and_cash_times_eight(name: str, rows: Rows, tmp_path: Path) -> None:
    scaled = rows.copy()
    scaled[:, 1:5] *= 8
    text = CASES[name].replace("cash: 10000", "cash: 80000").replace("quote: 2000", "quote: 16000")
    before, after = run(tmp_path, CASES[name], rows), run(tmp_path, text, scaled)
    for engine, once in before.items():
        eight = after[engine]
        assert np.array_equal(once.equity * 8, eight.equity)
        assert [(f.bar, f.size, f.price * 8, f.reason) for f in once.fills] == [
            (f.bar, f.size, f.price, f.reason) for f in eight.fills
        ]
        assert [trade.return_ for trade in once.trades] == [trade.return_ for trade in eight.trades]
        assert once.refused == eight.refused


@pytest.mark.parametrize("weeks", [1, 104])
@pytest.mark.parametrize("name", CASES)
def test_whole_weeks_later(name: str, weeks: int, rows: Rows, tmp_path: Path) -> None:
    later = rows.copy()
    later[:, 0] += weeks * WEEK
    assert told(run(tmp_path, CASES[name], rows)) == told(
        run(tmp_path, CASES[name], later), shift=weeks * WEEK
    )


@pytest.mark.parametrize("cut", [700, 1_400, 2_950])
@pytest.mark.parametrize("name", CASES)
def test_the_future_changes_nothing_before_it(
    name: str, cut: int, rows: Rows, tmp_path: Path
) -> None:
    whole = run(tmp_path, CASES[name], rows)
    short = run(tmp_path, CASES[name], rows[:cut])
    assert told(whole, before=cut) == told(short)
    assert equity(whole, cut) == equity(short)
    scrambled = rows.copy()
    order = np.random.RandomState(cut).permutation(len(rows) - cut) + cut
    scrambled[cut:, 1:] = rows[order, 1:]
    other = run(tmp_path, CASES[name], scrambled)
    assert told(whole, before=cut) == told(other, before=cut)
    assert equity(whole, cut) == equity(other, cut)


@pytest.mark.parametrize("name", CASES)
def test_the_symbol_is_only_a_name(name: str, rows: Rows, tmp_path: Path) -> None:
    text = CASES[name].replace("BTC/USDT", "XYZ/EUR")
    once, renamed = run(tmp_path, CASES[name], rows), run(tmp_path, text, rows, "XYZ/EUR")
    assert told(once) == told(renamed)
    assert equity(once) == equity(renamed)


@pytest.mark.parametrize("name", CASES)
def test_keys_in_another_order(name: str, rows: Rows, tmp_path: Path) -> None:
    blocks = re.split(r"\n(?=[a-z_]+:)", CASES[name])
    text = "\n".join(reversed([block.strip("\n") for block in blocks])) + "\n"
    once = run(tmp_path, CASES[name], rows)
    assert told(once) == told(run(tmp_path, text, rows))
    inside_out = json.dumps(reordered(read_text(CASES[name], "any.yaml").data))
    assert told(once) == told(run(tmp_path, inside_out, rows))


def reordered(value: Any) -> Any:
    """Return a document with the keys of every mapping in reverse order."""
    if not isinstance(value, dict):
        return value
    return {key: reordered(value[key]) for key in reversed(value)}


@pytest.mark.parametrize("name", SHIPPED)
def test_an_unused_signal_and_series(name: str, rows: Rows, tmp_path: Path) -> None:
    text = SHIPPED[name]
    if "  also:" not in text:
        text = text.replace(
            "  timeframe: 1h\n", "  timeframe: 1h\n  also: {unused: {timeframe: 4h}}\n"
        )
        extra = "signals:\n  idle: ema(unused.close, 50)\n"
    else:
        extra = "signals:\n  idle: ema(close, 350)\n"
    changed = text.replace("signals:\n", extra)
    assert changed != SHIPPED[name]
    once, idle = run(tmp_path, SHIPPED[name], rows), run(tmp_path, changed, rows)
    assert told(once) == told(idle)
    assert equity(once) == equity(idle)
