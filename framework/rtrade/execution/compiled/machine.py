"""A vector machine for conditions: 64 bars to a word, a block of bars at a time.

What many candidates of a sweep share is computed before (the rows); what is left of their rules is
arithmetic, comparisons and logic, bar by bar. It is worked through one operation after the other
on blocks that stay in the processor's cache, so that any plan runs at the speed of a loop written
for it, and none has to be compiled.

A plane of words tells where something holds: a comparison, where a condition is true, where it is
false; where it is neither it is unknown. Bar 64 w + k of the span is bit k of word w. Plain
functions that `binding` compiles.
"""

from __future__ import annotations

from rtrade.core.bars import FloatArray, IntArray

# Bars of a block.
BLOCK = 1024

# Kinds of operands of arithmetic: a row shifted by some bars, a block at hand, a constant.
ROW, BLOCK_AT_HAND, CONSTANT = range(3)
# Operations on numbers; the last two write a plane.
ADD, SUBTRACT, MULTIPLY, DIVIDE, NEGATE, LESS, EQUAL = range(7)
# Operations on planes; AND_NOT is where the first holds and the second does not.
AND, OR, AND_NOT, PREVIOUS = range(4)

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
            if code == LESS:
                less(a, b, count, planes[out], begin >> 6)
            elif code == EQUAL:
                equal(a, b, count, planes[out], begin >> 6)
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


def less(a: FloatArray, b: FloatArray, count: int, plane: IntArray, word: int) -> None:
    """Write where a < b into a plane, from a word on."""
    whole = count >> 6
    for w in range(whole):
        bits = 0
        for i in range(64):
            bits |= int(a[w * 64 + i] < b[w * 64 + i]) << i
        plane[word + w] = bits
    if count & 63:
        bits = 0
        for i in range(count & 63):
            bits |= int(a[whole * 64 + i] < b[whole * 64 + i]) << i
        plane[word + whole] = bits


def equal(a: FloatArray, b: FloatArray, count: int, plane: IntArray, word: int) -> None:
    """Write where a == b into a plane, from a word on."""
    whole = count >> 6
    for w in range(whole):
        bits = 0
        for i in range(64):
            bits |= int(a[w * 64 + i] == b[w * 64 + i]) << i
        plane[word + w] = bits
    if count & 63:
        bits = 0
        for i in range(count & 63):
            bits |= int(a[whole * 64 + i] == b[whole * 64 + i]) << i
        plane[word + whole] = bits


def work_planes(operations: IntArray, known: IntArray, planes: IntArray) -> None:
    """Work through operations on planes: code, result, and two planes, or one and some bars.

    A plane below 0 is one of `known`: -1 the first of them.
    """
    words = planes.shape[1]
    for at in range(len(operations)):
        code, out, b = operations[at, 0], operations[at, 1], operations[at, 3]
        first = plane_of(operations[at, 2], known, planes)
        if code == PREVIOUS:
            earlier(first, planes[out], b >> 6, b & 63, words)
            continue
        second, result = plane_of(b, known, planes), planes[out]
        if code == AND:
            for w in range(words):
                result[w] = first[w] & second[w]
        elif code == OR:
            for w in range(words):
                result[w] = first[w] | second[w]
        else:
            for w in range(words):
                result[w] = first[w] & ~second[w]


def plane_of(place: int, known: IntArray, planes: IntArray) -> IntArray:
    """Return a plane by its place."""
    plane: IntArray = known[-1 - place] if place < 0 else planes[place]
    return plane


def earlier(plane: IntArray, out: IntArray, whole: int, rest: int, words: int) -> None:
    """Write a plane as it was 64 `whole` + `rest` bars ago; nothing is known before the span."""
    for w in range(min(whole, words)):
        out[w] = 0
    for w in range(whole, words):
        value = plane[w - whole] << rest
        if rest > 0 and w > whole:
            value |= (plane[w - whole - 1] >> (64 - rest)) & ((1 << rest) - 1)
        out[w] = value
