"""What a sweep keeps at hand, and in which order it goes through comparisons."""

from __future__ import annotations

import itertools
from random import Random

import numpy as np
import pytest

from rtrade.execution.compiled import machine
from rtrade.execution.compiled.lowering import Comparison, Lowered, Operand
from rtrade.execution.compiled.ordering import along_a_curve, arranged, by_strips
from rtrade.execution.compiled.shelf import Shelf


def filled(shelf, keys, later=None):
    """Take keys and write each one's number into its place; return which had to be written."""
    missing = shelf.take(keys, later)
    for key, place in missing.items():
        shelf.table[place] = key
    return [*missing]


def right(shelf, keys):
    return all((shelf.table[shelf.place(key)] == key).all() for key in keys)


def test_what_was_used_longest_ago_makes_room() -> None:
    shelf = Shelf(3, 2, np.int64)
    assert filled(shelf, [1, 2, 3]) == [1, 2, 3]
    assert filled(shelf, [1, 4]) == [4]
    assert filled(shelf, [3, 1]) == []
    assert filled(shelf, [2]) == [2]
    assert right(shelf, [1, 2, 3])


def test_what_is_needed_last_of_all_makes_room() -> None:
    shelf = Shelf(3, 2, np.int64)
    filled(shelf, [1, 2, 3])
    assert filled(shelf, [4], {1: 5, 2: 9, 3: 7}) == [4]
    assert filled(shelf, [5], {1: 5, 3: 7}) == [5]
    assert right(shelf, [1, 3, 5])


def test_there_is_room_for_all_that_is_wanted_at_once() -> None:
    shelf = Shelf(2, 3, np.float64)
    filled(shelf, [7, 8])
    assert filled(shelf, [5, 6, 7, 9]) == [5, 6, 9]
    assert right(shelf, [5, 6, 7, 9])


@pytest.mark.parametrize("room", [1, 2, 5])
def test_values_stay_with_their_keys(room) -> None:
    shelf, random = Shelf(room, 1, np.int64), Random(room)
    for _ in range(300):
        wanted = random.sample(range(9), random.randint(1, 4))
        filled(
            shelf, wanted, random.choice([None, {key: random.randint(0, 9) for key in range(9)}])
        )
        assert right(shelf, wanted)


def row(place):
    return Operand(machine.ROW, place, 0)


def lowered_of(pairs):
    """Return leaves that compare rows in pairs."""
    lowered = Lowered()
    for pair in pairs:
        lowered.leaves.append(Comparison(machine.LESS, row(pair[0]), row(pair[-1])))
        lowered.rows_of.append(pair)
    return lowered


@pytest.mark.parametrize("room", [1, 17, 24, 80])
def test_batches_have_each_comparison_once_and_room_for_their_rows(room) -> None:
    pairs = [(a, 40 + b) for a, b in itertools.product(range(40), repeat=2)]
    pairs = Random(1).sample(pairs, 700) + [(a,) for a in range(80)]
    lowered = lowered_of(pairs)
    batches = [*by_strips(lowered, range(80), range(len(pairs)), room)]
    assert sorted(itertools.chain(*batches)) == [*range(len(pairs))]
    for batch in batches:
        needed = {one for leaf in batch for one in lowered.rows_of[leaf]}
        assert len(needed) <= max(room, 2)


def test_rows_of_a_strip_are_computed_once() -> None:
    pairs = [(a, 40 + b) for a, b in itertools.product(range(40), repeat=2)]
    Random(2).shuffle(pairs)
    lowered = lowered_of(pairs)
    batches = [*by_strips(lowered, range(80), range(len(pairs)), 36)]
    needed = [{one for leaf in batch for one in lowered.rows_of[leaf]} for batch in batches]
    shelf, computed = Shelf(36, 1, np.int64), 0
    for at, rows in enumerate(needed):
        later = {
            one: next(k for k in range(at + 1, len(needed)) if one in needed[k])
            for one in range(80)
            if any(one in others for others in needed[at + 1 :])
        }
        computed += len(filled(shelf, sorted(rows), later))
    # A strip is 20 of the 36; the 40 others are gone through with each of the two.
    assert computed <= 40 + 2 * 40


def test_neighbours_share_the_rows_that_they_compare() -> None:
    pairs = [(a, 16 + b) for a, b in itertools.product(range(16), repeat=2)]
    Random(3).shuffle(pairs)
    # A row that all share, in a comparison of its own, says nothing.
    lowered = lowered_of([*pairs, (32,)])
    rules = [(-1 - at, -1 - len(pairs), 0, 0) for at in range(len(pairs))]
    order = arranged(lowered, range(33), rules)
    assert sorted(order) == [*range(len(pairs))]
    for start in range(0, len(order), 16):
        near = {one for at in order[start : start + 16] for one in pairs[at]}
        assert len(near) == 8


def test_a_curve_goes_through_every_place() -> None:
    columns = [Random(seed).choices(range(5), k=50) for seed in (4, 5)]
    assert sorted(along_a_curve(columns)) == [*range(50)]
