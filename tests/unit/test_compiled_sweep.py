"""A sweep gives what its candidates give when run alone, in any order, room, number of threads."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path
from random import Random

import numpy as np
import pytest

from conformance.programs import BYTES, Shape, bars_of
from rtrade.analysis.metrics import measure
from rtrade.catalog.builtin import builtin
from rtrade.config.overrides import NO_OVERRIDES
from rtrade.core.bars import TRUE, MarketData
from rtrade.core.errors import EngineFault, InvalidInput
from rtrade.core.timeframes import Timeframe
from rtrade.execution import compiled
from rtrade.execution.compiled import sweep as sweeping
from rtrade.execution.compiled.binding import _bound, compiled_walk, sweep_kernels
from rtrade.execution.compiled.bits import WORD
from rtrade.execution.compiled.grouping import work_of
from rtrade.execution.compiled.place import sources
from rtrade.execution.compiled.planes import Planes
from rtrade.execution.compiled.rows import Rows
from rtrade.execution.compiled.sweep import sweep
from rtrade.execution.compiled.working import Room, rules_of
from rtrade.execution.preparing import prepare
from rtrade.plan.asking import Asking
from rtrade.plan.variants import Variants
from rtrade.signals.evaluate import evaluate, evaluate_nodes
from rtrade.workflow.compiling import compile_strategy
from unit.config_strategies import decode
from unit.llm_strategies import workspace

HEAD = """\
rtrade: 1
name: swept
data: {source: sample, symbol: BTC/USDT, timeframe: 1h}
params: {p: {default: 3, min: 1, max: 9}, q: {default: 5, min: 1, max: 9}}
costs: {commission: 0.1%, slippage: 5 bps}
backtest: {cash: 10000}
"""
CROSS = """\
rules:
  enter_long: crosses_above(sma(close, p), sma(close, q + 1))
  exit_long: crosses_below(sma(close, p), sma(close, q + 1))
sizing: {equity: 95%}
"""
BOTH_SIDES = """\
rules:
  enter_long: close > sma(close, p) * 0.99 and not (close[q] > close)
  exit_long: held_for(close < open, p) or close == high
  enter_short: between(close, low, sma(close, q)[2]) and occurred_within(close < 90, q)
  exit_short: (-close < -(sma(close, p) + 1 / p))[2] or rising(low, p)
