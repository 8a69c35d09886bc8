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
# Instead of a block: the row itself.
IN_PLACE = -1
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
            a, b = operations[at, 3], operations[at, 6]
            i, j = first + begin - operations[at, 4], first + begin - operations[at, 7]
            x = fetched(operations[at, 2], a, i, count, rows, constants, blocks, one)
            y = fetched(operations[at, 5], b, j, count, rows, constants, blocks, other)
            # Not one array that is this or that: its references would have to be counted.
            if x == IN_PLACE and y == IN_PLACE:
                work(
                    code, rows[a, i : i + count], rows[b, j : j + count], out, begin, blocks, planes
                )
            elif x == IN_PLACE:
                work(code, rows[a, i : i + count], blocks[y, :count], out, begin, blocks, planes)
            elif y == IN_PLACE:
                work(code, blocks[x, :count], rows[b, j : j + count], out, begin, blocks, planes)
            else:
                work(code, blocks[x, :count], blocks[y, :count], out, begin, blocks, planes)


def fetched(
    kind: int,
    place: int,
    start: int,
    count: int,
    rows: FloatArray,
    constants: FloatArray,
    blocks: FloatArray,
    spare: int,
) -> int:
    """Return which block has the numbers of an operand, from bar `start` of the rows on."""
    if kind == BLOCK_AT_HAND:
        return place
    if kind == ROW and start >= 0:
        return IN_PLACE
    if kind == ROW:
        for i in range(count):
            blocks[spare, i] = rows[place, start + i] if start + i >= 0 else NAN
    else:
        for i in range(count):
            blocks[spare, i] = constants[place]
    return spare


def work(
    code: int,
    a: FloatArray,
    b: FloatArray,
    out: int,
    begin: int,
    blocks: FloatArray,
    planes: IntArray,
) -> None:
    """Do one operation on a block that begins at a bar of the span."""
    if code == LESS:
        less(a, b, planes[out, begin >> 6 :])
    elif code == EQUAL:
        equal(a, b, planes[out, begin >> 6 :])
    else:
        arithmetic(code, a, b, len(a), blocks[out])


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


def less(a: FloatArray, b: FloatArray, plane: IntArray) -> None:
    """Write where a < b into a plane."""
    whole = len(a) >> 6
    for w in range(whole):
        bits = 0
        for i in range(64):
            bits |= int(a[w * 64 + i] < b[w * 64 + i]) << i
        plane[w] = bits
    if len(a) & 63:
        bits = 0
        for i in range(len(a) & 63):
            bits |= int(a[whole * 64 + i] < b[whole * 64 + i]) << i
        plane[whole] = bits


def equal(a: FloatArray, b: FloatArray, plane: IntArray) -> None:
    """Write where a == b into a plane."""
    whole = len(a) >> 6
    for w in range(whole):
        bits = 0
        for i in range(64):
            bits |= int(a[w * 64 + i] == b[w * 64 + i]) << i
        plane[w] = bits
    if len(a) & 63:
        bits = 0
        for i in range(len(a) & 63):
            bits |= int(a[whole * 64 + i] == b[whole * 64 + i]) << i
        plane[whole] = bits


def work_planes(operations: IntArray, known: IntArray, planes: IntArray) -> None:
    """Work through operations on planes: code, result, and two planes, or one and some bars.

    A plane below 0 is one of `known`: -1 the first of them.
    """
    for at in range(len(operations)):
        code, out = operations[at, 0], planes[operations[at, 1]]
        a, b = operations[at, 2], operations[at, 3]
        if code == PREVIOUS and a < 0:
            earlier(known[-1 - a], out, b >> 6, b & 63)
        elif code == PREVIOUS:
            earlier(planes[a], out, b >> 6, b & 63)
        elif a < 0 and b < 0:
            join(code, known[-1 - a], known[-1 - b], out)
        elif a < 0:
            join(code, known[-1 - a], planes[b], out)
        elif b < 0:
            join(code, planes[a], known[-1 - b], out)
        else:
            join(code, planes[a], planes[b], out)


def join(code: int, a: IntArray, b: IntArray, out: IntArray) -> None:
    """Do one operation on two planes."""
    if code == AND:
        for w in range(len(out)):
            out[w] = a[w] & b[w]
    elif code == OR:
        for w in range(len(out)):
            out[w] = a[w] | b[w]
    else:
        for w in range(len(out)):
            out[w] = a[w] & ~b[w]


def earlier(plane: IntArray, out: IntArray, whole: int, rest: int) -> None:
    """Write a plane as it was 64 `whole` + `rest` bars ago; nothing is known before the span."""
    for w in range(min(whole, len(out))):
        out[w] = 0
    for w in range(whole, len(out)):
        value = plane[w - whole] << rest
        if rest > 0 and w > whole:
            value |= (plane[w - whole - 1] >> (64 - rest)) & ((1 << rest) - 1)
        out[w] = value
