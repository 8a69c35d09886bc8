"""The drawings and tables beside the charts: axes, lengths of time, shades, shares."""

from __future__ import annotations

import re

import numpy as np
import pytest

from rtrade.core.timeframes import DAY, HOUR, MINUTE, iso, parse_time
from rtrade.report import drawing as draw
from rtrade.report.charts import OVERVIEW
from rtrade.report.levels import group, means
from rtrade.report.pictures import dates
from rtrade.report.render import build_context
from rtrade.report.study import length
from web.report_runs import make_bars, make_inputs

START = parse_time("2023-12-31T07:20:00Z")
TEXT = re.compile(r'<text class="tick" x="([\d.]+)" y="[\d.]+" text-anchor="(\w+)">([^<]*)<')


@pytest.fixture(scope="module")
def context():
    return build_context(make_inputs(20_000, shorts=True, costs=0.3))


@pytest.mark.parametrize(
    ("span", "texts"),
    [
        (0, ["07:20"]),
        (40 * MINUTE, ["07:20", "07:30", "07:40", "07:50", "08:00"]),
        (16 * HOUR, ["09:00", "12:00", "15:00", "18:00", "21:00"]),
        (2 * DAY, ["12:00", "Jan 1", "12:00", "Jan 2"]),
        (200 * DAY, ["2024-01", "2024-03", "2024-05", "2024-07"]),
        (2_000 * DAY, ["2024", "2025", "2026", "2027", "2028", "2029"]),
    ],
)
def test_an_axis_of_time_has_round_moments_of_the_run(span, texts):
    made = dates(np.array([START, START + span]))
    assert [text for _, text in made] == texts
    assert all(START <= at <= START + span for at, _ in made)
    for at, text in made:
        date = iso(int(at))
        assert date.startswith(text) or text in date or text.startswith("Jan")


@pytest.mark.parametrize("span", [int(DAY * 1.5**n) for n in range(-12, 24)])
def test_an_axis_of_time_of_any_length_is_legible(span):
    made = dates(np.array([START, START + span]))
    assert len(made) <= 8
    x = draw.across(START, START + span, made)
    shown = TEXT.findall(draw.frame(x, draw.up(0.0, 1.0, [])))
    assert len(shown) >= min(2, len(made))
    before = 0.0
    for place, anchor, text in shown:
        width = 8 * len(text)
        left = float(place) - width / (1 if anchor == "end" else 2)
        assert left >= before
        before = left + width
    assert before <= draw.WIDTH


def test_a_text_that_would_touch_another_is_left_out():
    x = draw.across(0.0, 10.0, [(9.0, "2022-12"), (10.0, "2023-01")])
    assert [text for *_, text in TEXT.findall(draw.frame(x, draw.up(0.0, 1.0, [])))] == ["2022-12"]


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (MINUTE, "1 min"),
        (119 * MINUTE, "119 min"),
        (2 * HOUR, "2 h"),
        (169 * MINUTE, "2.8 h"),
        (47 * HOUR, "47 h"),
        (2 * DAY, "2 d"),
        (int(3.4 * DAY), "3.4 d"),
        (134 * DAY, "134 d"),
    ],
)
def test_lengths_of_time_have_the_unit_that_suits_them(ms, text):
    assert length(ms) == text.replace(" ", "\u202f")


def test_no_drawdown_took_no_time():
    study = build_context(make_inputs(1_000, timeframe="1m")).study
    assert study.falls
    assert not [fall for fall in study.falls if re.match(r"0(\.0)?\b", fall.down)]


def test_shades_tell_months_apart_beside_one_that_stands_out(context):
    tones = [cell.tone for year in context.study.years for cell in year.months if cell.tone]
    deepest = [tone for tone in tones if tone.endswith("-5")]
    assert len(deepest) >= len(tones) / 10
    assert {tone[-1] for tone in tones} == set("12345")


def test_draws_are_a_row_for_each_share_of_paths(context):
    chance = context.study.chance
    assert chance.header == ("Share of paths below", "Final return", "Deepest drawdown")
    assert [row[0] for row in chance.rows] == ["5 %", "25 %", "50 %", "75 %", "95 %"]
    assert all(len(row) == 3 for row in chance.rows)


def test_the_bar_of_sides_is_cut_as_the_shares_say(context):
    widths = [float(width) for width in re.findall(r'width="([\d.]+)"', context.study.sides)]
    shares = [float(fact.text.split("\u202f")[0]) for fact in context.study.exposure[1:]]
    assert sum(widths) == pytest.approx(1_000, abs=0.2)
    assert [width / 10 for width in widths] == pytest.approx(shares, abs=0.06)


def test_what_was_invested_is_the_mean_of_a_candle():
    bars = make_bars(12_345)
    grouping = group(bars, OVERVIEW)
    values = np.random.default_rng(1).normal(size=len(bars))
    made = means(values, grouping)
    assert len(made) == len(grouping) < len(bars)
    for at in (0, 7, len(grouping) - 1):
        part = values[grouping.starts[at] : grouping.stops[at]]
        assert made[at] == pytest.approx(part.mean())
    same = group(bars, len(bars))
    assert np.array_equal(means(values, same), values)
