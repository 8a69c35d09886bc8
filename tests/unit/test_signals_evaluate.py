"""From plan nodes to signals: clocks, unknowns, sharing, and what is counted."""

import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtrade.catalog.registry import Kind
from rtrade.config.definitions import CostsDef, RiskDef, SizingDef
from rtrade.core.bars import FALSE, TRUE, UNKNOWN, Bars, MarketData
from rtrade.core.errors import EngineFault
from rtrade.core.timeframes import DAY, HOUR, WEEK, Timeframe
from rtrade.plan.nodes import Align, Answer, Binary, Call, Const, Field, Shift, Unary
from rtrade.plan.plan import Plan, SeriesNeed
from rtrade.signals import evaluate as module
from rtrade.signals.answers import AnswerSeries
from rtrade.signals.clocks import last_closed
from rtrade.signals.evaluate import evaluate, evaluate_nodes

NAN = float("nan")
H1, H4, D1, W1 = (Timeframe(ms) for ms in (HOUR, 4 * HOUR, DAY, WEEK))
MONDAY = 1_704_067_200_000  # 2024-01-01T00:00:00Z


def bars(closes, timeframe=H1, start=MONDAY, symbol="BTC/USDT", times=None):
    close = np.array(closes, dtype=float)
    time = start + timeframe.ms * np.arange(len(close)) if times is None else np.array(times)
    return Bars(
        symbol, timeframe, time.astype(np.int64), close, close + 1, close - 1, close, close * 10
    )


def field(name="close", series="", clock=H1):
    return Field(kind=Kind.NUMBER, clock=clock, series=series, name=name)


def const(value, clock=H1):
    kind = Kind.BOOLEAN if isinstance(value, bool) else Kind.NUMBER
    return Const(kind=kind, clock=clock, value=value)


def call(entry, *inputs, kind=Kind.NUMBER, output="value", clock=H1, **params):
    return Call(
        kind=kind, clock=clock, entry=entry, inputs=inputs,
        params=tuple(params.items()), output=output,
    )  # fmt: skip


def binary(op, left, right):
    kind = Kind.NUMBER if op in "+-*/%" else Kind.BOOLEAN
    return Binary(kind=kind, clock=left.clock, op=op, left=left, right=right)


def negate(arg, op="not"):
    return Unary(kind=arg.kind, clock=arg.clock, op=op, arg=arg)


def shift(arg, count):
    return Shift(kind=arg.kind, clock=arg.clock, arg=arg, bars=count)


def align(arg, clock=H1):
    return Align(kind=arg.kind, clock=clock, arg=arg)


def plan(signals=None, rules=None, also=(), **more):
    needs = (SeriesNeed("", "BTC/USDT", H1, 0), *also)
    values = {"atr": {}, "volatility": None, "scale": None} | more
    return Plan(
        name="test", source="test", start=None, end=None, last=None, params={},
        signals=signals or {}, rules=rules or {}, needs=needs, warmup=0,
        sizing=SizingDef("equity", 0.95), risk=RiskDef(), costs=CostsDef(0.0, 0.0, 0.0),
        cash=1000.0, benchmark="buy_and_hold", **values,
    )  # fmt: skip


def numbers(node, base, first=0, also=(), **others):
    table = evaluate(
        plan({"it": node}, also=also), MarketData("test", "csv", base, first, others=others)
    )
    return table.number(node).tolist()


def conditions(node, base, also=(), **others):
    table = evaluate(
        plan({"it": node}, also=also), MarketData("test", "csv", base, 0, others=others)
    )
    return table.condition(node).tolist()


def approx(values):
    return pytest.approx(values, nan_ok=True)


