"""The page of a run that asked a model, as text: what it warns of, counts and leaves out."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from rtrade.analysis.llm_baselines import ORDERS
from rtrade.analysis.llm_decisions import Clamp
from rtrade.analysis.llm_knowledge import Knowledge
from rtrade.analysis.llm_outcomes import Outcome
from rtrade.config.llm_definitions import LlmProviderDef, PricesDef
from rtrade.core.timeframes import parse_time
from rtrade.report import llm_tables
from rtrade.report.context import Banner
from rtrade.report.llm import llm_part
from rtrade.report.llm_tables import did, dollars
from rtrade.report.plain import plain
from rtrade.report.render import build_context, render
from unit.llm_cases import above, both, decided, plan_of, says, signal_of
from web.llm_runs import guesses, llm_inputs, month
from web.report_runs import make_bars, make_inputs
from web.test_report_page import Page

PRICED = PricesDef(0.4, 0.1, 1.6)


def remote(cutoff: str | None) -> LlmProviderDef:
    known = None if cutoff is None else parse_time(cutoff)
    return LlmProviderDef("openai", "gpt", prices=PRICED, knowledge_cutoff=known)


@cache
def run_of(cutoff: str | None = "2019-01-15"):
    return month(plan=plan_of(provider=remote(cutoff)))


def banners(inputs) -> list[Banner]:
    return list(llm_part(inputs.llm, inputs.document).banners)


@pytest.mark.parametrize(
    ("cutoff", "title", "words"),
    [
        (None, "Knowledge of the model unknown", "knowledge_cutoff"),
        ("2019-02-01", "Inside what the model has read", "lies before 2019-02-01"),
        ("2019-01-15", "Partly inside what the model has read", "only what lies after"),
    ],
)
def test_what_the_model_may_have_read_stands_above_all_numbers(cutoff, title, words):
    (banner,) = banners(run_of(cutoff))
    assert (banner.tone, banner.title) == ("alarm", title)
    assert words in banner.text
    assert "Symbol and dates were hidden" in banner.text
    html = render(run_of(cutoff))
    assert html.index("banner alarm") < html.index('class="verdict')


def test_a_clean_run_is_not_warned_of():
    assert banners(run_of("2018-06-01")) == []
    assert "banner" not in render(run_of("2018-06-01")).partition("</style>")[2]


def test_prices_that_were_generated_are_said_to_hold_nothing_to_read():
    leak, demonstration = banners(month(synthetic=True))
    assert leak.tone == "alarm"
    assert "These prices were generated" in leak.text
    assert demonstration.tone == "calm"
    assert "no trading skill" in demonstration.text


def test_shown_symbols_are_said_to_be_shown():
    shown = signal_of(anonymize=False)
    (banner,) = banners(month(plan=plan_of(provider=remote(None), signals=(shown,))))
    assert "were not hidden" in banner.text


def test_a_run_that_failed_too_often_is_marked_invalid():
    run = run_of()
    told = {"valid": False, "decisions": 62, "abstained": 61, "invalid": 61}
    first, *_ = llm_part(run.llm, {**run.document, "llm": told}).banners
    assert (first.tone, first.title) == ("alarm", "INVALID")


def test_the_clean_part_is_the_first_column():
    part = llm_part(run_of().llm, run_of().document)
    assert part.split.header == ("", "Clean", "May be remembered")
    rows = {row[0]: row[1:] for row in part.split.rows}
    assert rows["From"] == ("2019-01-15", "2019-01-01")
    assert rows["Bars"] == ("408", "336")
    assert rows["Decisions"] == ("34", "28")
    html = render(run_of())
    assert html.index(">Clean</th>") < html.index(">May be remembered</th>")
    assert run_of().llm.split.state is Knowledge.PARTLY


def test_costs_and_what_is_left():
    run = run_of()
    cost = run.llm.cost
    facts = {fact.title: fact for fact in llm_part(run.llm, run.document).costs}
    assert facts["Cost of answers"].text == dollars(cost.cost) == f"${0.0002 * 62:.4f}"
    assert facts["Return, gross"].text != "–"
    assert cost.net_return < cost.gross_return
    assert facts["Break-even capital"].text.endswith(" USDT")
    assert facts["Tokens in"].text == f"{100 * 62:,}"
    free = month()
    facts = {fact.title: fact for fact in llm_part(free.llm, free.document).costs}
    assert (facts["Cost of answers"].text, facts["Break-even capital"].text) == ("$0.00", "any")


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0.0, "$0.00"), (0.0124, "$0.0124"), (1.2345, "$1.23"), (1234.5, "$1,234.50"),
     (0.00000123, "$0.00000123"), (99.96, "$100")],
)  # fmt: skip
def test_dollars(value, text):
    assert dollars(value) == text


def test_baselines_are_a_table_and_random_orders_a_picture():
    run = run_of()
    part = llm_part(run.llm, run.document)
    rows = {row[0]: row[1:] for row in part.baselines.rows}
    assert next(iter(rows)) == "This run"
    assert rows["The rules without the model"] == ("–", "–", "–")
    assert "no entry is left without the model" in part.baseline_note
    p = run.llm.baselines.shuffled.p_value
    assert f"p = {p:.3f}" in part.shuffled_note
    columns = re.findall(r'<rect class="(?:gain|loss|even)"', part.shuffled.svg)
    assert 5 < len(columns) <= 24
    assert "this run" in part.shuffled.svg
    assert sum(1 for _ in run.llm.baselines.shuffled.returns) == ORDERS


def test_one_order_has_no_picture_and_says_why():
    bars = make_bars(200, holes=0)
    always = llm_inputs(bars, [decided(bars, at, "buy") for at in range(3, 200, 4)])
    part = llm_part(always.llm, always.document)
    assert part.shuffled is None
    assert "the model hardly varies" in part.shuffled_note


def test_few_decisions_and_filters_that_trade_alone():
    bars = make_bars(200, holes=0)
    trend = above(float(np.median(bars.close)))
    plan = plan_of({"enter_long": both(says("buy"), trend), "exit_long": says("sell")})
    once = llm_inputs(bars, [decided(bars, 30, "buy")], plan)
    part = llm_part(once.llm, once.document)
    assert "fewer than two decisions" in part.shuffled_note
    rows = {row[0]: row[1:] for row in part.baselines.rows}
    assert rows["The rules without the model"][0] != "–"
    assert rows["The model without the rules"][0] != "–"


def test_the_reliability_curve_counts_every_decision_that_was_judged():
    run = run_of()
    (met,) = run.llm.reliability
    (shown,) = llm_part(run.llm, run.document).calibration
    assert sum(int(row[1]) for row in shown.picture.rows) == met.count
    assert shown.picture.svg.count("<circle") == sum(one.count > 0 for one in met.bins)
    assert f"{met.right} of {met.count} decisions" in shown.sentence


def test_an_answer_without_confidence_has_no_curve_and_says_why():
    asked = signal_of()
    bare = replace(asked, answer=(asked.answer[0], asked.answer[2]))
    run = month(plan=plan_of(signals=(bare,)))
    part = llm_part(run.llm, run.document)
    assert part.calibration == ()
    assert "no `confidence`" in part.uncalibrated
    assert {row.sure for row in part.decisions.rows} == {"–"}


def test_each_decision_is_a_row_with_what_became_of_it():
    run = run_of()
    rows = llm_part(run.llm, run.document).decisions.rows
    assert len(rows) == len(run.llm.decisions) == 62
    counts = {flag: sum(bool(row.flags & flag) for row in rows) for flag in (1, 2, 4, 8)}
    told = run.llm.counts
    assert counts[2] == told.abstained > 0
    assert counts[8] == told.clamped > 0
    assert counts[1] == sum(bool(one.entered or one.left) for one in run.llm.found) > 5
    for row, one in zip(rows, run.llm.decisions, strict=True):
        if one.values is None:
            assert (row.answer, row.sure, row.group) == ("abstained", "–", -1)
            assert row.reason == "the answer is not JSON"
        else:
            assert (row.answer, row.sure) == (one.values["action"], str(one.values["confidence"]))
            assert row.reason == one.values["reason"]
        assert row.said[0].prompt == one.votes[0].prompt
        assert row.seconds * 1000 == one.time
    opened = [row for row in rows if "opened long" in row.did]
    assert {row.answer for row in opened} == {"buy"}
    html = render(run)
    assert len(re.findall(r'<tbody data-a="-?\d+" data-f="\d+">', html)) == 62
    assert 'href="decisions.jsonl"' in html


def test_columns_of_what_no_answer_has_are_left_out():
    asked = signal_of(every=None, valid_for=6)
    bare = replace(asked, answer=asked.answer[:1])
    bars = make_bars(200, holes=0)
    run = llm_inputs(
        bars, [decided(bars, 30, "buy"), decided(bars, 60, "sell")],
        plan_of(signals=(bare,), at=above(1)),
    )  # fmt: skip
    html = render(run)
    assert ">Sure</th>" not in html
    assert ">Reason</th>" not in html
    assert 'colspan="6"' in html
    assert "over 6 bars where it was asked on a condition" in html
    whole = render(run_of())
    assert ">Sure</th>" in whole
    assert ">Reason</th>" in whole
    assert 'colspan="8"' in whole


def test_what_a_decision_did_in_words():
    trades = [{"side": "long"}, {"side": "short"}]
    assert did(Outcome(1, 0.1, entered=(1,)), trades) == "opened long, trade 1"
    both_ = Outcome(-1, 0.1, entered=(2,), left=(1,))
    assert did(both_, trades) == "closed trade 1; opened short, trade 2"
    brief = Outcome(1, 0.1, entered=(1, 2), left=(1,))
    assert did(brief, trades) == "long and out again, trade 1; opened short, trade 2"
    kept = [did(Outcome(0, 0.1, held=held), trades) for held in (1, -1, 0, None)]
    assert kept == ["stayed long", "stayed short", "stayed out", "nothing, the run ended"]


def test_votes_repairs_and_limits_are_told():
    bars = make_bars(200, holes=0)
    one = decided(bars, 30, "buy", rejected=("Buy!",), notes=("dropped `mood`",), cached=True)
    vote = one.votes[0]
    other = replace(vote, raw=None, values=None, why="no reply within 30 s", key="z" * 64)
    third = replace(vote, prompt="Another prompt", rejected=())
    many = replace(one, votes=(vote, other, third), clamps=(Clamp("risk_levels", 1.0, 0.5),))
    run = llm_inputs(bars, [many, decided(bars, 60, "sell")])
    row = llm_part(run.llm, run.document).decisions.rows[0]
    first, second, last = row.said
    assert [one.title for one in row.said] == [f"Answer {n} of 3" for n in (1, 2, 3)]
    assert (first.rejected, first.notes) == (("Buy!",), ("dropped `mood`",))
    assert "not sent again" in first.facts
    # The same prompt is not shown twice in a row.
    assert (second.prompt, second.none, second.notes[-1]) == ("", True, "no reply within 30 s")
    assert last.prompt == "Another prompt"
    assert row.limits == ("risk levels: 1 to 0.5",)
    assert row.flags & 12 == 12


def test_two_models_are_told_apart():
    bars = make_bars(200, holes=0)
    plan = plan_of(
        {"enter_long": both(says("buy"), says("buy", "critic")), "exit_long": says("sell")},
        signals=(signal_of(), signal_of("critic", every=8)),
    )
    asked = [decided(bars, at, "buy") for at in range(3, 200, 4)]
    asked += [decided(bars, at, "sell", signal="critic") for at in range(7, 200, 8)]
    run = llm_inputs(bars, sorted(asked, key=lambda one: one.time), plan)
    part = llm_part(run.llm, run.document)
    assert part.decisions.several
    assert [fact.title for fact in part.models] == ["analyst", "critic"]
    html = render(run)
    assert ">Signal</th>" in html
    assert 'colspan="8"' in html


def test_the_result_is_named_where_it_has_the_number():
    run = run_of()
    told = {"valid": True, "decisions": 62, "abstained": 5, "invalid": 9}
    html = render(replace(run, document={**run.document, "llm": told}))
    numbers = {path: raw for path, raw, _ in Page(html).numbers}
    assert numbers["llm.decisions"] == "62"
    assert numbers["llm.invalid"] == "9"
    assert not any(path.startswith("llm.returns") for path in numbers)
    told |= {"returns": {"gross": 0.2, "net": None, "break_even_cash": 3.5}, "answers": {"x": 1}}
    html = render(replace(run, document={**run.document, "llm": told}))
    numbers = {path: raw for path, raw, _ in Page(html).numbers}
    assert numbers["llm.returns.gross"] == "0.2"
    assert numbers["llm.returns.net"] == "null"
    assert "llm.answers.cost_usd" not in numbers


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Buy, über 5 %\n\tnow 🚀", "Buy, über 5 %\n\tnow 🚀"),
        ("a\u202eb", "a\\u202eb"),
        ("a\u200bb\x00c\x1b[31m", "a\\u200bb\\u0000c\\u001b[31m"),
        ("\ud800", "\\ud800"),
        ("a\u2028b", "a\\u2028b"),
        ("a\r\nb", "a\\u000d\nb"),
    ],
)
def test_what_is_not_seen_is_shown(text, shown):
    assert plain(text) == shown


class TestLongRuns:
    def test_the_page_stays_small_and_says_what_is_left_out(self):
        bars = make_bars(500_000, holes=0)
        wide = '"<é>" ' * 80
        asked = [
            replace(
                one,
                values=one.values and {**one.values, "reason": wide},
                votes=tuple(replace(vote, prompt=wide * 3) for vote in one.votes),
            )
            for one in guesses(bars, 24)
        ]
        run = llm_inputs(bars, asked)
        html = render(run)
        assert len(html.encode()) < 3_000_000
        table = build_context(run).llm.decisions
        assert len(table.rows) == llm_tables.ROWS
        assert "500 of 20,833 decisions" in table.cut
        assert "too much for one page" in table.cut
        # First come those that moved the position.
        assert sum(row.flags & 1 for row in table.rows) == llm_tables.ROWS
        assert [row.number for row in table.rows] == sorted(row.number for row in table.rows)
        assert "20,000 bars" in build_context(run).llm.shuffled_note

    def test_limits_at_one_close_after_another_are_counted(self):
        bars = make_bars(200, holes=0)
        one = replace(decided(bars, 30, "buy"), clamps=(Clamp("scale_by", 1.0, 0.0),) * 1_000)
        run = llm_inputs(bars, [one])
        (row,) = llm_part(run.llm, run.document).decisions.rows
        assert row.limits[:3] == ("scale by: 1 to 0",) * 3
        assert row.limits[3:] == ("the same kind 997 times more",)

    def test_quiet_decisions_fill_the_table_up(self):
        bars = make_bars(4_000, holes=0)
        run = llm_inputs(bars, [decided(bars, at, "hold") for at in range(3, 4_000, 4)])
        table = build_context(run).llm.decisions
        assert [row.number for row in table.rows] == list(range(1, llm_tables.ROWS + 1))
        assert "500 of 1,000 decisions" in table.cut


def test_runs_without_a_model_have_nothing_of_it():
    html = render(make_inputs(300))
    for word in ("llm", "banner", "decision-list", "#model", "data-f", "drawMark"):
        assert word not in html, word
    context: Any = build_context(make_inputs(300))
    assert context.llm is None
    assert "llm" in {field.name for field in fields(context)}


def test_an_unasked_model_is_said_to_be_so():
    bars = make_bars(200, holes=0)
    html = render(llm_inputs(bars, []))
    assert "The model was not asked" in html
