"""Clocks: real, fast, held, moved by hand."""

from __future__ import annotations

import pytest

from rtrade.testing import ManualClock, VirtualClock


def test_a_held_clock_starts_when_it_is_let_go() -> None:
    heard: list[str] = []
    clock = VirtualClock(5000, 1e6, held=True)
    clock.listen(lambda: heard.append("moved"))
    assert (clock.now(), clock.seconds_until(9000)) == (5000, None)
    clock.release()
    clock.release()
    assert heard == ["moved"]
    while clock.now() == 5000:
        pass
    assert clock.seconds_until(5000) == 0


def test_a_clock_of_speed_0_stands_still() -> None:
    clock = VirtualClock(5000, 0)
    assert (clock.now(), clock.seconds_until(5001)) == (5000, None)


@pytest.mark.parametrize("speed", [-1, float("inf"), float("nan")])
def test_a_speed_that_is_none_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="times as fast"):
        VirtualClock(0, speed)


def test_a_manual_clock_tells_who_listens() -> None:
    clock, heard = ManualClock(10), []
    clock.listen(lambda: heard.append(clock.now()))
    clock.advance(5)
    clock.set(3)
    assert heard == [15, 3]
    assert clock.seconds_until(3) == 0
    assert clock.seconds_until(4) is None
