"""Disguises keep what they must and change what they shall; scores follow their formulas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtrade.analysis.llm_probe import (
    COMPARED,
    Shown,
    deciding_field,
    judge,
    mirrored,
    moved,
    reordered,
)
from rtrade.config.llm_definitions import EnumField, IntegerField, TextField
from rtrade.core.bars import Bars, MarketData
from rtrade.core.timeframes import DAY, HOUR, Timeframe, iso, parse_time

ACTION = EnumField("action", ("buy", "sell", "hold"))
SURE = IntegerField("confidence", 0, 100)


def market(count: int, seed: int = 0, frame: str = "1h") -> MarketData:
    steps = np.random.RandomState(seed).normal(0, 0.01, (count, 4))
    close = 100 * np.exp(np.cumsum(steps[:, 0]))
    start = np.concatenate([[100.0], close[:-1]]) * np.exp(0.1 * steps[:, 1])
    high = np.maximum(start, close) * np.exp(np.abs(steps[:, 2]))
    low = np.minimum(start, close) * np.exp(-np.abs(steps[:, 3]))
    length = Timeframe.parse(frame)
    time = length.opens(length.numbers(np.array([parse_time("2023-01-02")])) + np.arange(count))
    volume = np.arange(count, dtype=float)
    base = Bars("BTC/USDT", length, time, start, high, low, close, volume)
    return MarketData("made", "synthetic", base, 5, {"same": replace(base)})


def backwards(count: int):
    return np.arange(count)[::-1]


def sound(bars: Bars) -> bool:
    highest = np.maximum(bars.open, bars.close)
    lowest = np.minimum(bars.open, bars.close)
    near = 1 + 1e-12
    return bool(np.all(bars.high * near >= highest) and np.all(bars.low <= lowest * near))


@given(st.integers(2, 60), st.integers(0, 5))
def test_a_mirrored_market_turns_each_return_round(count: int, seed: int) -> None:
    given_ = market(count, seed)
    found = mirrored(given_)
    returns, turned = (np.diff(np.log(one.base.close)) for one in (given_, found))
    np.testing.assert_allclose(turned, -returns, atol=1e-12)
    assert found.base.close[0] == pytest.approx(given_.base.close[0])
    assert sound(found.base)
    np.testing.assert_array_equal(found.base.time, given_.base.time)
    np.testing.assert_allclose(mirrored(found).base.high, given_.base.high)
    np.testing.assert_array_equal(found.others["same"].close, found.base.close)


@given(st.integers(1, 60), st.integers(0, 5))
def test_a_reordered_market_has_the_same_bars(count: int, seed: int) -> None:
    given_ = market(count, seed)
    found = reordered(given_, backwards).base
    base = given_.base
    assert sound(found)
    np.testing.assert_array_equal(found.time, base.time)
    np.testing.assert_array_equal(found.volume, base.volume[::-1])
    assert found.close[-1] == pytest.approx(base.close[-1])
    for name in ("open", "high", "low", "close"):
        ratios = [
            getattr(one, name) / np.concatenate([base.open[:1], one.close[:-1]])
            for one in (base, found)
        ]
        np.testing.assert_allclose(ratios[1], ratios[0][::-1])
    np.testing.assert_allclose(reordered(given_, np.arange).base.close, base.close)


@pytest.mark.parametrize(
    ("frame", "first"),
    [("1h", "2019-01-07T00:00:00Z"), ("1w", "2019-01-07T00:00:00Z"),
     ("1M", "2019-01-01T00:00:00Z")],
)  # fmt: skip
def test_moved_dates_are_other_years_on_the_same_grid(frame: str, first: str) -> None:
    given_ = market(30, frame=frame)
    base = moved(given_).base
    assert iso(int(base.time[0])) == first
    np.testing.assert_array_equal(base.timeframe.floors(base.time), base.time)
    np.testing.assert_array_equal(base.missing(), given_.base.missing())
    np.testing.assert_array_equal(base.close, given_.base.close)
    if frame == "1h":
        assert set((given_.base.time - base.time) % (7 * DAY)) == {0}
        assert int(base.time[1] - base.time[0]) == HOUR


def test_markets_without_bars_stay_empty() -> None:
    empty = market(0)
    for made in (mirrored(empty), moved(empty), reordered(empty, np.arange)):
        assert len(made.base) == 0


def shown(**answers: list[str | int | None]) -> dict:
    """Answers by disguise; those not given are like the anonymised ones."""
    base = answers["anonymised"]
    return {
        name: Shown(tuple(answers.get(name, base)), tuple(f"{name}" for _ in base))
        for name in ("anonymised", *COMPARED)
    }


def test_scores_are_what_the_change_takes_away_from_the_repetition() -> None:
    found = judge(
        shown(
            anonymised=["buy", "sell", "buy", "hold"],
            repeated=["buy", "sell", "buy", "buy"],
            named=["buy", "buy", "sell", "hold"],
            shifted=["buy", "buy", "sell", "hold"],
            flipped=["sell", "buy", "sell", "hold"],
        ),
        ACTION,
    )
    rates = {name: one.rate for name, one in found.agreements.items()}
    assert rates == {
        "repeated": 0.75, "named": 0.5, "shifted": 1.0, "flipped": 0.25, "shuffled": 1.0,
    }  # fmt: skip
    assert (found.steady, found.leak, found.reaction) == (0.75, 0.25, 0.5)
    assert found.most == ("buy", 0.5)
    assert found.reacts
    assert found.agreements["named"].changed == 4


def test_noise_is_no_leak_and_no_reaction() -> None:
    found = judge(shown(anonymised=["buy", "buy"], repeated=["sell", "sell"]), ACTION)
    assert (found.steady, found.leak, found.reaction, found.reacts) == (0, 0, 0, False)


def test_abstentions_are_left_out_and_without_answers_nothing_is_said() -> None:
    found = judge(shown(anonymised=["buy", None], named=["buy", "sell"]), ACTION)
    assert (found.agreements["named"].points, found.leak) == (1, 0)
    silent = judge(shown(anonymised=["buy", "sell"], named=[None, None]), ACTION)
    assert (silent.agreements["named"].rate, silent.leak) == (None, None)
    assert silent.reacts is False
    nothing = judge(shown(anonymised=[None]), ACTION)
    assert (nothing.most, nothing.steady, nothing.reacts) == (None, None, None)


def test_numbers_agree_within_a_tenth_of_their_range() -> None:
    found = judge(shown(anonymised=[50, 50, 50], named=[60, 61, 40]), SURE)
    assert found.agreements["named"].agreed == 2


def test_a_choice_decides_before_a_number() -> None:
    assert deciding_field((TextField("why"), SURE, ACTION)) is ACTION
    assert deciding_field((TextField("why"), SURE)) is SURE