class TestOperators:
    BASE = bars([4.0, 5.0, 6.0])

    @pytest.mark.parametrize(
        ("op", "wanted"),
        [("+", [6, 7, 8]), ("-", [2, 3, 4]), ("*", [8, 10, 12]), ("/", [2, 2.5, 3])],
    )
    def test_arithmetic(self, op, wanted):
        assert numbers(binary(op, field(), const(2)), self.BASE) == wanted

    def test_modulo_has_the_divisors_sign(self):
        centered = binary("-", field(), const(5))
        assert numbers(binary("%", centered, const(3)), self.BASE) == [2, 0, 1]
        assert numbers(binary("%", centered, const(-3)), self.BASE) == [-1, 0, -2]

    @pytest.mark.parametrize("op", ["/", "%"])
    def test_division_by_zero_is_unknown(self, op):
        centered = binary("-", field(), const(5))
        quotient = binary(op, field(), centered)
        wanted = {"/": [-4, NAN, 6], "%": [0, NAN, 0]}[op]
        assert numbers(quotient, self.BASE) == approx(wanted)
        known = binary("==", quotient, quotient)
        assert conditions(known, self.BASE) == [TRUE, UNKNOWN, TRUE]
        assert conditions(negate(known), self.BASE) == [FALSE, UNKNOWN, FALSE]

    def test_a_window_is_unknown_while_a_division_by_zero_is_in_it(self):
        base = bars([1.0, 5.0, 1.0, 2.0, 3.0])
        quotient = binary("/", const(1), binary("-", field(), const(5)))
        found = numbers(call("sma", quotient, n=2), base)
        assert np.isnan(found).tolist() == [True, True, True, False, False]

    def test_a_number_too_large_for_a_float_is_unknown(self):
        huge = binary("*", field(), const(1e308))
        assert numbers(huge, self.BASE) == approx([NAN] * 3)

    def test_negation_and_shift(self):
        assert numbers(negate(field(), "neg"), self.BASE) == [-4, -5, -6]
        assert numbers(shift(field(), 1), self.BASE) == approx([NAN, 4, 5])
        above = binary(">", field(), const(4.5))
        assert conditions(shift(above, 1), self.BASE) == [UNKNOWN, FALSE, TRUE]

    def test_constants_alone(self):
        assert numbers(binary("+", const(1), const(2)), self.BASE) == [3, 3, 3]
        assert conditions(const(value=True), self.BASE) == [TRUE] * 3
        assert conditions(negate(const(value=True)), self.BASE) == [FALSE] * 3
        assert numbers(call("max", field(), const(5)), self.BASE) == [5, 5, 6]
        assert numbers(shift(const(3), 1), self.BASE) == approx([NAN, 3, 3])

    def test_and_or(self):
        early = binary("<", field(), const(4.5))
        unknown = binary(">", shift(field(), 9), const(0))
        assert conditions(binary("and", early, unknown), self.BASE) == [UNKNOWN, FALSE, FALSE]
        assert conditions(binary("or", early, unknown), self.BASE) == [TRUE, UNKNOWN, UNKNOWN]


class TestFields:
    def test_prices(self):
        base = bars([10.0, 20.0])
        for name, wanted in {
            "open": [10, 20], "high": [11, 21], "low": [9, 19], "close": [10, 20],
            "volume": [100, 200], "hl2": [10, 20], "hlc3": [10, 20], "ohlc4": [10, 20],
        }.items():  # fmt: skip
            assert numbers(field(name), base) == wanted

    def test_the_clock(self):
        base = bars([1.0] * 50, start=MONDAY + 22 * HOUR)
        hours, days = call("hour", field("time")), call("weekday", field("time"))
        assert numbers(hours, base)[:4] == [22, 23, 0, 1]
        assert numbers(days, base)[:3] == [0, 0, 1]
        assert numbers(days, base)[-1] == 2


