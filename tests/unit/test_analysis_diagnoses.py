"""Each diagnosis is made where it should be, is not where it should not, and says its numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jsonschema
import numpy as np
import pytest

from rtrade.analysis.assumptions import Case, Ledger
from rtrade.analysis.benchmark import benchmark_equity
from rtrade.analysis.diagnoses import JUDGES, diagnose
from rtrade.analysis.evidence import Evidence
from rtrade.analysis.metrics import measure
from rtrade.analysis.schema_judgements import diagnoses_schema
from rtrade.catalog.diagnoses import DIAGNOSES, DIAGNOSIS, Severity
from rtrade.config.definitions import CostsDef, Distance, RiskDef
from rtrade.core.bars import Filters
from rtrade.core.quality import CORRECTED, OUTLIER
from rtrade.core.results import Fill, RunResult, Trade
from rtrade.core.timeframes import DAY, HOUR
from unit.analysis_cases import START, bars_of, market_of, plan_of

COUNT, CASH = 800, 1000.0
COSTS = CostsDef(taker=0.001, maker=0.001, slippage=0.0005)
CLOSES = 100 - np.arange(COUNT) / 1000 + np.sin(np.arange(COUNT) * 2.1)
# Steady growth that has its ups and downs.
EQUITY = CASH + np.arange(COUNT) * 0.25 + 3 * np.sin(np.arange(COUNT))
# In turns in the market and out of it.
HELD = ((np.arange(COUNT) // 20) % 2).astype(float)
PNL = tuple(8.0 if at % 3 else -4.0 for at in range(60))
STOPPED = ("rule", "stop_loss", "take_profit")


def traded(pnl, *, every: int = 13 * DAY, sides=("long",), exits=STOPPED, bars=5) -> list[Trade]:
    """Closed trades that made `pnl`, entered one after the other."""
    return [
        Trade(
            symbol="BTC/USDT",
            side=sides[at % len(sides)],
            size=1.0,
            entry_bar=at,
            entry_time=START + at * every,
            entry_price=100.0,
            entry_reason="enter_long",
            exit_bar=at + bars,
            exit_time=START + at * every + 5 * DAY,
            exit_price=100.0,
            exit_reason=exits[at % len(exits)],
            pnl=made,
            return_=made / 100,
            fees=0.2,
            bars=bars,
        )
        for at, made in enumerate(pnl)
    ]


def still_open(pnl: float) -> Trade:
    last = traded([pnl])[0]
    return last._replace(exit_bar=None, exit_time=None, exit_price=None, exit_reason=None)


def filled(count: int, *, size: float = 1.0, fee: float = 0.1, slip: float = 0.05) -> list[Fill]:
    return [
        Fill(at, START + at * DAY, 1, size, 100.0 + slip, 100.0, fee, "enter_long")
        for at in range(count)
    ]


def case(total: float, *, slippage=COSTS.slippage, fee=COSTS.taker, delay=0, start=START) -> Case:
    return Case(slippage, fee, fee, delay, start, total, 0.0, 0.1, 60)


def run(**given: Any) -> Evidence:
    """A sound run, but for what is given."""
    closes = np.asarray(given.get("closes", CLOSES))
    equity = np.asarray(given.get("equity", EQUITY[: len(closes)]))
    trades = given.get("trades", traded(PNL))
    bars = bars_of(closes, skip=given.get("skip"))
    moving = np.ones(len(bars)) * (not given.get("still"))
    bars = replace(bars, high=bars.close + moving, volume=np.full(len(bars), 1e4))
    market = market_of(bars, flags=given.get("flags", np.zeros(0, dtype=np.uint8)))
    plan = plan_of(costs=given.get("costs", COSTS), cash=CASH, params=given.get("params", {}))
    plan = replace(plan, risk=given.get("risk", RiskDef()))
    result = RunResult(
        engine="backtrader",
        fills=tuple(given.get("fills", filled(2 * len(trades)))),
        trades=tuple(trades),
        cash=equity,
        position=np.asarray(given.get("position", HELD[: len(closes)])),
        equity=equity,
        refused=given.get("refused", {}),
        capped=given.get("capped", 0),
        halted_at=given.get("halted_at"),
        ruined_at=given.get("ruined_at"),
    )
    metrics = measure(result, bars, cash=CASH, costs=plan.costs, filters=Filters())
    benchmark = benchmark_equity(bars, CASH, plan.costs, Filters())
    ledger, warming = given.get("ledger"), given.get("warming", 0)
    return Evidence(plan, market, result, metrics, benchmark, warming, ledger)


def made(**given: Any) -> dict[str, str]:
    return {one.diagnosis.name: one.reason for one in diagnose(run(**given))}


DOUBLE = 2 * COSTS.slippage
STOP = RiskDef(stop_loss=Distance("percent", 0.03), take_profit=Distance("percent", 0.09))
# In month 13 of the run.
LEAP = np.where(np.arange(COUNT) >= 380, 150.0, 0.0) + np.arange(COUNT) * 0.1 + CASH
HOURS = [*range(24), *range(24), *range(12)]
AT_NINE = [
    trade._replace(entry_time=START + at * 13 * DAY + HOURS[at] * HOUR, pnl=40.0)
    if HOURS[at] == 9
    else trade._replace(entry_time=START + at * 13 * DAY + HOURS[at] * HOUR, pnl=PNL[at] / 8)
    for at, trade in enumerate(traded(PNL))
]
WEEKEND = [
    trade._replace(pnl=12.0 if (trade.entry_time // DAY + 3) % 7 >= 5 else 2.0)
    for trade in traded(PNL)
]
# For each diagnosis: what makes it, words of its reason, and what just does not.
CASES: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "no_trades": ({"trades": []}, "No entry was made", {"trades": traded([1.0])}),
    "ended_early": (
        {"halted_at": START + 399 * DAY}, "`max_drawdown` ended trading in the bar of", {},
    ),
    "no_costs": (
        {"costs": CostsDef(0.0, 0.0, 0.0)}, "120 fills at the price of the bar", {},
    ),
    "costs_eat_edge": (
        {"fills": filled(120, fee=2.0)}, "commissions and slippage took 24",
        {"fills": filled(120, fee=1.4)},
    ),
    "double_slippage_loses": (
        {"ledger": Ledger(costs=(case(-0.1, slippage=DOUBLE),))}, "twice the slippage",
        {"ledger": Ledger(costs=(case(0.01, slippage=DOUBLE), case(-1, slippage=DOUBLE, fee=0)))},
    ),
    "double_commission_loses": (
        {"ledger": Ledger(costs=(case(-0.1, fee=0.002),))}, "twice the commission",
        {"ledger": Ledger(costs=(case(0.01, fee=0.002),))},
    ),
    "late_loses": (
        {"ledger": Ledger(delays=(case(-0.1, delay=1),))}, "a bar later it makes -10.0 %",
        {"ledger": Ledger(delays=(case(0.1, delay=1), case(-0.1, delay=2)))},
    ),
    "hangs_on_start": (
        {"ledger": Ledger(starts=(case(0.1), case(0.2), case(0.1), case(-0.3, start=START + DAY)))},
        "1 of 4 later starts lose; from 2024-01-02 on it makes -30.0 %",
        {"ledger": Ledger(starts=tuple(case(at - 0.001) for at in (0.0, 0.1, 0.2, 0.3, 0.4)))},
    ),
    "behind_benchmark": (
        {"closes": CLOSES + np.arange(COUNT) / 30}, "Buying and holding made +2", {},
    ),
    "follows_market": (
        {"equity": CLOSES * 10 + np.arange(COUNT) / 4}, "correlation over 800 days is 1.00",
        {"equity": CLOSES + 900 + 5 * np.cos(np.arange(COUNT))},
    ),
    "fades": (
        {"equity": np.concatenate((EQUITY[:400] * 1.5, EQUITY[400:]))}, "The first half made",
        {"equity": np.concatenate((EQUITY[:400] * 0.7, EQUITY[400:]))},
    ),
    "one_month": ({"equity": LEAP}, "2025-01 made 15", {}),
    "deep_drawdown": (
        {"equity": np.where(np.arange(COUNT) == 300, 500.0, EQUITY)}, "it takes 11",
        {"equity": np.where(np.arange(COUNT) == 300, 560.0, EQUITY)},
    ),
    "drawdown_open": (
        {"equity": np.where(np.arange(COUNT) > 790, 1050.0, EQUITY)}, "below the peak",
        {"equity": np.where(np.arange(COUNT) > 790, 1150.0, EQUITY)},
    ),
    "long_under_water": (
        {"equity": np.where((np.arange(COUNT) >= 300) & (np.arange(COUNT) < 700), 1070, EQUITY)},
        "bars in a row, 50.",
        {"equity": np.where((np.arange(COUNT) >= 300) & (np.arange(COUNT) < 600), 1070, EQUITY)},
    ),
    "losing_streak": (
        {"trades": traded([*[8.0] * 30, *[-1.0] * 10, *[8.0] * 20])},
        "10 trades in a row lost 10.00",
        {"trades": traded([*[8.0] * 30, *[-1.0] * 9, *[8.0] * 20])},
    ),
    "large_loss": (
        {"trades": traded([*PNL, -40.0])}, "lost 40.0 %, 7.0 times the mean loss of 5.71 %",
        {"trades": traded([*PNL, -20.0])},
    ),
    "few_trades": (
        {"trades": traded(PNL[:29])}, "29 trades closed.", {"trades": traded(PNL[:30])},
    ),
    "trades_per_parameter": (
        {"params": dict.fromkeys("abcdefg", 1)}, "60 closed trades for 7 parameters: 8.6 each",
        {"params": dict.fromkeys("abcdef", 1)},
    ),
    "near_chance": (
        {"trades": traded([30.0 if at % 2 else -29.0 for at in range(60)])}, "standard errors",
        {"trades": traded([-30.0 if at % 2 else 29.0 for at in range(60)])},
    ),
    "best_trade": (
        {"trades": traded([*PNL, 300.0])}, "made 300.00; the 60 other trades made 240.00",
        {"trades": traded([*PNL, 200.0])},
    ),
    "thin_trades": (
        {"fills": filled(120, fee=2.0)}, "entering and leaving costs 4.10", {},
    ),
    "open_at_end": (
        {"trades": [*traded(PNL), still_open(60.0)]}, "60.00 of the profit of 20",
        {"trades": [*traded(PNL), still_open(40.0)]},
    ),
    "one_side_loses": (
        {"trades": traded([5.0, -2.0] * 30, sides=("long", "short"))},
        "Short trades lost 60.00, long",
        {"trades": traded([5.0, 2.0] * 30, sides=("long", "short"))},
    ),
    "short_history": (
        {"closes": CLOSES[:364]}, "The run covers 364.0 days", {"closes": CLOSES[:365]},
    ),
    "long_warm_up": ({"warming": 200}, "for 200 closes of 800, 25.0 %", {"warming": 199}),
    "weekend": ({"trades": WEEKEND}, "entered on a weekend, made", {}),
    "one_hour": (
        {"trades": AT_NINE},
        "entered from 09:00 to 09:59 UTC, made 120.00; the others made",
        {},
    ),
    "hardly_in_market": (
        {"position": np.arange(COUNT) % 21 == 0}, "at 4.88 % of the closes",
        {"position": np.arange(COUNT) % 20 == 0},
    ),
    "always_in_market": (
        {"position": np.arange(COUNT) % 21 != 0}, "at 95.1 % of the closes",
        {"position": np.arange(COUNT) % 20 != 0},
    ),
    "flat_periods": (
        {"position": np.where((np.arange(COUNT) > 99) & (np.arange(COUNT) < 300), 0, 1)},
        "200 bars from 2024-04-10 on, 25.0 % of the run",
        {"position": np.where((np.arange(COUNT) > 99) & (np.arange(COUNT) < 299), 0, 1)},
    ),
    "many_refusals": (
        {"refused": {"cooldown": 50, "no_cash": 10, "in_position": 1}},
        "60 refusals beside 60 trades; most often `cooldown`: 50",
        {"refused": {"cooldown": 59, "in_position": 100}},
    ),
    "capped_by_cash": ({"capped": 6}, "6 of 60 entries", {"capped": 5}),
    "stop_never_touched": (
        {"risk": STOP, "trades": traded(PNL, exits=("rule", "take_profit"))}, "None of 60",
        {"risk": STOP},
    ),
    "stop_always_touched": (
        {"risk": STOP, "trades": traded(PNL, exits=("trailing_stop",) * 4 + ("rule",))},
        "48 of 60 closed trades ended at a stop, 80.0 %", {"risk": STOP},
    ),
    "target_never_touched": (
        {"risk": STOP, "trades": traded(PNL, exits=("rule", "stop_loss"))}, "reached the target",
        {"risk": STOP},
    ),
    "same_bar_exits": (
        {"trades": [*traded(PNL[:57]), *traded(PNL[57:], bars=0)]}, "3 of 60 closed trades, 5.00 %",
        {"trades": [*traded(PNL[:58]), *traded(PNL[58:], bars=0)]},
    ),
    "large_orders": (
        {"fills": [*filled(114), *filled(6, size=1001.0, slip=0.0)]},
        "the largest was 10.0 % of it",
        {"fills": [*filled(115), *filled(5, size=1001.0, slip=0.0)]},
    ),
    "missing_bars": (
        {"skip": {10: 6, 20: 3}}, "9 of 809 bars are missing, 1.11 %, in 2 gaps; 6 in the longest",
        {"skip": {10: 6, 20: 2}},
    ),
    "stale_bars": (
        {"closes": np.where(np.arange(COUNT) // 9 == 3, 100.0, CLOSES), "still": True},
        "8 of 800 bars stand still, 1.00 %; 8 in a row at most",
        {"closes": np.where(np.arange(COUNT) // 9 == 3, 100.0, CLOSES)},
    ),
    "doubtful_fills": (
        {"flags": np.where(np.arange(COUNT) == 7, OUTLIER, 0).astype(np.uint8),
         "fills": filled(100)}, "1 of 100 fills lie on such bars",
        {"flags": np.full(COUNT, CORRECTED, dtype=np.uint8)},
    ),
}  # fmt: skip


def test_a_sound_run_has_no_diagnoses():
    assert made() == {}
    assert made(params={"fast": 1}, risk=STOP, flags=np.zeros(COUNT, dtype=np.uint8)) == {}


@pytest.mark.parametrize("name", list(DIAGNOSIS))
def test_each_is_made_where_it_applies_and_only_there(name):
    applies, words, does_not = CASES[name]
    found = made(**applies)
    assert words in found.get(name, f"not made: {found}")
    assert name not in made(**does_not)


def test_every_diagnosis_is_declared_judged_and_tested():
    assert len(DIAGNOSES) >= 35
    assert list(JUDGES) == list(DIAGNOSIS)
    assert set(CASES) == set(DIAGNOSIS)
    codes = [one.code for one in DIAGNOSES]
    assert codes == sorted(set(codes))
    assert all(code.startswith("RT5") for code in codes)


@pytest.mark.parametrize("one", DIAGNOSES, ids=lambda one: one.name)
def test_declarations_are_whole(one):
    assert one.title
    assert len(one.title) < 50
    assert ("{limit}" in one.doc) == (one.limit is not None)
    assert one.text.endswith(".")
    assert one.advice.endswith((".", "`."))
    assert "{limit}" not in one.text
    assert one.limit is None or one.limit_text in one.text


def test_the_gravest_come_first_and_fit_the_schema():
    trades = [*traded(PNL[:20]), *traded([400.0])]
    found = diagnose(run(trades=trades, costs=CostsDef(0.0, 0.0, 0.0), capped=21, warming=400))
    severities = [one.diagnosis.severity for one in found]
    assert severities == sorted(severities, key=list(Severity).index)
    assert len(set(severities)) == 3
    jsonschema.validate([one.document() for one in found], diagnoses_schema())


def test_a_run_without_bars_is_judged_too():
    nothing = np.zeros(0)
    found = made(closes=nothing, equity=nothing, position=nothing, trades=[], fills=[])
    assert list(found) == ["no_trades"]