sizing: {equity: 50%, scale_by: "percent_rank(close, p + 1)"}
risk: {stop_loss: 12.5%, take_profit: 25%, trailing_stop: {atr: 2.0, period: 5}, cooldown: 1 bars}
"""
ACCOUNT = """\
rules: {enter_short: "close > close[p]", exit_short: "close < close[q]"}
sizing: {volatility: {target: 50%, lookback: 5}}
risk: {max_drawdown: 60%, daily_loss: 20%, time_exit: 7 bars}
"""
PAIRS = list(itertools.product(range(1, 10, 2), range(1, 10)))
TABLE = {"p": [p for p, _ in PAIRS], "q": [q for _, q in PAIRS]}


def variants_of(body, head=HEAD):
    return Variants(decode(head + body), builtin())


def market_of(count, first=0, seed=7):
    shape = Shape(Timeframe.parse("1h"), 1.0, 0, (3, 3, 3, 3), reversing=False, burst=1, unready=0)
    bars = bars_of(shape, Random(seed).randbytes(count * BYTES))
    return MarketData(source="x", source_kind="csv", base=bars, first=first)


def single(variants, values, market):
    plan = variants.plan_of(variants.of(values))
    result = compiled.run(prepare(plan, market, evaluate(plan, market)), market.bars)
    filters = market.filters
    return result, measure(result, market.bars, cash=plan.cash, costs=plan.costs, filters=filters)


def near(wanted, got):
    return np.isnan(got) if wanted is None else got == pytest.approx(wanted, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("body", [CROSS, BOTH_SIDES, ACCOUNT], ids=["cross", "both", "account"])
@pytest.mark.parametrize(("count", "first"), [(1, 0), (3, 2), (64, 0), (700, 0), (700, 100)])
def test_each_candidate_is_its_own_run(body, count, first) -> None:
    variants, market = variants_of(body), market_of(count, first)
    found = sweep(variants, TABLE, market, statistics=True)
    assert not found.problems
    for at, (p, q) in enumerate(PAIRS):
        result, metrics = single(variants, {"p": p, "q": q}, market)
        assert found.final_equity[at] == result.equity[-1]
        assert found.total_return[at] == metrics.total_return
        assert (found.trades[at], found.fills[at]) == (metrics.trades, len(result.fills))
        assert found.refused[at] == sum(result.refused.values())
        assert near(metrics.max_drawdown, found.max_drawdown[at])
        assert near(metrics.sharpe, found.sharpe[at])
    assert count < 100 or found.fills.sum() > 500


@pytest.mark.parametrize("body", [CROSS, BOTH_SIDES], ids=["cross", "both"])
def test_room_order_and_threads_change_nothing(monkeypatch, body) -> None:
    variants, market = variants_of(body), market_of(500, 20)
    found = sweep(variants, TABLE, market, statistics=True)
    monkeypatch.setattr(sweeping, "ROW_MEMORY", 1)
    monkeypatch.setattr(sweeping, "PLANE_MEMORY", 1)
    monkeypatch.setattr(sweeping, "GROUP_MEMORY", 1)
    monkeypatch.setattr(sweeping, "TOGETHER", 7)
    again = sweep(variants, TABLE, market, statistics=True, threads=2)
    shuffled = Random(3).sample(range(len(PAIRS)), len(PAIRS))
    columns = {name: [values[at] for at in shuffled] for name, values in TABLE.items()}
    mixed = sweep(variants, columns, market, statistics=True, threads=3)
    for name in ("final_equity", "trades", "fills", "refused", "max_drawdown", "deviation"):
        wanted = getattr(found, name)
        assert np.array_equal(wanted, getattr(again, name), equal_nan=True)
        assert np.array_equal(wanted[shuffled], getattr(mixed, name), equal_nan=True)


CONDITIONS = [
    *("close > 100", "not (close > 100)", "close == high", "close != open", "close <= open[3]"),
    *("close > sma(close, p) and close < sma(close, q)", "close > 1 / (close - 100)"),
    *("crosses_above(close, 100)", "not crosses_below(sma(close, p), close)", "true", "false"),
    *(
        "(close > open)[70]",
        "(close[2] + 1 > open * p)[1][64]",
        "between(close, 90, sma(close, q))",
    ),
    *("not between(close, 90, sma(close, q))", "held_for(close > open, p)", "weekday < 3"),
    *("not held_for(close > open, q)", "occurred_within(close > open, 9)", "rising(close, p)"),
    *("-close > -sma(close, p) % 7", "(close - close) / (close - close) > 0", "cdldoji > 0"),
    *("not (sma(close, p) > 100 or close > sma(close, q)[p])", "close / p > sma(open, q) / q"),
]


@pytest.mark.parametrize("first", [0, 1, 63, 64, 200])
def test_the_machine_finds_conditions_as_signals_do(first) -> None:
    market = market_of(333, first)
    for text in CONDITIONS:
        variants = variants_of(f"rules: {{enter_long: '{text}'}}\nsizing: {{equity: 95%}}\n")
        plan = variants.plan
        work = work_of([(0, variants.of({}))], plan)
        (group,) = work.groups(9, 99, 99)
        rows = Rows(plan, market, work.lowered.rows, 9)
        planes = Planes(plan, market, work.lowered, work.ranks, rows=rows, row_room=9, room=99)
        with sweeping.ThreadPoolExecutor(1) as pool:
            planes.provide(group.leaves, pool, 1)
        words, places = rules_of(group, planes, Room(0))
        bits = words[places[0, 0]].view(np.uint64)
        found = [bool(int(bits[at // WORD]) >> (at % WORD) & 1) for at in range(len(market.bars))]
        (wanted,) = evaluate_nodes(plan, market, [plan.rules["enter_long"]])
        assert found == (wanted[first:] == TRUE).tolist(), text


def test_what_the_language_refuses_is_told_by_candidate() -> None:
    body = CROSS.replace("q + 1", "q - 4")
    found = sweep(variants_of(body), {"p": [3, 3, 3], "q": [9, 2, 8]}, market_of(100))
    assert list(found.problems) == [1]
    assert "sma" in found.problems[1]
    assert np.isnan(found.final_equity).tolist() == [False, True, False]
    assert found.trades[1] == found.fills[1] == 0


def test_a_table_without_columns_is_the_strategy_as_it_stands() -> None:
    variants, market = variants_of(CROSS), market_of(300)
    found = sweep(variants, {}, market)
    assert len(found) == 1
    assert found.final_equity[0] == single(variants, {}, market)[0].equity[-1]
    assert found.max_drawdown is None


def test_columns_of_different_lengths_are_a_fault() -> None:
    with pytest.raises(EngineFault, match="differ in length"):
        sweep(variants_of(CROSS), {"p": [1, 2], "q": [3]}, market_of(10))


def test_an_unknown_param_is_told() -> None:
    found = sweep(variants_of(CROSS), {"r": [1]}, market_of(10))
    assert "r" in found.problems[0]


def test_params_of_a_strategy_that_asks_a_model_are_refused_by_name(tmp_path) -> None:
    whole = compile_strategy(workspace(tmp_path), NO_OVERRIDES)
    model = whole.plan.llm["analyst"]
    asking = Asking({"analyst": model.provider}, lambda *_: model.templates[0])
    variants = Variants(whole.definition, builtin(), asking)
    with pytest.raises(InvalidInput) as refused:
        sweep(variants, {}, market_of(10))
    assert "`asked` asks a model (`analyst`)" in refused.value.diagnostics[0].message


def test_nothing_is_compiled_twice() -> None:
    market = market_of(50)
    for body in (CROSS, BOTH_SIDES, ACCOUNT):
        sweep(variants_of(body), TABLE, market)
        single(variants_of(body), {}, market)
    assert len(compiled_walk().signatures) == 1


def test_an_edit_of_what_is_compiled_is_compiled_anew() -> None:
    sweep_kernels()
    compiled_from = {Path(function.__code__.co_filename) for function in _bound()}
    assert "exact_loops.py" in {path.name for path in compiled_from}
    assert compiled_from <= set(sources())


FIRST_USE = """\
import sys, threading
from rtrade.execution.compiled.binding import compiled_walk, sweep_kernels
sys.setswitchinterval(1e-6)
gate, found = threading.Barrier(8), []
def use():
    gate.wait()
    found.append((id(sweep_kernels()), id(compiled_walk())))
threads = [threading.Thread(target=use) for _ in range(8)]
for one in threads: one.start()
for one in threads: one.join()
print(len(found), len(set(found)))
"""


def test_threads_that_come_first_together_bind_kernels_once() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FIRST_USE], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["8", "1"]