class TestClocks:
    @given(
        st.sets(st.integers(0, 60), max_size=20), st.sets(st.integers(0, 20), max_size=12),
        st.sampled_from([H1, H4]),
    )  # fmt: skip
    def test_the_last_closed_bar_is_the_one_that_a_search_finds(self, target, source, coarse):
        seen_from = bars([1.0] * len(target), times=[MONDAY + n * HOUR for n in sorted(target)])
        times = [MONDAY + 20 * HOUR + n * coarse.ms for n in sorted(source)]
        seen = bars([1.0] * len(source), coarse, times=times)
        wanted = [
            sum(start + coarse.ms <= moment + HOUR for start in times) - 1
            for moment in seen_from.time
        ]
        assert last_closed(seen, seen_from).tolist() == wanted

    def test_a_daily_bar_is_seen_once_it_has_closed(self):
        base = bars(range(72))
        daily = bars([100.0, 200.0, 300.0], D1)
        node = align(field(series="daily", clock=D1))
        also = (SeriesNeed("daily", "BTC/USDT", D1, 0),)
        found = numbers(node, base, also=also, daily=daily)
        # The bar of 23:00 closes at midnight, when the day does.
        assert found == approx([NAN] * 23 + [100.0] * 24 + [200.0] * 24 + [300.0])

    def test_windows_count_bars_of_their_own_clock(self):
        base = bars(range(72))
        daily = bars([100.0, 200.0, 400.0], D1)
        also = (SeriesNeed("daily", "BTC/USDT", D1, 0),)
        close = field(series="daily", clock=D1)
        before = align(shift(close, 1))
        assert numbers(before, base, also=also, daily=daily) == approx(
            [NAN] * 47 + [100.0] * 24 + [200.0]
        )
        average = align(call("sma", close, clock=D1, n=2))
        assert numbers(average, base, also=also, daily=daily) == approx(
            [NAN] * 47 + [150.0] * 24 + [300.0]
        )

    def test_a_signal_on_a_coarser_clock_is_shown_on_the_base(self):
        base = bars(range(30))
        also = (SeriesNeed("daily", "BTC/USDT", D1, 0),)
        node = binary(">", field(series="daily", clock=D1), const(50, D1))
        found = conditions(node, base, also=also, daily=bars([100.0, 40.0], D1))
        assert found == [UNKNOWN] * 23 + [TRUE] * 7

    def test_a_missing_base_bar_moves_nothing(self):
        times = [MONDAY + h * HOUR for h in (20, 21, 25, 26)]
        base = bars([1.0, 2.0, 3.0, 4.0], times=times)
        also = (SeriesNeed("daily", "BTC/USDT", D1, 0),)
        node = align(field(series="daily", clock=D1))
        found = numbers(node, base, also=also, daily=bars([7.0, 8.0], D1))
        assert found == approx([NAN, NAN, 7.0, 7.0])

    def test_weeks_begin_on_monday(self):
        base = bars(range(8 * 24))
        also = (SeriesNeed("weekly", "BTC/USDT", W1, 0),)
        node = align(field(series="weekly", clock=W1))
        found = numbers(node, base, also=also, weekly=bars([5.0, 6.0], W1))
        assert found == approx([NAN] * 167 + [5.0] * 25)

    def test_another_symbols_missing_bar_shows_its_last_one(self):
        base = bars([1.0, 2.0, 3.0, 4.0, 5.0])
        times = [MONDAY + h * HOUR for h in (1, 3)]
        eth = bars([10.0, 30.0], symbol="ETH/USDT", times=times)
        also = (SeriesNeed("eth", "ETH/USDT", H1, 0),)
        market = MarketData("test", "csv", base, 2, others={"eth": eth})
        node = field(series="eth")
        table = evaluate(plan({"it": node}, also=also), market)
        assert table.number(node).tolist() == approx([NAN, 10.0, 10.0, 30.0, 30.0])
        assert table.stale == {"eth": 2}

    def test_a_late_start_of_another_symbol_is_not_stale(self):
        base = bars([1.0, 2.0, 3.0])
        eth = bars([10.0], symbol="ETH/USDT", start=MONDAY + 2 * HOUR)
        also = (SeriesNeed("eth", "ETH/USDT", H1, 0),)
        market = MarketData("test", "csv", base, 0, others={"eth": eth})
        assert evaluate(plan(also=also), market).stale == {"eth": 0}

    def test_another_symbols_missing_day_is_stale_for_a_day(self):
        base = bars(range(96))
        eth = bars([1.0, 3.0], D1, symbol="ETH/USDT", times=[MONDAY, MONDAY + 2 * DAY])
        also = (SeriesNeed("eth", "ETH/USDT", D1, 0),)
        market = MarketData("test", "csv", base, 0, others={"eth": eth})
        # Tuesday's bar is due from Tuesday 23:00 until Wednesday's closes, and Thursday's at last.
        assert evaluate(plan(also=also), market).stale == {"eth": 25}

    def test_own_coarser_series_are_not_counted(self):
        also = (SeriesNeed("daily", "BTC/USDT", D1, 0),)
        market = MarketData("test", "csv", bars([1.0]), 0, others={"daily": bars([1.0], D1)})
        assert evaluate(plan(also=also), market).stale == {}

    def test_the_base_symbol_leads_its_clock(self):
        """Other series of that timeframe are seen from its bars, wherever they stand."""
        base = bars(range(72))
        eth = bars([10.0], D1, symbol="ETH/USDT")
        own = bars([100.0, 200.0, 300.0], D1)
        also = (SeriesNeed("eth", "ETH/USDT", D1, 0), SeriesNeed("own", "BTC/USDT", D1, 0))
        ratio = align(binary("/", field(series="own", clock=D1), field(series="eth", clock=D1)))
        found = numbers(ratio, base, also=also, eth=eth, own=own)
        assert found == approx([NAN] * 23 + [10.0] * 24 + [20.0] * 24 + [30.0])

    def test_the_first_named_leads_where_the_base_symbol_is_not_read(self):
        base = bars(range(48))
        eth = bars([10.0, 20.0], D1, symbol="ETH/USDT")
        sol = bars([1.0], D1, symbol="SOL/USDT")
        also = (SeriesNeed("eth", "ETH/USDT", D1, 0), SeriesNeed("sol", "SOL/USDT", D1, 0))
        both = align(binary("+", field(series="eth", clock=D1), field(series="sol", clock=D1)))
        found = numbers(both, base, also=also, eth=eth, sol=sol)
        assert found == approx([NAN] * 23 + [11.0] * 24 + [21.0])

    def test_a_series_without_bars_is_unknown(self):
        also = (SeriesNeed("eth", "ETH/USDT", H1, 0),)
        eth = bars([], symbol="ETH/USDT")
        node = binary(">", field(series="eth"), const(0))
        assert conditions(node, bars([1.0, 2.0]), also=also, eth=eth) == [UNKNOWN] * 2


