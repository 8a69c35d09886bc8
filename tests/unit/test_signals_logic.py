"""Three-valued logic as tables, and looking back."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtrade.core.bars import FALSE, TRUE, UNKNOWN
from rtrade.signals import logic
from rtrade.signals.logic import ago, both, compare, either, opposite

NAN = float("nan")


def tri(*values):
    return np.array(values, dtype=np.int8)


def test_kleene_tables():
    left = tri(*[a for a in (FALSE, UNKNOWN, TRUE) for _ in range(3)])
    right = tri(*[FALSE, UNKNOWN, TRUE] * 3)
    f, u, t = FALSE, UNKNOWN, TRUE
    assert both(left, right).tolist() == [f, f, f, f, u, u, f, u, t]
    assert either(left, right).tolist() == [f, u, t, u, u, t, t, t, t]
    assert opposite(tri(f, u, t)).tolist() == [t, u, f]
    assert opposite(tri(f)).dtype == np.int8


@pytest.mark.parametrize(
    ("op", "wanted"),
    [
        ("<", [TRUE, FALSE, FALSE]),
        ("<=", [TRUE, TRUE, FALSE]),
        (">", [FALSE, FALSE, TRUE]),
        (">=", [FALSE, TRUE, TRUE]),
        ("==", [FALSE, TRUE, FALSE]),
        ("!=", [TRUE, FALSE, TRUE]),
    ],
)
def test_comparisons(op, wanted):
    a, b = np.array([1.0, 2.0, 3.0, NAN, 1.0, NAN]), np.array([2.0, 2.0, 2.0, 1.0, NAN, NAN])
    found = compare(op, a, b)
    assert found.tolist() == [*wanted, UNKNOWN, UNKNOWN, UNKNOWN]
    assert found.dtype == np.int8


def test_comparison_with_a_constant():
    x = np.array([1.0, NAN, 3.0])
    assert compare("<", x, np.asarray(2.0)).tolist() == [TRUE, UNKNOWN, FALSE]
    assert compare("<", np.asarray(1.0), np.asarray(2.0)).item() == TRUE


NUMBERS = st.lists(st.sampled_from((0.0, -0.0, 1.0, 2.0, math.inf, -math.inf, NAN)), max_size=12)


@pytest.mark.parametrize("op", logic.COMPARISONS)
@given(left=NUMBERS, right=NUMBERS)
def test_comparisons_bar_by_bar(op, left, right):
    pairs = list(zip(left, right, strict=False))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logic, "_BLOCK", 5)
        found = compare(op, *(np.array([pair[i] for pair in pairs]) for i in (0, 1)))
        constants = [compare(op, np.array(left), np.asarray(value)).tolist() for value in right]
    told = logic.COMPARISONS[op]

    def wanted(a, b):
        return UNKNOWN if math.isnan(a) or math.isnan(b) else TRUE if told(a, b) else FALSE

    assert found.tolist() == [wanted(a, b) for a, b in pairs]
    assert constants == [[wanted(a, b) for a in left] for b in right]


def test_ago():
    x = np.array([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(ago(x, 0), x)
    np.testing.assert_array_equal(ago(x, 2), [NAN, NAN, 1.0])
    np.testing.assert_array_equal(ago(x, 5), [NAN, NAN, NAN])
    assert ago(tri(TRUE, FALSE), 1).tolist() == [UNKNOWN, TRUE]
    assert len(ago(np.empty(0), 3)) == 0
