"""What the compiler proves of values without data: their ranges and their order."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from conformance import catalog_series as series
from rtrade.catalog.builtin import builtin
from rtrade.catalog.extents import ASCENDING, EXTENTS, MONOTONE, WITHIN_WINDOW
from rtrade.core.bars import Bars, MarketData
from rtrade.core.timeframes import Timeframe
from rtrade.plan.nodes import Binary, Node
from rtrade.plan.ordering import Ordering, Value
from rtrade.plan.ranges import Ranges
from rtrade.signals.evaluate import evaluate
from unit.plan_strategies import compiled, node

ALWAYS = [
    "close > 0",
    "volume >= 0",
    "close <= high",
    "low <= hl2",
    "close <= highest(high, 20)",
    "close[3] <= highest(high, 20)",
    "low[1] >= lowest(low, 5)",
    "highest(high, 20) >= highest(close, 5)",
    "highest(high, 20) >= sma(high, 20)",
    "sma(close, 10) >= lowest(low, 10)",
    "sma(low, 20) <= sma(high, 20)",
    "ema(close, 20) <= ema(high, 20)",
    "lowest(low, 5) <= highest(high, 9)",
    "bbands(close, 20, 2).lower <= bbands(close, 20, 2).upper",
    "close * 1.01 > 0",
    "sma(close, 9) * 0.99 <= sma(close, 9)",
    "sma(close, 9) - atr(14) <= sma(close, 9)",
    "sma(close, 9) - 2 * atr(14) <= sma(close, 9) + atr(14)",
    "close / 2 + 1 <= close / 2 + 3",
    "max(open, close) <= high",
    "min(open, close) >= low",
    "max(close, 5) >= close",
    "abs(change(close)) >= 0",
    "rsi(close, 14) / 100 <= 1",
    "close + volume >= close",
    "count_true(close > open, 5) <= 5",
    "zscore(close, 5) <= 2.001",
    "pct_change(close, 9) >= -1",
    "close % 10 <= 10",
    "-rsi(close, 14) <= 0",
    "volume * volume >= 0",
]
OPEN = [
    "close > highest(high, 20)[1]",
    "close[25] <= highest(high, 20)",
    "close >= highest(high, 20)",
    "close > sma(close, 20)",
    "ema(close, 20) <= highest(close, 20)",
    "sma(high, 20) <= sma(high, 10)",
    "bbands(close, 20, 2).lower <= bbands(close, 10, 2).upper",
    "dema(close, 10) <= dema(high, 10)",
    "rsi(close, 14) > 70",
    "macd(close, 12, 26, 9).macd > 0",
    "close * 1.01 > open",
    "change(close) * 1.01 > change(close)",
    "zscore(close, 20) > 3",
    "close - open > 0",
    "close / open > 1",
    "hour >= 20",
    "max(open, close) <= close",
]


def settled(text: str, **kwargs: object) -> bool | None:
    found = node(text, **kwargs)
    assert isinstance(found, Binary)
    return Ordering(Ranges(builtin())).settled(found.op, found.left, found.right)


@pytest.mark.parametrize("text", ALWAYS)
def test_proves_what_always_holds(text: str) -> None:
    assert settled(text) is True
    opposite = {"<=": ">", ">=": "<", ">": "<=", "<": ">="}
    op = next(op for op in ("<=", ">=", ">", "<") if f" {op} " in text)
    assert settled(text.replace(f" {op} ", f" {opposite[op]} ")) is False


@pytest.mark.parametrize("text", OPEN)
def test_proves_nothing_where_it_depends_on_the_data(text: str) -> None:
    assert settled(text) is None


def test_sees_through_slower_series() -> None:
    daily = {"daily": ("BTC/USDT", "1d")}
    assert settled("daily.close <= highest(daily.high, 5)", also=daily) is True
    assert settled("daily.close <= highest(high, 5)", also=daily) is None


def test_a_chain_as_deep_as_a_file_allows_ends() -> None:
    signals = {"s0": "close"} | {f"s{i}": f"s{i - 1} + 1" for i in range(1, 600)}
    assert settled("s599 >= close", signals=signals) is True
    assert settled("s599 >= open", signals=signals) is None


FIELDS = ("open", "high", "low", "close", "volume", "hl2")
SHAPES = (
    "highest({x}, {n})", "lowest({x}, {n})", "sma({x}, {n})", "ema({x}, {n})", "wma({x}, {n})",
    "{x}[{n}]", "{x} * {c}", "{x} + {c}", "{x} - {c}", "{x} / {d}", "-({x})", "max({x}, {y})",
    "min({x}, {y})", "{x} + {y}", "{x} - {y}", "{x} * {y}", "abs({x})", "bbands({x}, {m}, 2).upper",
    "bbands({x}, {m}, 2).middle", "bbands({x}, {m}, 2).lower", "stddev({x}, {m})", "atr({n})",
    "change({x}, {n})", "pct_change({x}, {n})", "zscore({x}, {m})", "rsi({x}, {m})",
    "count_true({x} > {y}, {n})", "percent_rank({x}, {n})", "{x} % {d}", "{x} / ({y})",
)  # fmt: skip


def draw(random_: random.Random, depth: int) -> str:
    if depth == 0 or random_.random() < 0.15:
        return random_.choice(FIELDS)
    return "(" + random_.choice(SHAPES).format(
        x=draw(random_, depth - 1),
        y=draw(random_, depth - 1),
        n=random_.choice((1, 2, 3, 5)),
        m=random_.choice((2, 3, 5)),
        c=random_.choice(("0", "1", "2.5", "-1")),
        d=random_.choice(("0.5", "2", "-3")),
    ) + ")"  # fmt: skip


def market() -> MarketData:
    bars = series.nasty(400)
    base = Bars("BTC/USDT", Timeframe.parse("1h"), bars["time"].astype(np.int64),
                *(bars[name] for name in ("open", "high", "low", "close", "volume")))  # fmt: skip
    return MarketData("made", "synthetic", base, 0)


def values_of(nodes: dict[str, Node], plan: object) -> dict[str, np.ndarray]:
    table = evaluate(plan, market())
    return {name: table.number(node) for name, node in nodes.items()}


@pytest.mark.parametrize("seed", range(40))
def test_what_is_proved_holds_on_bars(seed: int) -> None:
    """Random expressions: every value keeps to its range, and every proved order holds."""
    random_ = random.Random(seed)
    # Related expressions are where there is something to prove.
    seeds = [draw(random_, 2) for _ in range(3)]
    texts = [text for one in seeds for text in
             (one, f"highest({one}, 3)", f"lowest({one}, 4)[1]", f"({one}) * 1.5",
              f"({one}) - atr(2)", f"max({one}, close)", f"sma({one}, 3)",
              one.replace("close", "high"), one.replace("close", "low"))]  # fmt: skip
    plan = compiled(signals={f"s{i}": text for i, text in enumerate(texts)})
    nodes = {name: found for name, found in plan.signals.items() if found.kind == "number"}
    values = values_of(nodes, plan)
    ranges = Ranges(builtin())
    ordering = Ordering(ranges)
    for name, found in nodes.items():
        reach, known = ranges.of(found), values[name][np.isfinite(values[name])]
        slack = 1e-9 * np.abs(known)
        assert (known >= reach.low - slack).all(), texts[int(name[1:])]
        assert (known <= reach.high + slack).all(), texts[int(name[1:])]
    for left, right in itertools.permutations(nodes, 2):
        if ordering.at_most(Value(nodes[left]), Value(nodes[right])):
            a, b = values[left], values[right]
            both = np.isfinite(a) & np.isfinite(b)
            slack = 1e-9 * (np.abs(a[both]) + np.abs(b[both]) + 1e-9)
            pair = f"{texts[int(left[1:])]} <= {texts[int(right[1:])]}"
            assert (a[both] <= b[both] + slack).all(), pair


def test_what_is_known_of_entries_is_known_of_entries_that_are_there() -> None:
    for name in (*EXTENTS, *WITHIN_WINDOW, *MONOTONE, *ASCENDING):
        entry = builtin().get(name.partition(".")[0])
        assert entry is not None, name
        assert not name.partition(".")[2] or entry.output(name.partition(".")[2]), name
    for name in WITHIN_WINDOW:
        entry = builtin().get(name)
        assert entry is not None
        assert [param.name for param in entry.params] == ["n"]