class TestTable:
    def test_rules_cover_the_run_only(self):
        base = bars([3.0, 1.0, 3.0, 1.0, 3.0])
        rise = binary(">", field(), shift(field(), 1))
        table = evaluate(plan(rules={"enter_long": rise}), MarketData("test", "csv", base, 1))
        assert table.rule("enter_long").tolist() == [False, True, False, True]
        assert table.rule("exit_long").tolist() == [False] * 4
        assert table.rule("exit_long").dtype == bool
        assert table.condition(rise).tolist() == [UNKNOWN, FALSE, TRUE, FALSE, TRUE]

    def test_unknown_bars_of_the_run_are_counted_by_rule(self):
        base = bars([1.0, 2.0, 3.0, 4.0, 5.0])
        late = binary(">", field(), shift(field(), 3))
        market = MarketData("test", "csv", base, 1)
        table = evaluate(plan(rules={"enter_long": late, "exit_long": negate(late)}), market)
        assert table.unknown == {"enter_long": 2, "exit_long": 2}
        assert table.rule("exit_long").tolist() == [False] * 4

    def test_what_sizing_and_risk_need(self):
        base = bars(np.linspace(100, 120, 30))
        ranges = call("atr", field("high"), field("low"), field(), n=14)
        swings = call("log_return_deviation", field(), n=10)
        factor = binary("/", field(), const(1000))
        asked = plan(atr={14: ranges}, volatility=swings, scale=factor)
        table = evaluate(asked, MarketData("test", "csv", base, 0))
        assert np.isnan(table.number(ranges)).sum() == 14
        assert np.isnan(table.number(swings)).sum() == 10
        assert table.number(factor)[0] == 0.1

    def test_what_was_not_asked_for_is_refused(self):
        table = evaluate(plan(), MarketData("test", "csv", bars([1.0]), 0))
        with pytest.raises(EngineFault):
            table.number(field())
        with pytest.raises(EngineFault):
            table.condition(field())

    def test_an_entry_outside_the_catalog_is_refused(self):
        with pytest.raises(EngineFault, match="nothing_such"):
            numbers(call("nothing_such", field()), bars([1.0]))

    def test_no_bars(self):
        node = call("sma", field(), n=3)
        table = evaluate(plan({"it": node}), MarketData("test", "csv", bars([]), 0))
        assert len(table.number(node)) == 0


def counted(monkeypatch):
    """Note what is computed, and for how many params at a time."""
    computed = []
    original = module.compute_together

    def counting(entry, inputs, asked):
        computed.append((entry.name, len(asked)))
        return original(entry, inputs, asked)

    monkeypatch.setattr(module, "compute_together", counting)
    return computed


def test_outputs_of_one_call_are_computed_together(monkeypatch):
    computed = counted(monkeypatch)
    close = field()
    upper, lower = (call("bbands", close, n=3, k=2.0, output=name) for name in ("upper", "lower"))
    width = binary("-", upper, lower)
    touch = binary(">", close, upper)
    base = bars([1.0, 2.0, 4.0, 8.0])
    table = evaluate(
        plan({"width": width, "again": width}, {"enter_long": touch}),
        MarketData("test", "csv", base, 0),
    )
    assert computed == [("bbands", 1)]
    assert np.isnan(table.number(width)).tolist() == [True, True, False, False]


