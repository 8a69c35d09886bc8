"""From a plan and its signals to a program, and what an engine cannot run."""

import numpy as np
import pytest

from rtrade.catalog.registry import Kind
from rtrade.config.definitions import CostsDef, RiskDef, SizingDef
from rtrade.config.llm_definitions import (
    CadenceDef,
    LlmProviderDef,
    LlmSignalDef,
    PromptTemplate,
    VoteDef,
)
from rtrade.core.bars import Filters, MarketData
from rtrade.core.codes import CODES
from rtrade.core.diagnostics import SourceText
from rtrade.core.errors import EngineFault
from rtrade.core.timeframes import HOUR, Timeframe
from rtrade.execution.engines import unsupported
from rtrade.execution.preparing import prepare
from rtrade.plan.nodes import Answer, Const, Field
from rtrade.plan.plan import LlmPlan, Plan, SeriesNeed
from unit.execution_cases import flat_bars

CLOCK = Timeframe(HOUR)
BARS = flat_bars(1, 2, 3, 4, 5)
MARKET = MarketData("sample", "synthetic", BARS, 2, filters=Filters(min_notional=5.0))


def number(name):
    return Field(kind=Kind.NUMBER, clock=CLOCK, series="", name=name)


def plan_of(**more):
    rule = Const(kind=Kind.BOOLEAN, clock=CLOCK, value=True)
    facts = {
        "name": "example",
        "source": "sample",
        "start": None,
        "end": None,
        "last": None,
        "params": {},
        "signals": {},
        "rules": {"enter_long": rule},
        "atr": {},
        "volatility": None,
        "scale": None,
        "needs": (SeriesNeed("", "BTC/USDT", CLOCK, 2),),
        "warmup": 2,
        "sizing": SizingDef("equity", 0.5),
        "risk": RiskDef(time_exit=4),
        "costs": CostsDef(0.001, 0.0005, 0.0002),
        "cash": 1234.0,
        "benchmark": "buy_and_hold",
    }
    return Plan(**(facts | more))


class Table:
    """Signals as given: rules over the run's bars, numbers over all bars."""

    def __init__(self, rules, numbers=None):
        self.rules, self.numbers = rules, numbers or {}

    def rule(self, name):
        return self.rules[name]

    def number(self, node):
        return self.numbers[node]


def test_what_the_plan_says_is_handed_on():
    rule = np.array([True, False, True])
    program = prepare(plan_of(), MARKET, Table({"enter_long": rule}))
    assert program.enter_long is rule
    assert (program.cash, program.bars_per_year) == (1234.0, 8760.0)
    assert (program.sizing.value, program.risk.time_exit) == (0.5, 4)
    assert program.costs.maker == 0.0005
    assert program.filters.min_notional == 5.0
    assert (program.volatility, program.scale, program.risk_factor) == (None, None, None)


def test_a_rule_that_is_absent_is_never_true():
    program = prepare(plan_of(), MARKET, Table({"enter_long": np.ones(3, dtype=bool)}))
    for name in ("exit_long", "enter_short", "exit_short"):
        assert getattr(program, name).tolist() == [False, False, False]


def test_numbers_begin_with_the_run():
    atr, volatility, scale = number("atr"), number("volatility"), number("scale")
    values = {
        atr: np.arange(5.0),
        volatility: np.arange(5.0) / 10,
        scale: np.array([0.0, 0.0, -0.5, np.nan, 1.5]),
    }
    plan = plan_of(atr={14: atr}, volatility=volatility, scale=scale)
    program = prepare(plan, MARKET, Table({"enter_long": np.ones(3, dtype=bool)}, values))
    assert program.atr[14].tolist() == [2.0, 3.0, 4.0]
    assert program.volatility.tolist() == [0.2, 0.3, 0.4]
    np.testing.assert_array_equal(program.scale, [0.0, np.nan, 1.0])


def test_arrays_of_another_length_are_a_fault():
    with pytest.raises(EngineFault, match=r"`rules.enter_long` has 5 values for 3 bars"):
        prepare(plan_of(), MARKET, Table({"enter_long": np.ones(5, dtype=bool)}))
    volatility = number("volatility")
    table = Table({"enter_long": np.ones(3, dtype=bool)}, {volatility: np.ones(3)})
    with pytest.raises(EngineFault, match="`volatility` has 3 values for 5 bars"):
        prepare(plan_of(volatility=volatility), MARKET, table)


def test_engines_are_refused_by_name():
    assert unsupported(plan_of(), "backtrader") == []
    assert unsupported(plan_of(), "compiled") == []
    (typo,) = unsupported(plan_of(), "backtader")
    assert (typo.code, typo.help) == ("RT202", "did you mean `backtrader`?")
    (unknown,) = unsupported(plan_of(), "zzz")
    assert unknown.help == "the engines are: backtrader, compiled"
    assert {"RT201", "RT202"} <= CODES.keys()


def asked(*templates):
    """A signal `analyst` that is asked with these prompts, from line 8 of a file on."""
    first, *others = [
        SourceText(one.file, "asked.yaml", ((0, line, 30),))
        for line, one in enumerate(templates, start=8)
    ]
    definition = LlmSignalDef(
        "analyst", "local_llm", first, CadenceDef(every=24), (), vote=VoteDef(prompts=(*others,))
    )
    return LlmPlan(definition, LlmProviderDef("local_llm", "m"), None, templates)


def test_an_engine_without_questions_in_mid_run_refuses_them_by_name():
    seen = PromptTemplate("prompts/b.j2", "{{ position }}", frozenset({"position"}))
    plain = PromptTemplate("prompts/a.j2", "{{ close }}", frozenset({"close"}))
    asking = plan_of(llm={"analyst": asked(plain, seen), "other": asked(plain)})
    assert unsupported(asking, "backtrader") == []
    (refused,) = unsupported(asking, "compiled")
    assert refused.code == "RT201"
    assert "the prompt `prompts/b.j2` of the signal `analyst`" in refused.message
    assert "--engine backtrader" in refused.help
    assert (refused.span.line, refused.span.column) == (9, 30)
    assert unsupported(plan_of(llm={"other": asked(plain)}), "compiled") == []


def test_the_factor_of_a_risk_level_goes_by_its_choice():
    node = Answer(
        kind=Kind.ENUM, clock=CLOCK, signal="analyst", field="risk", choices=("low", "extreme")
    )
    rules = {"enter_long": np.zeros(3, dtype=bool)}
    table = Table(rules)
    table.choice = lambda asked: {node: np.array([0, 0, 1, np.nan, 0.0])}[asked]
    program = prepare(plan_of(risk_level=node, risk_factors=(1.0, 0.0)), MARKET, table)
    assert np.array_equal(program.risk_factor, [0.0, np.nan, 1.0], equal_nan=True)
    assert prepare(plan_of(), MARKET, table).risk_factor is None
