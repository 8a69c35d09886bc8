"""Conditions as bits: 64 bars to a word, the first bar in the lowest bit."""

from __future__ import annotations

import numpy as np

from rtrade.core.bars import BoolArray, IntArray

WORD = 64


def words_of(values: BoolArray) -> IntArray:
    """Return truth values as words, those after the last bar false."""
    spare = -len(values) % WORD
    packed = np.packbits(np.concatenate((values, np.zeros(spare, dtype=bool))), bitorder="little")
    return packed.view("<i8").astype(np.int64, copy=False)


def lowest(word: int) -> int:
    """Return the place of the lowest bit that is set; the word is not 0."""
    word = int(word)
    return (word & -word).bit_length() - 1