@pytest.mark.parametrize("gap", [None, 20])
def test_averages_of_one_series_are_computed_together(monkeypatch, gap):
    """As many as are cheap to keep, each with the values that it has alone."""
    computed = counted(monkeypatch)
    close = field()
    # Zero divided by zero makes a gap.
    holed = close if gap is None else binary("/", binary("*", close, close), close)
    prices = [100.0 + (7 * i) % 13 / 3 for i in range(60)]
    if gap is not None:
        prices[gap] = 0.0
    lengths = (2, 50, 3, 20, 5, 7, 100, 4, 6, 9)
    nodes = [call("sma", holed, n=n) for n in lengths]
    other = call("sma", field("high"), n=3)
    market = MarketData("test", "csv", bars(prices), 0)
    every = {f"s{at}": node for at, node in enumerate((*nodes, other))}
    table = evaluate(plan(every), market)
    assert sorted(computed) == [("sma", 1), ("sma", 2), ("sma", 8)]
    for node in nodes:
        alone = evaluate(plan({"it": node}), market).number(node)
        np.testing.assert_array_equal(table.number(node), alone)
    assert np.isnan(table.number(nodes[0])).sum() == (1 if gap is None else 3)


def test_bars_are_left_as_they_were():
    base = bars([1.0, 2.0, 3.0, 4.0])
    before = base.digest()
    node = binary("/", call("sma", field(), n=2), shift(field("volume"), 1))
    numbers(node, base)
    assert base.digest() == before


class TestNodes:
    """Nodes that are asked for by themselves."""

    def test_they_are_what_a_table_has(self):
        daily = SeriesNeed("daily", "BTC/USDT", D1, 0)
        base = bars(np.arange(1.0, 60.0) % 7 + 1)
        coarse = bars([3.0, 5.0], D1)
        market = MarketData("test", "csv", base, 5, others={"daily": coarse})
        mean = call("sma", field(), n=4)
        nodes = [
            mean,
            field(series="daily", clock=D1),
            align(call("sma", field(series="daily", clock=D1), n=2, clock=D1)),
            binary(">", mean, field()),
            negate(shift(binary("<", mean, const(3.0)), 2)),
            const(2.5),
            const(True),
            field(),
        ]
        given = plan({str(place): node for place, node in enumerate(nodes)}, also=(daily,))
        table = evaluate(given, market)
        found = evaluate_nodes(plan(also=(daily,)), market, nodes)
        assert len(found) == len(nodes)
        for node, values in zip(nodes, found, strict=True):
            number = node.kind is Kind.NUMBER
            assert values.dtype == (np.float64 if number else np.int8)
            assert values.shape == (59,)
            wanted = table.number(node) if number else table.condition(node)
            np.testing.assert_array_equal(values, wanted)
        assert np.isnan(found[1]).any()
        assert set(found[3].tolist()) == {FALSE, UNKNOWN, TRUE}

    def test_a_node_asked_for_twice_is_one_array(self):
        mean = call("sma", field(), n=2)
        market = MarketData("test", "csv", bars([1.0, 2.0, 4.0]), 0)
        first, other, again = evaluate_nodes(plan(), market, [mean, field(), mean])
        assert first is again
        assert other.tolist() == [1.0, 2.0, 4.0]
        assert evaluate_nodes(plan(), market, []) == []

    def test_what_they_share_is_computed_once_and_let_go(self, monkeypatch):
        computed, alive, most = [], set(), []
        original = module.compute_together

        def watching(entry, inputs, asked):
            (found,) = original(entry, inputs, asked)
            computed.append(entry.name)
            for values in found.values():
                alive.add(id(values))
                weakref.finalize(values, alive.discard, id(values))
            most.append(len(alive))
            return [found]

        monkeypatch.setattr(module, "compute_together", watching)
        mean = call("sma", field(), n=2)
        nodes = [binary(">", call("ema", mean, n=n), field()) for n in range(2, 12)]
        market = MarketData("test", "csv", bars(np.arange(1.0, 40.0)), 0)
        found = evaluate_nodes(plan(), market, nodes)
        assert computed == ["sma"] + ["ema"] * 10
        # The average, and one at a time of those that rest on it.
        assert max(most) == 2
        assert alive == set()
        assert [values.dtype for values in found] == [np.int8] * 10

    def test_an_answer_is_computed_where_it_is_given(self):
        node = Answer(
            kind=Kind.NUMBER, clock=H1, signal="analyst", field="confidence", low=0, high=100
        )
        sure = binary(">", node, const(50.0))
        market = MarketData("test", "csv", bars([1.0, 2.0, 3.0]), 0)
        answers = {"analyst": AnswerSeries({"confidence": np.array([NAN, 40.0, 60.0])})}
        (found,) = evaluate_nodes(plan(), market, [sure], answers)
        assert found.tolist() == [UNKNOWN, FALSE, TRUE]
        with pytest.raises(EngineFault, match="no answers of analyst"):
            evaluate_nodes(plan(), market, [sure])
