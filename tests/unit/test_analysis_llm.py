"""What a model knew, cost and foresaw, and what beats it, against slow arithmetic."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from rtrade.analysis.llm_baselines import MOST_BARS, ORDERS, answers_of, baselines
from rtrade.analysis.llm_costs import NO_GAIN, NO_PRICES, inference_cost
from rtrade.analysis.llm_decisions import Clamp
from rtrade.analysis.llm_knowledge import SPLIT, Course, Knowledge, last_cutoff, split
from rtrade.analysis.llm_outcomes import Judge, outcomes, reliability, wilson
from rtrade.analysis.llm_rules import APPLIES, directions, filter_alone, llm_alone
from rtrade.analysis.llm_study import judge_of, study, trades_of
from rtrade.analysis.metrics import measure
from rtrade.analysis.record import _trade
from rtrade.config.definitions import RiskDef
from rtrade.config.llm_definitions import LlmProviderDef, PricesDef
from unit.llm_cases import (
    ACTIONS,
    above,
    action,
    aligned,
    bars_of,
    both,
    confidence,
    decided,
    market_of,
    negated,
    plan_of,
    rerun,
    says,
    shuffling,
    signal_of,
)


def walk(count, seed=3):
    return 20_000 * np.cumprod(1 + np.random.RandomState(seed).normal(0, 0.01, count))


BARS = bars_of(walk(240))
POINTS = range(3, 240, 4)


def guesses(bars, seed=1, points=POINTS):
    stream = np.random.RandomState(seed)
    return [
        decided(bars, at, (*ACTIONS, None)[stream.randint(4)], int(stream.randint(101)))
        for at in points
    ]


def ran(bars, decisions, plan=None):
    """Return a run with its own answers, as the workflow would see it."""
    plan, market = plan or plan_of(), market_of(bars)
    result = rerun(market)(plan, answers_of(plan, decisions, bars.time))
    course = Course(
        bars, result.equity, result.position, result.trades, plan.cash, plan.costs, market.filters
    )
    measured = measure(result, bars, cash=plan.cash, costs=plan.costs, filters=market.filters)
    return plan, market, course, measured.values()


class TestKnowledge:
    def test_the_clean_part_comes_first_and_both_make_the_whole(self):
        decisions = guesses(BARS)
        _, _, course, metrics = ran(BARS, decisions)
        times = np.array([one.time for one in decisions])
        found = split(course, times, int(BARS.time[100]))
        clean, known = found.stretches
        assert (found.state, clean.clean, known.clean) == (Knowledge.PARTLY, True, False)
        assert (clean.start, known.end) == (BARS.time[100], BARS.time[100])
        assert (known.bars, clean.bars) == (100, 140)
        assert (known.decisions, clean.decisions) == (25, 35)
        whole = math.prod(1 + one.metrics["total_return"] for one in found.stretches)
        assert whole == pytest.approx(1 + metrics["total_return"], rel=1e-12)
        assert clean.metrics["trades"] + known.metrics["trades"] == metrics["trades"]
        begun = [trade for trade in course.trades if trade.entry_bar >= 100]
        assert clean.metrics["trades"] == sum(trade.exit_bar is not None for trade in begun)
        held = clean.metrics["benchmark_return"]
        assert held == pytest.approx(BARS.close[-1] / BARS.open[100] - 1, abs=0.002)

    @pytest.mark.parametrize(
        ("cutoff", "state", "clean"),
        [
            (None, Knowledge.UNKNOWN, [False]),
            (BARS.time[0] - 1, Knowledge.CLEAN, [True]),
            (BARS.time[0], Knowledge.CLEAN, [True]),
            (BARS.time[0] + 1, Knowledge.PARTLY, [True, False]),
            (BARS.time[-1], Knowledge.PARTLY, [True, False]),
            (BARS.time[-1] + 1, Knowledge.INSIDE, [False]),
        ],
    )
    def test_where_the_run_lies(self, cutoff, state, clean):
        _, _, course, metrics = ran(BARS, guesses(BARS))
        found = split(course, np.array([], dtype=np.int64), None if cutoff is None else int(cutoff))
        assert found.state == state
        assert [one.clean for one in found.stretches] == clean
        if len(clean) == 1:
            assert found.stretches[0].metrics == {name: metrics[name] for name in SPLIT}

    def test_after_ruin_nothing_is_defined(self):
        _, _, course, _ = ran(BARS, guesses(BARS))
        ruined = replace(course, equity=np.where(np.arange(240) < 50, course.equity, -1.0))
        found = split(ruined, np.array([], dtype=np.int64), int(BARS.time[100]))
        assert set(found.stretches[0].metrics.values()) == {None}

    def test_the_last_cutoff_counts_and_an_unknown_one_makes_it_unknown(self):
        assert last_cutoff([5, 9, 7]) == 9
        assert last_cutoff([5, None]) is None
        assert last_cutoff([]) is None


class TestCosts:
    def test_what_is_left_and_what_pays(self):
        decisions = [decided(BARS, at, "buy") for at in (3, 7, 11, 15)]
        found = inference_cost(decisions, cash=1_000, quote="USDT", total_return=0.01, trades=2)
        assert (found.requests, found.prompt_tokens, found.completion_tokens) == (4, 400, 80)
        assert found.cost == pytest.approx(0.0008)
        assert found.per_decision == pytest.approx(0.0002)
        assert found.per_trade == pytest.approx(0.0004)
        assert found.net_return == pytest.approx((1_010 - 0.0008) / 1_000 - 1)
        assert found.break_even * 0.01 == pytest.approx(found.cost)
        assert found.why == ""

    def test_equal_requests_and_repairs(self):
        twice = [decided(BARS, at, "buy", key="same", rejected=("no",)) for at in (3, 7)]
        found = inference_cost(twice, cash=1_000, quote="USD", total_return=0.1, trades=0)
        assert (found.requests, found.cost, found.per_trade) == (2, 0.0002, None)

    def test_no_prices_no_gain_other_money_and_none_at_all(self):
        one = [decided(BARS, 3, "buy")]
        unpriced = [decided(BARS, 3, "buy", cost=None)]
        money = {"cash": 1_000.0, "trades": 1}
        found = inference_cost(unpriced, quote="USD", total_return=0.1, **money)
        assert (found.cost, found.net_return, found.why) == (None, None, NO_PRICES)
        found = inference_cost(unpriced, quote="USD", total_return=0.1, free=True, **money)
        assert (found.cost, found.net_return, found.break_even) == (0.0, 0.1, 0.0)
        found = inference_cost(one, quote="USDT", total_return=-0.1, **money)
        assert (found.break_even, found.why) == (None, NO_GAIN)
        assert found.net_return < -0.1
        found = inference_cost(one, quote="EUR", total_return=0.1, **money)
        assert (found.net_return, found.why) == (
            None,
            "the run counts in EUR, the cost is in US dollars",
        )
        silent = [decided(BARS, 3, None, raw=None, cost=None)]
        found = inference_cost(silent, quote="USD", total_return=0.0, **money)
        assert (found.requests, found.cost) == (0, 0.0)


AGREED = above(0, replace(confidence(), field=APPLIES, high=0))
UP = {"action": {"buy": 1, "sell": -1, "hold": 0}}


class TestRules:
    @pytest.mark.parametrize(
        ("rules", "points"),
        [
            ({"enter_long": says("buy"), "exit_long": says("sell")}, UP),
            ({"enter_long": says("buy"), "exit_long": both(says("sell"), above(5), op="or")}, UP),
            ({"enter_long": both(above(5), says("buy")), "enter_short": says("sell")}, UP),
            ({"enter_long": negated(both(says("sell"), says("hold"), op="or")),
              "exit_long": negated(says("buy"))},
             {"action": {"buy": 1, "sell": -1, "hold": -1}}),
            ({"enter_long": says("sell"), "exit_long": says("buy")},
             {"action": {"buy": -1, "sell": 1, "hold": 0}}),
            ({"enter_long": says("sell", op="!=")}, {"action": {"buy": 1, "sell": 0, "hold": 1}}),
            ({"enter_long": aligned(both(aligned(action()) and says("buy"), above(5)))},
             {"action": {"buy": 1, "sell": 0, "hold": 0}}),
            ({"enter_long": above(60, confidence())}, {}),
            ({"enter_long": above(5)}, {}),
            ({"enter_long": says("buy", "other")}, {}),
        ],
    )  # fmt: skip
    def test_which_way_an_answer_points(self, rules, points):
        assert directions(plan_of(rules), "analyst") == points

    def test_the_strategy_without_its_model(self):
        trend = above(20_000)
        plan = plan_of(
            {
                "enter_long": both(says("buy"), above(60, confidence()), trend),
                "exit_long": both(says("sell"), negated(trend), op="or"),
                "enter_short": says("sell"),
                "exit_short": says("buy"),
            },
            scale=confidence(),
            risk_level=action(),
            risk_factors=(1.0, 0.5, 0.0),
        )
        left = filter_alone(plan)
        assert left.rules == {
            "enter_long": both(AGREED, AGREED, trend),
            "exit_long": negated(trend),
        }
        assert (left.scale, left.risk_level, left.risk_factors) == (None, None, ())
        kept = replace(plan, scale=above(1).left)
        assert filter_alone(kept).scale is kept.scale

    def test_a_model_that_is_asked_on_a_condition_leaves_that_it_was_asked(self):
        plan = plan_of({"enter_long": says("buy"), "exit_long": says("sell")}, at=above(100))
        assert filter_alone(plan).rules == {"enter_long": AGREED}
        denied = plan_of({"enter_long": both(negated(says("sell")), above(5))})
        assert filter_alone(denied).rules == {"enter_long": both(AGREED, above(5))}

    def test_agreeing_lasts_as_long_as_an_answer(self):
        asked = signal_of(every=None, valid_for=3)
        rules = {"enter_long": both(says("buy"), above(1)), "exit_long": negated(above(1))}
        plan = replace(plan_of(rules, signals=(asked,), at=above(1)), risk=RiskDef(time_exit=1))
        decisions = [decided(BARS, at, "sell") for at in (10, 11, 50, 120)]
        _, market, _, metrics = ran(BARS, decisions, plan)
        seen = []

        def run(given, answers):
            result = rerun(market)(given, answers)
            seen.append([trade.entry_bar for trade in result.trades])
            return result

        baselines(plan, decisions, market, metrics, run, shuffling())
        assert metrics["trades"] == 0
        # Held for one bar, and entered again while the answer applies.
        assert seen[0] == [11, 13, 51, 53, 121, 123]

    def test_nothing_is_left_of_a_model_alone(self):
        assert filter_alone(plan_of()) is None
        assert llm_alone(plan_of()) is None

    def test_the_model_without_the_strategy(self):
        trend = above(20_000)
        plan = plan_of(
            {
                "enter_long": both(says("buy"), trend),
                "enter_short": negated(trend),
                "exit_long": negated(trend),
            }
        )
        left = llm_alone(plan)
        # An entry of the strategy's own goes, its only way out stays.
        assert left.rules == {"enter_long": says("buy"), "exit_long": negated(trend)}
        assert left.llm == plan.llm
        assert llm_alone(plan_of({"enter_long": trend})) is None


class TestOutcomes:
    def test_against_slow_arithmetic(self):
        decisions = guesses(BARS)
        _, _, course, _ = ran(BARS, decisions)
        judge = Judge("action", UP["action"], "confidence")
        found = outcomes(decisions, {"analyst": judge}, BARS, course.position, course.trades)
        for number, (one, outcome) in enumerate(zip(decisions, found, strict=True)):
            at = POINTS[number]
            end = POINTS[number + 1] if number + 1 < len(POINTS) else 239
            if at == 239:
                assert (outcome.moved, outcome.held, outcome.right) == (None, None, None)
                continue
            last = BARS.open[end + 1] if end < 239 else BARS.close[-1]
            assert outcome.moved == pytest.approx(last / BARS.open[at + 1] - 1, rel=1e-12)
            points = 0 if one.values is None else UP["action"][one.values["action"]]
            assert outcome.points == points
            assert outcome.right == (None if not points else points * outcome.moved > 0)
            entered = [n for n, t in enumerate(course.trades, 1) if at < t.entry_bar <= end]
            assert list(outcome.entered) == entered
            if entered:
                # A flat model entered because it said so, at the very next open.
                assert one.values["action"] == "buy"
                assert course.trades[entered[0] - 1].entry_bar == at + 1
        assert sum(len(outcome.entered) for outcome in found) == len(course.trades)
        closed = sum(trade.exit_reason == "rule" for trade in course.trades)
        assert sum(len(outcome.left) for outcome in found) == closed > 5

    def test_two_models_each_have_their_own_time(self):
        judges = dict.fromkeys(("analyst", "critic"), Judge("action", UP["action"]))
        decisions = [
            decided(BARS, 3, "buy"),
            decided(BARS, 5, "sell", signal="critic"),
            decided(BARS, 9, "hold"),
        ]
        found = outcomes(decisions, judges, BARS, np.zeros(240), ())
        moves = [
            BARS.open[10] / BARS.open[4] - 1,
            BARS.close[-1] / BARS.open[6] - 1,
            BARS.close[-1] / BARS.open[10] - 1,
        ]
        assert [one.moved for one in found] == pytest.approx(moves)

    def test_decisions_on_a_condition_are_judged_over_a_time_that_no_price_sets(self):
        steps = (3, 5, 9, 19, 21)
        decisions = [decided(BARS, at, "buy") for at in steps]
        fixed = plan_of(signals=(signal_of(every=None, valid_for=6),), at=above(1))
        assert judge_of(fixed, "analyst", decisions, BARS).horizon == 6
        # The median of 2, 4, 10 and 2 bars.
        judge = judge_of(plan_of(at=above(1)), "analyst", decisions, BARS)
        assert judge.horizon == 3
        assert judge_of(plan_of(at=above(1)), "analyst", decisions[:1], BARS).horizon == 1
        assert judge_of(plan_of(), "analyst", decisions, BARS).horizon is None
        late = [*decisions, decided(BARS, 237, "buy")]
        found = outcomes(late, {"analyst": judge}, BARS, np.zeros(240), ())
        moves = [BARS.open[at + 4] / BARS.open[at + 1] - 1 for at in steps]
        moves.append(BARS.close[-1] / BARS.open[238] - 1)
        assert [one.moved for one in found] == pytest.approx(moves)

    def test_confidence_meets_outcomes(self):
        bars = bars_of(np.linspace(100, 200, 100))
        judge = Judge("action", UP["action"], "confidence")
        # Prices rise: "buy" is right, "sell" wrong; "hold" and abstentions do not count.
        told = [("buy", 100), ("buy", 95), ("sell", 90), ("buy", 15), ("sell", 0), ("hold", 50)]
        decisions = [decided(bars, at, *one) for at, one in enumerate([*told, (None,)])]
        found = outcomes(decisions, {"analyst": judge}, bars, np.zeros(100), ())
        met = reliability("analyst", judge, decisions, found)
        assert (met.count, met.right, met.field) == (5, 3, "confidence")
        filled = {one.low: (one.count, one.right, one.sure) for one in met.bins if one.count}
        assert filled == {
            0.0: (1, 0, 0.0),
            0.1: (1, 1, 0.15),
            0.9: (3, 2, pytest.approx(0.95)),
        }
        wrong = [0.0, 0.05**2, 0.9**2, 0.85**2, 0.0]
        assert met.brier == pytest.approx(sum(wrong) / 5)
        assert met.guess == pytest.approx(0.6 * 0.4)
        assert reliability("analyst", Judge("action", {}), decisions, found) is None
        assert reliability("other", judge, decisions, found) is None

    def test_each_tenth_begins_a_bin(self):
        bars = bars_of(np.linspace(100, 200, 100))
        judge = Judge("action", UP["action"], "confidence")
        decisions = [decided(bars, at, "buy", at) for at in range(90)]
        found = outcomes(decisions, {"analyst": judge}, bars, np.zeros(100), ())
        met = reliability("analyst", judge, decisions, found)
        assert [one.count for one in met.bins] == [10] * 9 + [0]

    @pytest.mark.parametrize(
        ("right", "count", "low", "high"),
        # Published values of the interval (Newcombe 1998, and statistics packages).
        [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611),
         (1, 29, 0.0061, 0.1718), (29, 29, 0.8830, 1.0)],
    )  # fmt: skip
    def test_the_interval_of_a_share(self, right, count, low, high):
        assert wilson(right, count) == pytest.approx((low, high), abs=5e-5)


class TestBaselines:
    def seer(self):
        """Return a model that knows what comes."""
        ends = [*POINTS[1:], 239]
        return [
            decided(BARS, at, "buy" if BARS.close[end] > BARS.close[at] else "sell")
            for at, end in zip(POINTS, ends, strict=True)
        ]

    def test_no_order_beats_one_who_knows(self):
        plan, market, _, metrics = ran(BARS, self.seer())
        found = baselines(plan, self.seer(), market, metrics, rerun(market), shuffling())
        assert found.shuffled.p_value == pytest.approx(1 / (ORDERS + 1))
        assert len(found.shuffled.returns) == ORDERS
        assert np.all(np.diff(found.shuffled.returns) >= 0)
        assert not found.shuffled.same
        names = {row.name: row for row in found.rows}
        assert list(names) == ["run", "hold", "flat", "filter", "llm"]
        assert names["run"].total_return == metrics["total_return"]
        assert names["hold"].total_return == metrics["benchmark_return"]
        assert (names["flat"].total_return, names["flat"].trades) == (0.0, 0)
        assert names["filter"].total_return is names["llm"].total_return is None
        assert names["filter"].why
        assert names["llm"].why

    def test_a_model_that_always_says_the_same_has_one_order(self):
        decisions = [decided(BARS, at, "buy") for at in POINTS]
        plan, market, _, metrics = ran(BARS, decisions)
        found = baselines(plan, decisions, market, metrics, rerun(market), shuffling())
        assert (found.shuffled.p_value, found.shuffled.same) == (1.0, True)

    def test_orders_keep_what_was_said_how_often(self):
        decisions = guesses(BARS)
        plan, market, _, metrics = ran(BARS, decisions)
        seen = []

        def run(given, answers):
            seen.append(answers["analyst"].fields)
            return rerun(market)(given, answers)

        baselines(plan, decisions, market, metrics, run, shuffling())
        assert len(seen) == ORDERS
        own = answers_of(plan, decisions, BARS.time)["analyst"].fields
        at = list(POINTS)
        pairs = sorted(map(str, zip(own["action"][at], own["confidence"][at], strict=True)))
        for fields in seen:
            these = zip(fields["action"][at], fields["confidence"][at], strict=True)
            assert sorted(map(str, these)) == pairs
        assert len({fields["action"].tobytes() for fields in seen}) == ORDERS

    def test_the_same_chance_gives_the_same_numbers(self):
        decisions = guesses(BARS)
        plan, market, _, metrics = ran(BARS, decisions)
        first, second = (
            baselines(plan, decisions, market, metrics, rerun(market), shuffling(8))
            for _ in range(2)
        )
        assert np.array_equal(first.shuffled.returns, second.shuffled.returns)
        assert first.rows == second.rows

    def test_the_filter_and_the_model_trade_on_the_same_engine(self):
        trend = above(float(np.median(BARS.close)))
        rules = {"enter_long": both(says("buy"), trend), "exit_long": negated(trend)}
        # From the first bar on, so that an answer always applies.
        decisions = [decided(BARS, at, ("buy", "hold")[at % 8 > 0]) for at in range(0, 240, 4)]
        plan, market, _, metrics = ran(BARS, decisions, plan_of(rules))
        found = baselines(plan, decisions, market, metrics, rerun(market), shuffling())
        rows = {row.name: row for row in found.rows}
        only = plan_of({"enter_long": trend, "exit_long": negated(trend)})
        own = ran(BARS, decisions, only)[3]
        assert rows["filter"].total_return == own["total_return"]
        assert rows["filter"].max_drawdown == own["max_drawdown"]
        assert rows["filter"].trades == own["trades"]
        bare = plan_of({"enter_long": says("buy"), "exit_long": negated(trend)})
        assert rows["llm"].total_return == ran(BARS, decisions, bare)[3]["total_return"]
        assert rows["llm"].total_return != rows["filter"].total_return

    def test_too_many_bars_and_too_few_decisions(self):
        plan, market, _, metrics = ran(BARS, guesses(BARS))
        one = baselines(plan, guesses(BARS)[:1], market, metrics, rerun(market), shuffling())
        assert one.shuffled is None
        assert "fewer than two" in one.why
        many = bars_of(np.full(MOST_BARS + 1, 100.0))
        found = baselines(
            plan, guesses(many), market_of(many), metrics, rerun(market_of(many)), shuffling()
        )
        assert found.shuffled is None
        assert "bars" in found.why

    def test_bars_before_the_run_and_answers_that_end(self):
        asked = signal_of(valid_for=2)
        plan = plan_of(signals=(asked,))
        fields = answers_of(plan, [decided(BARS, 10, "sell", 70)], BARS.time)["analyst"].fields
        assert fields["action"][10:12].tolist() == [1.0, 1.0]
        assert fields["confidence"][10:12].tolist() == [70.0, 70.0]
        assert np.isnan(fields["action"]).sum() == 238


class TestStudy:
    def test_it_holds_together(self):
        provider = LlmProviderDef(
            "openai", "big", prices=PricesDef(1, 1, 1), knowledge_cutoff=int(BARS.time[100])
        )
        decisions = guesses(BARS)
        decisions[0] = replace(decisions[0], clamps=(Clamp("cash", 1.0, 0.5),))
        plan, market, course, metrics = ran(BARS, decisions, plan_of(provider=provider))
        found = study(plan, decisions, market, course, metrics, rerun(market), shuffling())
        abstained = sum(one.values is None for one in decisions)
        assert (found.counts.decisions, found.counts.abstained) == (60, abstained)
        assert (found.counts.invalid, found.counts.clamped) == (abstained, 1)
        assert found.split.state == Knowledge.PARTLY
        assert not found.demonstration
        (asked,) = found.asked
        assert (asked.asks, asked.votes, asked.choices) == ("every 4 bars", 1, {"action": ACTIONS})
        (met,) = found.reliability
        assert met.count == sum(one.right is not None for one in found.found)
        assert len(found.found) == 60

    def test_the_embedded_model_is_a_demonstration_that_costs_nothing(self):
        decisions = [
            replace(one, votes=(replace(one.votes[0], cost=None),)) for one in guesses(BARS)
        ]
        plan, market, course, metrics = ran(BARS, decisions)
        found = study(plan, decisions, market, course, metrics, rerun(market), shuffling())
        assert found.demonstration
        assert found.cost.cost == 0.0
        assert found.split.state == Knowledge.UNKNOWN

    def test_the_confidence_is_what_sizes_go_by(self):
        judge = judge_of(plan_of(scale=confidence()), "analyst", (), BARS)
        assert (judge.field, judge.confidence, judge.low, judge.high) == (
            "action", "confidence", 0, 100,
        )  # fmt: skip
        assert judge.points == UP["action"]

    def test_trades_come_back_from_the_document(self):
        _, _, course, _ = ran(BARS, guesses(BARS))
        assert len(course.trades) > 5
        rows = [_trade(trade) for trade in course.trades]
        assert trades_of(rows, BARS) == course.trades
