"""From columns of fills to a result: the same numbers as booking one fill after the other."""

import pickle
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtrade.core.results import REASONS, REFUSALS, Fill, FillColumns, Trade
from rtrade.execution import core, recording
from rtrade.execution.recording import result_from_columns
from unit.execution_cases import bars_of

PRICES = st.floats(1e-6, 1e6)
FEE = 0.001


@st.composite
def runs(draw):
    """Draw closes, and the bars, sizes and prices of fills by turns: entries and exits."""
    closes = draw(st.lists(PRICES, min_size=1, max_size=40))
    places = sorted(draw(st.lists(st.integers(0, len(closes) - 1), max_size=30)))
    fills, side = [], 0
    for at, bar in enumerate(places):
        price, reference = draw(PRICES), draw(PRICES)
        if at % 2 == 0:
            side, size = draw(st.sampled_from((1, -1))), draw(PRICES)
            reason = "enter_long" if side > 0 else "enter_short"
        else:
            reason = draw(st.sampled_from(REASONS[2:]))
        direction = side if at % 2 == 0 else -side
        fills.append(
            Fill(
                bar, bar * 3_600_000, direction, size, price, reference, size * price * FEE, reason
            )
        )
    return closes, fills


def result_of(closes, fills, **more):
    bars = bars_of([(close,) * 4 for close in closes])
    given = {"refused": [0] * len(REFUSALS), "capped": 0, "halted_bar": core.NO, **more}
    return result_from_columns(
        "any", bars, 1000.0, FillColumns.of(fills), ruined_bar=core.NO, cuts=(), **given
    )


@pytest.mark.parametrize("block", [1, 3, 32768])
@given(runs())
def test_cash_position_and_equity_are_those_of_a_ledger_kept_by_hand(block, run):
    closes, fills = run
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recording, "_BLOCK", block)
        result = result_of(closes, fills)
    cash, size, waiting = 1000.0, 0.0, list(fills)
    held = 0
    for bar, close in enumerate(closes):
        while waiting and waiting[0].bar == bar:
            fill = waiting.pop(0)
            cash = core.booked(cash, fill.direction, fill.size, fill.price, FEE)
            size = 0.0 if size else fill.direction * fill.size
        held += size != 0
        found = result.cash[bar], result.position[bar], result.equity[bar]
        assert found == (cash, size, cash + size * close)
    assert result.closes == len(result.equity) == len(closes)
    # Read as an array or not, the same count.
    assert result.held() == result_of(closes, fills).held() == held


@given(runs())
def test_trades_are_pairs_of_fills_marked_as_the_core_marks_them(run):
    closes, fills = run
    result = result_of(closes, fills)
    expected = []
    for entry, out in zip(fills[::2], [*fills[1::2], None], strict=False):
        price = closes[-1] if out is None else out.price
        fees = entry.fee if out is None else entry.fee + out.fee
        pnl = core.profit(entry.direction, entry.size, entry.price, price, fees)
        expected.append(
            Trade(
                symbol="BTC/USDT",
                side="long" if entry.direction > 0 else "short",
                size=entry.size,
                entry_bar=entry.bar,
                entry_time=entry.time,
                entry_price=entry.price,
                entry_reason=entry.reason,
                exit_bar=None if out is None else out.bar,
                exit_time=None if out is None else out.time,
                exit_price=None if out is None else out.price,
                exit_reason=None if out is None else out.reason,
                pnl=pnl,
                return_=pnl / (entry.size * entry.price),
                fees=fees,
                bars=(len(closes) - 1 if out is None else out.bar) - entry.bar,
            )
        )
    assert result.trades == tuple(expected)
    assert result.fills == tuple(fills)
    kinds = [[type(value) for value in trade] for trade in result.trades]
    assert kinds == [[type(value) for value in trade] for trade in expected]


FILLS = [
    Fill(0, 0, 1, 2.0, 10.0, 9.0, 0.02, "enter_long"),
    Fill(2, 7_200_000, -1, 2.0, 12.0, 12.0, 0.02, "take_profit"),
    Fill(2, 7_200_000, -1, 1.0, 12.0, 12.0, 0.01, "enter_short"),
]


def test_fills_and_trades_are_sequences_that_nothing_changes():
    result = result_of([10.0, 11.0, 12.0], FILLS)
    fills = result.fills
    assert (len(fills), list(fills), fills[1]) == (3, FILLS, FILLS[1])
    assert (fills[-2:], fills[:0]) == (tuple(FILLS[1:]), ())
    assert tuple(FILLS) == fills == result_of([10.0, 11.0, 12.0], FILLS).fills
    assert fills != tuple(FILLS[:2])
    assert fills != FILLS  # as a tuple is not a list
    assert repr(fills) == repr(tuple(FILLS))
    assert hash(fills) == hash(tuple(FILLS))
    assert not result_of([10.0], []).trades
    with pytest.raises(AttributeError):
        fills[0].price = 1.0
    with pytest.raises(TypeError):
        fills[0] = FILLS[0]


def test_a_result_is_copied_and_carried_to_another_process_as_it_is():
    result = result_of([10.0, 11.0, 12.0], FILLS, refused=range(len(REFUSALS)), halted_bar=1)
    there = pickle.loads(pickle.dumps(result))
    for other in (there, replace(result, capped=1)):
        assert (other.fills, other.trades) == (result.fills, result.trades)
        assert other.cash.tobytes() == result.cash.tobytes()
        assert other.position.tobytes() == result.position.tobytes()
    assert result.refused == {name: at for at, name in enumerate(REFUSALS) if at}
    assert (result.halted_at, result.ruined_at) == (3_600_000, None)


def test_a_result_without_positions_cannot_be_made():
    result = result_of([10.0], [])
    with pytest.raises(TypeError, match="position"):
        type(result)("any", (), (), cash=result.cash, equity=result.equity)
