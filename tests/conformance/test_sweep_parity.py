"""A sweep says of every candidate what its own run says: to the bit, and statistics to 1e-9."""

from __future__ import annotations

import json
import math
import os
from random import Random

import numpy as np
import pytest

from conformance.documents import document
from conformance.markets import market_of
from rtrade.analysis.metrics import measure
from rtrade.catalog.installed import registry
from rtrade.config.loading import strategy_of
from rtrade.config.overrides import NO_OVERRIDES
from rtrade.config.reader import read_text
from rtrade.core.errors import InvalidInput
from rtrade.execution import compiled
from rtrade.execution.compiled.sweep import sweep
from rtrade.execution.core import STILL
from rtrade.execution.preparing import prepare
from rtrade.plan.variants import Variants
from rtrade.signals.evaluate import evaluate

MORE = int(os.environ.get("RTRADE_PROGRAMS", "0"))
PART = 15
PARTS = max(2, MORE // 2000)
# Some are longer than the blocks that a sweep works through.
LENGTHS = (60, 140, 40, 1500, 60, 12, 2200, 1, 3, 0, 65, 64)
ROWS = 12
# Around what a param usually is, and what no strategy takes.
VALUES = (1, 2, 3, 4, 5, 2.0, 7, 0, 0.5, 100, -1, 90.0, 1e16, 12)


def strategies(part):
    """Yield variants of documents with params that decide something, with what picks."""
    for number in range(part * PART, (part + 1) * PART):
        pick = Random(f"sweep {number}").choice
        while True:
            text = json.dumps(document(pick))
            try:
                definition = strategy_of(read_text(text, "any.yaml"), NO_OVERRIDES)
                if not definition.params or definition.llm:
                    continue
                variants = Variants(definition, registry())
            except InvalidInput:
                continue
            if differing(variants, definition):
                break
        yield number, variants, pick


def differing(variants, definition):
    """Tell whether some value of a param makes another strategy."""
    usual = variants.of({})
    for param in definition.params:
        for value in VALUES[:6]:
            try:
                other = variants.of({param.name: value})
            except InvalidInput:
                continue
            if (*other.rules.values(), other.scale) != (*usual.rules.values(), usual.scale):
                return True
    return False


def table_of(variants, pick):
    return {name: [pick(VALUES) for _ in range(ROWS)] for name in variants.params}


def agreed(variants, table, market):
    """Sweep, and hold every candidate to its own run; return how many fills there were."""
    found = sweep(variants, table, market, statistics=True, threads=2)
    plain = sweep(variants, table, market)
    fills = 0
    for row in range(len(found)):
        params = {name: values[row] for name, values in table.items()}
        try:
            plan = variants.plan_of(variants.of(params))
        except InvalidInput:
            assert row in found.problems
            assert math.isnan(found.final_equity[row])
            assert found.trades[row] == found.fills[row] == found.refused[row] == 0
            continue
        assert row not in found.problems
        bars = market.bars
        result = compiled.run(prepare(plan, market, evaluate(plan, market)), bars)
        last = float(result.equity[-1]) if len(bars) else plan.cash
        for one in (found, plain):
            told = (float(one.final_equity[row]), one.trades[row], one.fills[row])
            closed = sum(trade.exit_bar is not None for trade in result.trades)
            assert (*told, one.refused[row]) == (
                last, closed, len(result.fills), sum(result.refused.values())
            ), f"{params}"  # fmt: skip
            assert math.copysign(1, told[0]) == math.copysign(1, last)
        if len(bars):
            hold_statistics(found, row, result, plan, market)
        fills += len(result.fills)
    return fills


def hold_statistics(found, row, result, plan, market):
    metrics = measure(result, market.bars, cash=plan.cash, costs=plan.costs, filters=market.filters)
    equity = np.concatenate(([plan.cash], result.equity))
    peaks = np.maximum.accumulate(equity)
    assert close(found.max_drawdown[row], float(((peaks - equity) / peaks).max()))
    if (result.equity <= 0).any() or len(market.bars) < 2:
        assert math.isnan(found.mean_return[row])
        assert math.isnan(found.deviation[row])
        return
    returns = (equity[1:] / equity[:-1] - 1).tolist()
    mean = math.fsum(returns) / len(returns)
    deviation = math.sqrt(math.fsum((r - mean) ** 2 for r in returns) / (len(returns) - 1))
    grain = 1e-14 * max(1e-2, *map(abs, returns))
    assert close(found.mean_return[row], mean, grain)
    assert close(found.deviation[row], deviation, grain)
    if metrics.sharpe is not None and found.deviation[row] > 2 * STILL:
        yearly = math.sqrt(plan.timeframe.per_year)
        assert close(found.sharpe[row], metrics.sharpe, grain / deviation * yearly)


def close(mine, other, grain=0.0):
    return abs(float(mine) - other) <= 1e-9 * abs(other) + grain


@pytest.mark.parametrize("part", range(PARTS))
def test_each_candidate_is_its_own_run(part):
    fills = 0
    for number, variants, pick in strategies(part):
        market = market_of(variants.plan, pick, LENGTHS)
        try:
            fills += agreed(variants, table_of(variants, pick), market)
        except AssertionError as wrong:
            text = variants._definition.document.text
            raise AssertionError(f"strategy {number}: {wrong}\n{text}") from wrong
    assert fills > PART
