"""Engines with one thing broken in their code: the numbered programs notice every break.

Core, leaping and the compiled walk are broken in turn, comparison by comparison, constant by
constant, statement by statement, and run as plain Python: `compiled` is machine code made of the
same functions. A test run tries a part of the breaks; where `RTRADE_PROGRAMS` asks for more, all.
"""

from __future__ import annotations

import functools
import os
import warnings
from pathlib import Path
from random import Random

import pytest

from conformance.programs import numbered
from reference import breaking
from reference.compare import differences
from rtrade.execution import bt, core, leaping
from rtrade.execution.compiled import bits, filling, running, states, walker

MORE = int(os.environ.get("RTRADE_PROGRAMS", "0"))
NUMBERED = 1000
# One break in so many is tried in every test run.
EVERY = 1 if MORE else 8
# Seconds of processor time; a run takes a few milliseconds.
ENDLESS = 0.5
SIDES = {"long": 1, "short": -1}

# Breaks that change no run, each with its reason.
_LIST = Path(__file__).with_name("broken_alike.txt")
ALIKE = {line for line in _LIST.read_text(encoding="utf-8").splitlines() if " -> " in line}

WALKED = (core, leaping, walker, filling, bits)


@functools.cache
def expected():
    """The numbered programs with what the reference engine makes of them, unbroken."""
    cases = [numbered(number) for number in range(NUMBERED)]
    return [(case, bt.run(*case)) for case in cases if len(case[1]) > 1]


@pytest.fixture
def walk(monkeypatch):
    """The compiled engine as plain Python; it counts closed trades as sweeps read them."""
    books = running._books
    kept = []

    def keeping(*case):
        kept.append(books(*case))
        return kept[-1]

    monkeypatch.setattr(running, "_books", keeping)
    monkeypatch.setattr(running, "compiled_walk", lambda: walker.walk)

    def run(*case):
        kept.clear()
        result = running.walked(*case)
        assert kept[-1].counts[states.CLOSED] == len(result.fills) // 2
        return result

    return run


@functools.cache
def sizes():
    """Whole numbers of lots as (n, m, d), with n * m / 10**d; some lie between two floats."""
    draw = Random(7)
    found = [(2**52 + 1, 15, 1), (2**52 + 3, 15, 1), (2**53 - 1, 11, 1), (2**53, 25, 1), (1, 3, 1)]
    found += [(9 * 10**15 + 1, 21, 1)]
    found += [(9 * 10**15 + 1 + 20 * k, 11, 1) for k in range(4)]
    found += [
        (draw.getrandbits(53), draw.randrange(1, 10**15), d)
        for d in (1, 1, 2, 3, 9, 18)
        for _ in range(60)
    ]
    return [(n, m, d, n * m / 10**d) for n, m, d in found]


def reckons_wrong():
    """Tell whether the core miscounts lots, or the profit of a trade."""
    try:
        with breaking.at_most(ENDLESS):
            return miscounts()
    except Exception:  # noqa: BLE001 - whatever a break raises, it is noticed
        return True


def miscounts():
    trades = [trade for _, right in expected()[:100] for trade in right.trades]
    return any(core.size_of(n, m, float(m), 10**d) != size for n, m, d, size in sizes()) or any(
        core.profit(SIDES[t.side], t.size, t.entry_price, t.exit_price, t.fees) != t.pnl
        for t in trades
        if t.exit_price is not None
    )


def notices(run, case, right):
    try:
        with breaking.at_most(ENDLESS), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return bool(differences(right, run(*case)))
    except Exception:  # noqa: BLE001 - whatever a break raises, it is noticed
        return True


def unnoticed(module, run):
    """Return the breaks of a module that no program notices, and how many were tried."""
    found, breaks, pairs = [], breaking.breaks(module), expected()
    if not MORE:
        breaks = [one for one in breaks if one.name not in ALIKE][::EVERY]
    for one in breaks:
        with one.in_place():
            if not any(notices(run, *pair) for pair in pairs) and not reckons_wrong():
                found.append(one.name)
    return found, len(breaks)


def test_unbroken_code_is_right(walk):
    assert [case for case, right in expected() if notices(walk, case, right)] == []


@pytest.mark.parametrize("module", WALKED, ids=lambda module: module.__name__)
def test_a_break_of_the_walk_is_noticed(module, walk, record_property):
    found, tried = unnoticed(module, walk)
    record_property("breaks", tried)
    assert [name for name in found if name not in ALIKE] == []


def test_there_are_many_breaks():
    assert sum(len(breaking.breaks(module)) for module in WALKED) > 400


def test_what_a_break_is_called_says_what_it_does():
    names = [one.name for one in breaking.breaks(core)]
    assert "core.beyond_stop: price <= stop -> price < stop" in names
    assert len(names) == len(set(names))


def test_a_break_is_undone():
    [one] = [
        b for b in breaking.breaks(core) if b.name == "core.placeable: price > 0.0 -> price > 1.0"
    ]
    with one.in_place():
        assert not core.placeable(0.5)
    assert core.placeable(0.5)
