"""A vector machine for conditions: 64 bars to a word, a block of bars at a time.

What many candidates of a sweep share is computed before (the rows); what is left of their rules is
arithmetic, comparisons and logic, bar by bar. It is worked through one operation after the other
on blocks that stay in the processor's cache, so that any plan runs at the speed of a loop written
for it, and none has to be compiled.

A condition is two planes of words, where it is true and where it is false; where it is neither it
is unknown. Bar 64 w + k of the span is bit k of word w. Plain functions that `binding` compiles.
"""

from __future__ import annotations

from rtrade.core.bars import FloatArray, IntArray

# Bars of a block.
BLOCK = 1024

# Kinds of operands of arithmetic: a row shifted by some bars, a block at hand, a constant.
ROW, BLOCK_AT_HAND, CONSTANT = range(3)
# Operations on numbers; COMPARE writes three planes: less, equal, greater.
ADD, SUBTRACT, MULTIPLY, DIVIDE, NEGATE, COMPARE = range(6)
# Operations on planes.
AND, OR, PREVIOUS = range(3)

NAN, INFINITE = float("nan"), float("inf")


def work_numbers(
    rows: FloatArray,
    first: int,
    bars: int,
    operations: IntArray,
    constants: FloatArray,
    blocks: FloatArray,
    planes: IntArray,
) -> None:
    """Work through operations on numbers over `bars` bars that begin at `first` of the rows.

    An operation is its code, where its result goes, and kind, place and shift of two operands.
    `blocks` has one row for each result, and two more for operands; there the bars before the
    first one of the rows are NaN. A negative `first` begins before them.
    """
    one, other = len(blocks) - 2, len(blocks) - 1
    for begin in range(0, bars, BLOCK):
        count = min(BLOCK, bars - begin)
        for at in range(len(operations)):
            code, out = operations[at, 0], operations[at, 1]
            a = operand(
                operations[at, 2],
                operations[at, 3],
                first + begin - operations[at, 4],
                count,
                rows,
                constants,
                blocks,
                one,
            )
            b = operand(
                operations[at, 5],
                operations[at, 6],
                first + begin - operations[at, 7],
                count,
                rows,
                constants,
                blocks,
                other,
            )
            if code == COMPARE:
                compare(a, b, count, planes, out, begin >> 6)
            else:
                arithmetic(code, a, b, count, blocks[out])


def operand(
    kind: int,
    place: int,
    start: int,
    count: int,
    rows: FloatArray,
    constants: FloatArray,
    blocks: FloatArray,
    spare: int,
) -> FloatArray:
    """Return the numbers of an operand, from bar `start` of the rows on."""
    block: FloatArray = blocks[place if kind == BLOCK_AT_HAND else spare]
    if kind == ROW and start >= 0:
        block = rows[place, start : start + count]
    elif kind == ROW:
        for i in range(count):
            block[i] = rows[place, start + i] if start + i >= 0 else NAN
    elif kind == CONSTANT:
        for i in range(count):
            block[i] = constants[place]
    return block


def arithmetic(code: int, a: FloatArray, b: FloatArray, count: int, out: FloatArray) -> None:
    """Compute one operation on a block; what is not finite becomes NaN, as in `signals`."""
    if code == ADD:
        for i in range(count):
            out[i] = a[i] + b[i]
    elif code == SUBTRACT:
        for i in range(count):
            out[i] = a[i] - b[i]
    elif code == MULTIPLY:
        for i in range(count):
            out[i] = a[i] * b[i]
    elif code == DIVIDE:
        for i in range(count):
            out[i] = a[i] / b[i]
    else:
        for i in range(count):
            out[i] = -a[i]
    for i in range(count):
        out[i] = out[i] if abs(out[i]) < INFINITE else NAN


def compare(
    a: FloatArray, b: FloatArray, count: int, planes: IntArray, out: int, word: int
) -> None:
    """Write where a < b, a == b and a > b into three planes, from a word on."""
    whole = count >> 6
    for w in range(whole):
        less = equal = greater = 0
        for i in range(64):
            x, y = a[w * 64 + i], b[w * 64 + i]
            less |= int(x < y) << i
            equal |= int(x == y) << i
            greater |= int(x > y) << i
        planes[out, word + w], planes[out + 1, word + w] = less, equal
        planes[out + 2, word + w] = greater
    if count & 63:
        less = equal = greater = 0
        for i in range(count & 63):
            x, y = a[whole * 64 + i], b[whole * 64 + i]
            less |= int(x < y) << i
            equal |= int(x == y) << i
            greater |= int(x > y) << i
        planes[out, word + whole], planes[out + 1, word + whole] = less, equal
        planes[out + 2, word + whole] = greater


def work_planes(operations: IntArray, planes: IntArray) -> None:
    """Work through operations on planes: code, result, and two planes, or one and some bars."""
    words = planes.shape[1]
    for at in range(len(operations)):
        code, out = operations[at, 0], operations[at, 1]
        a, b = operations[at, 2], operations[at, 3]
        if code == AND:
            for w in range(words):
                planes[out, w] = planes[a, w] & planes[b, w]
        elif code == OR:
            for w in range(words):
                planes[out, w] = planes[a, w] | planes[b, w]
        else:
            earlier(planes, out, a, b >> 6, b & 63, words)


def earlier(planes: IntArray, out: int, a: int, whole: int, rest: int, words: int) -> None:
    """Write a plane as it was 64 `whole` + `rest` bars ago; nothing is known before the span."""
    for w in range(min(whole, words)):
        planes[out, w] = 0
    for w in range(whole, words):
        value = planes[a, w - whole] << rest
        if rest > 0 and w > whole:
            value |= (planes[a, w - whole - 1] >> (64 - rest)) & ((1 << rest) - 1)
        planes[out, w] = value
