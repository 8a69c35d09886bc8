"""Answers as series: unknowns, choices, alignment in time, and what is known before asking."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtrade.analysis.causality import look_ahead
from rtrade.analysis.probing import scrambled, until
from rtrade.analysis.startup import start_dependence
from rtrade.core.bars import FALSE, TRUE, UNKNOWN, Bars, MarketData
from rtrade.core.errors import EngineFault
from rtrade.core.timeframes import DAY, HOUR, Timeframe
from rtrade.execution import bt
from rtrade.execution.preparing import prepare
from rtrade.llm.cadence import points_at, points_every
from rtrade.llm.contexts import Column
from rtrade.plan.nodes import Answer
from rtrade.signals.answers import AnswerSeries, unanswered
from rtrade.signals.evaluate import evaluate, evaluate_without_answers
from rtrade.signals.standins import drawn
from unit.llm_strategies import compiled, more

NAN = float("nan")
MONDAY = 1_704_067_200_000  # 2024-01-01T00:00:00Z
EXIT = "  exit_long: analyst.action == 'sell'\n"
BUY, SELL, HOLD = 0.0, 1.0, 2.0


def market(count=400, first=60, seed=3, start=MONDAY, holes=()):
    """Return bars of a walk by the hour, with those of `holes` missing."""
    step = np.random.default_rng(seed).normal(0, 0.01, count)
    close = 100 * np.exp(np.cumsum(step))
    keep = np.setdiff1d(np.arange(count), np.array(holes, dtype=int))
    time = start + HOUR * np.arange(count, dtype=np.int64)
    columns = (time, close, close * 1.01, close * 0.99, close, np.full(count, 5.0))
    base = Bars("BTC/USDT", Timeframe(HOUR), *(column[keep] for column in columns))
    return MarketData("sample", "synthetic", base, first)


def ruled(folder, text, **texts):
    return compiled(folder, (EXIT, f'  exit_long: "{text}"\n'), **texts)


def judged(folder, text, action=(BUY,), confidence=(50.0,), risk=(0.0,)):
    """Return a condition at each close, given what is answered there."""
    count = max(map(len, (action, confidence, risk)))
    fields = {"action": action, "confidence": confidence, "risk": risk}
    series = {name: np.resize(np.array(values), count) for name, values in fields.items()}
    plan = ruled(folder, text)
    table = evaluate(plan, market(count, 0), {"analyst": AnswerSeries(series)})
    return table.condition(plan.rules["exit_long"]).tolist()


def test_a_choice_is_compared_by_its_place(tmp_path):
    said = (BUY, SELL, HOLD, NAN)
    assert judged(tmp_path, "analyst.action == 'sell'", said) == [FALSE, TRUE, FALSE, UNKNOWN]
    assert judged(tmp_path, "'hold' != analyst.action", said) == [TRUE, TRUE, FALSE, UNKNOWN]


def test_unknown_answers_are_neither_true_nor_false(tmp_path):
    said = (BUY, NAN)
    assert judged(tmp_path, "not (analyst.action == 'sell')", said) == [TRUE, UNKNOWN]
    assert judged(tmp_path, "analyst.action == 'sell' and close < 0 - 1", said) == [FALSE, FALSE]
    assert judged(tmp_path, "analyst.action == 'sell' or close > 0 - 1", said) == [TRUE, TRUE]
    assert judged(tmp_path, "analyst.confidence >= 60", (BUY,), (60.0, 59.0, NAN)) == [
        TRUE, FALSE, UNKNOWN,
    ]  # fmt: skip
    assert judged(tmp_path, "not (analyst.confidence >= 60)", (BUY,), (NAN,)) == [UNKNOWN]


def test_answers_before_are_those_of_bars_before(tmp_path):
    said = (BUY, SELL, SELL, NAN, SELL)
    assert judged(tmp_path, "analyst.action != analyst.action[1]", said) == [
        UNKNOWN, TRUE, FALSE, UNKNOWN, UNKNOWN,
    ]  # fmt: skip
    assert judged(tmp_path, "analyst.action[2] == 'buy'", said) == [
        UNKNOWN, UNKNOWN, TRUE, FALSE, FALSE,
    ]  # fmt: skip


@given(
    st.lists(st.sampled_from([BUY, SELL, HOLD, NAN]), min_size=1, max_size=12),
    st.lists(st.sampled_from([0.0, 59.0, 60.0, 100.0, NAN]), min_size=1, max_size=12),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_rules_of_answers_follow_kleene(tmp_path, actions, confidences):
    text = "analyst.action == 'buy' and not (analyst.confidence < 60 or analyst.action == 'hold')"
    count = max(len(actions), len(confidences))

    def one(action, confidence):
        buys = None if action != action else action == BUY
        low = None if confidence != confidence else confidence < 60
        holds = None if action != action else action == HOLD
        either = True if low or holds else None if None in (low, holds) else False
        neither = None if either is None else not either
        if buys is False or neither is False:
            return FALSE
        return UNKNOWN if None in (buys, neither) else TRUE

    pairs = zip(
        np.resize(actions, count).tolist(), np.resize(confidences, count).tolist(), strict=True
    )
    assert judged(tmp_path, text, actions, confidences) == [one(*pair) for pair in pairs]


def test_a_number_goes_into_windows_and_sizes(tmp_path):
    plan = compiled(
        tmp_path, ("equity: 50%", "equity: 50%, scale_by: analyst.confidence"),
        (EXIT, "  exit_long: sma(analyst.confidence, 2) > 50\n"),
    )  # fmt: skip
    given_ = {name: np.array([40.0, 80.0, NAN, 100.0]) for name in ("confidence", "action")}
    given_["action"] = np.zeros(4)
    table = evaluate(plan, market(4, 0), {"analyst": AnswerSeries(given_)})
    np.testing.assert_array_equal(table.number(plan.scale), [0.4, 0.8, NAN, 1.0])
    rule = table.condition(plan.rules["exit_long"])
    assert rule.tolist() == [UNKNOWN, TRUE, UNKNOWN, UNKNOWN]
    assert table.unknown["exit_long"] == 3


def test_a_risk_level_is_shown_as_its_place(tmp_path):
    levels = "sizing: {equity: 50%, risk_levels: {signal: analyst.risk, low: 1, high: 0}}"
    plan = compiled(tmp_path, ("sizing: {equity: 50%}", levels))
    answers = unanswered(plan, 3)
    answers["analyst"].fields["risk"][:] = [1, NAN, 0]
    table = evaluate(plan, market(3, 0), answers)
    np.testing.assert_array_equal(table.choice(plan.risk_level), [1, NAN, 0])
    with pytest.raises(EngineFault, match="no choice was computed"):
        table.choice(plan.rules["exit_long"])


def test_a_choice_may_be_a_signal_of_its_own(tmp_path):
    plan = compiled(tmp_path, ("signals:\n", "signals:\n  word: analyst.action\n"))
    answers = unanswered(plan, 3)
    answers["analyst"].fields["action"][:] = [2, NAN, 0]
    table = evaluate(plan, market(3, 0), answers)
    np.testing.assert_array_equal(table.choice(plan.signals["word"]), [2, NAN, 0])


def test_answers_that_are_missing_or_short_are_faults(tmp_path):
    plan = compiled(tmp_path)
    with pytest.raises(EngineFault, match="no answers of analyst"):
        evaluate(plan, market(5, 0))
    with pytest.raises(EngineFault, match="has 4 answers for 5 bars"):
        evaluate(plan, market(5, 0), unanswered(plan, 4))


def test_a_model_that_is_not_asked_needs_no_answers(tmp_path):
    plan = compiled(
        tmp_path, ("enter_long: bullish", "enter_long: trend"), (EXIT, "  exit_long: not trend\n")
    )
    table = evaluate(plan, market(50, 0))
    assert set(table.condition(plan.signals["bullish"]).tolist()) == {UNKNOWN}


def test_nobody_answered_is_unknown_everywhere(tmp_path):
    plan = compiled(tmp_path)
    table = evaluate(plan, market(30, 5), unanswered(plan, 30))
    assert table.unknown == {"enter_long": 25, "exit_long": 25}
    assert not table.rule("enter_long").any()


def test_columns_of_choices_and_numbers_become_series():
    series = AnswerSeries.of(
        {
            "action": Column("choice", np.array([1, -1, 0]), ("buy", "sell")),
            "confidence": Column("number", np.array([-5.0, NAN, 7.0])),
        }
    )
    np.testing.assert_array_equal(series.fields["action"], [1, NAN, 0])
    np.testing.assert_array_equal(series.fields["confidence"], [-5, NAN, 7])


# Before anybody is asked.


def test_what_rests_on_no_answer_is_known_before_asking(tmp_path):
    plan = compiled(tmp_path, ("every: 24 bars", "at: crosses_above(close, sma(close, 9))"))
    data = market()
    table = evaluate_without_answers(plan, data)
    assert table.rules == {}
    assert plan.known_before_asking().keys() == {"trend"}
    after = evaluate(plan, data, drawn(plan, data))
    trend = plan.signals["trend"]
    assert np.array_equal(table.condition(trend), after.condition(trend))
    assert len(points_at(table.condition(plan.llm["analyst"].at))) > 5
    with pytest.raises(EngineFault):
        table.condition(plan.signals["bullish"])


@pytest.mark.parametrize(
    "change",
    [(), (more("valid_for: 5 bars"),), (("every: 24 bars", "at: trend and not trend[1]"),)],
)
@pytest.mark.parametrize("stop", [61, 100, 237, 399])
def test_the_future_moves_no_answer(tmp_path, change, stop):
    plan, data = compiled(tmp_path, *change), market()
    whole = drawn(plan, data)["analyst"]
    for changed in (until(data, stop), scrambled(data, stop)):
        found = drawn(plan, changed)["analyst"]
        for name, values in whole.fields.items():
            np.testing.assert_array_equal(found.fields[name][:stop], values[:stop], name)


@given(st.integers(0, 300), st.integers(0, 300), st.lists(st.integers(1, 398), max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_moving_the_start_moves_no_question(tmp_path, early, late, holes):
    data = market(holes=sorted(set(holes)))
    early, late = sorted((early, late))
    every = compiled(tmp_path).llm["analyst"].definition.cadence.every
    length = len(data.base)
    first, later = (points_every(data.base, every, start) for start in (early, late))
    assert [point for point in first if point >= late] == later.tolist()
    # Nor does it matter how many bars before were read.
    cut = min(late, length - 1)
    part = data.base.slice(cut)
    moved = points_every(part, every, 1) + cut
    assert moved.tolist() == [point for point in first if point > cut and point >= early]
    at = compiled(tmp_path, ("every: 24 bars", "at: close > open[1]"))
    table = evaluate_without_answers(at, replace(data, first=0))
    condition = table.condition(at.llm["analyst"].at)
    assert points_at(condition, late).tolist() == [
        point for point in points_at(condition, early) if point >= late
    ]


def test_questions_are_asked_at_the_same_hour_of_each_day(tmp_path):
    data = market(first=0, start=MONDAY + 7 * HOUR)
    points = points_every(data.base, 24)
    closes = data.base.timeframe.closes(data.base.time[points])
    assert set((closes % DAY).tolist()) == {0}


def test_answers_drawn_by_lot_hold_every_choice_and_some_abstentions(tmp_path):
    plan = compiled(tmp_path, ("every: 24 bars", "every: 1 bar"))
    fields = drawn(plan, market(3000))["analyst"].fields
    assert fields.keys() == {"action", "confidence", "risk"}
    known = np.isfinite(fields["action"])
    assert 0.8 < known.mean() < 0.95
    shares = np.bincount(fields["action"][known].astype(int)) / known.sum()
    assert np.allclose(shares, 1 / 3, atol=0.05)
    assert {np.nanmin(fields["confidence"]), np.nanmax(fields["confidence"])} == {0, 100}
    assert np.array_equal(known, np.isfinite(fields["risk"]))


def test_a_check_tries_answers_against_the_future_and_leaves_them_out_of_the_start(tmp_path):
    levels = "sizing: {equity: 50%, risk_levels: {signal: analyst.risk, low: 1, high: 0}}"
    plan = compiled(
        tmp_path, ("sizing: {equity: 50%}", levels), prompt="{{ close }} {{ signals.trend }}"
    )
    data = market(900, plan.lookback)

    def run(changed):
        table = evaluate(plan, changed, drawn(plan, changed))
        return bt.run(prepare(plan, changed, table), changed.bars)

    assert run(data).fills
    tried = look_ahead(plan, data, run)
    assert (tried.leaks, tried.fills) == ((), 0)
    assert tried.runs > 0
    assert start_dependence(plan, data).drifts == ()


def test_an_answer_from_the_future_is_found(tmp_path, monkeypatch):
    from rtrade.analysis import probing

    plan, data = compiled(tmp_path), market(600, 60)

    def late(plan, market):
        fields = drawn(plan, market)["analyst"].fields
        early = {name: np.append(values, np.full(30, NAN))[30:] for name, values in fields.items()}
        return {"analyst": AnswerSeries(early)}

    monkeypatch.setattr(probing, "drawn", late)

    def run(changed):
        return bt.run(prepare(plan, changed, evaluate(plan, changed, late(plan, changed))),
                      changed.bars)  # fmt: skip

    tried = look_ahead(plan, data, run)
    assert any(isinstance(leak.node, Answer) for leak in tried.leaks)
