"""Parse an expression: text -> `Expr`, or a `Fault` with its place.

1. `scan` refuses long, deep and ill-formed text.
2. White space becomes blanks (block scalars hold line ends) and the text goes into parentheses.
3. Python's `ast` parses it; it is never compiled or evaluated.
4. What it gives is counted, then translated by an allow-list; byte offsets become characters.
"""

from __future__ import annotations

import ast
import math
import re
import warnings

from rtrade.plan.findings import Fault
from rtrade.plan.scanner import MAX_NODES, scan, too_complex
from rtrade.plan.syntax import Apply, Argument, Expr, Index, Literal, Member, Name, Operation

MAX_DEPTH = 100

_BINARY: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Mod: "%",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.And: "and",
    ast.Or: "or",
}


def parse(text: str) -> Expr:
    """Parse an expression; raise Fault with the first mistake of form."""
    scan(text)
    shown = re.sub(r"[\r\n]", " ", text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = ast.parse(f"({shown})", mode="eval").body
    except SyntaxError as error:
        raise _unreadable(error, text) from None
    except (RecursionError, MemoryError, ValueError):
        raise too_complex() from None
    return _Translation(shown).expr(body)


def _unreadable(error: SyntaxError, text: str) -> Fault:
    start = min(max((error.offset or 2) - 2, 0), max(len(text) - 1, 0))
    end = min(max((error.end_offset or 0) - 2, start + 1), len(text))
    return Fault("RT101", f"the expression cannot be read: {error.msg}", start, end)


class _Translation:
    """Translate the allowed nodes of one tree; `text` is what stands inside the parentheses."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.ascii = text.isascii()
        self.encoded = text.encode()
        self.count = 0
        self.depth = 0

    def _offset(self, column: int) -> int:
        """Turn a byte offset into the parenthesised text into a character offset."""
        at = column - 1
        return at if self.ascii else len(self.encoded[:at].decode())

    def _place(self, node: ast.expr | ast.keyword) -> tuple[int, int]:
        assert node.end_col_offset is not None
        return self._offset(node.col_offset), self._offset(node.end_col_offset)

    def expr(self, node: ast.expr) -> Expr:
        """Translate a node and what is below it; raise Fault where that is too much."""
        self.count += 1
        self.depth += 1
        if self.count > MAX_NODES:
            raise too_complex()
        if self.depth > MAX_DEPTH:
            raise Fault(
                "RT103",
                f"the expression is nested more than {MAX_DEPTH} deep",
                0,
                1,
                help="give parts of it names under `signals:`",
            )
        found = self._expr(node)
        self.depth -= 1
        return found

    def _expr(self, node: ast.expr) -> Expr:
        start, end = self._place(node)
        match node:
            case ast.Constant(value=value):
                return Literal(start=start, end=end, value=self._constant(value, start, end))
            case ast.Name(id="true" | "false" as word):
                return Literal(start=start, end=end, value=word == "true")
            case ast.Name(id=name):
                return Name(start=start, end=end, name=name)
            case ast.Attribute(value=base, attr=name):
                return Member(start=start, end=end, base=self.expr(base), name=name)
            case ast.Subscript(value=base, slice=bars):
                return Index(start=start, end=end, base=self.expr(base), bars=self.expr(bars))
            case ast.Call():
                return self._call(node, start, end)
            case ast.UnaryOp() | ast.BinOp() | ast.BoolOp() | ast.Compare():
                return self._operation(node, start, end)
        raise self._refused(start, end)

    def _refused(self, start: int, end: int) -> Fault:
        return Fault("RT102", "this form is not part of the language", start, end)

    def _constant(self, value: object, start: int, end: int) -> float | str:
        if isinstance(value, str):
            return value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._refused(start, end)
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isinf(number):
            raise Fault("RT124", "the number is too large", start, end)
        return number

    def _call(self, node: ast.Call, start: int, end: int) -> Expr:
        arguments = []
        for given in node.args:
            value = self.expr(given)
            arguments.append(Argument(start=value.start, end=value.end, name=None, value=value))
        for named in node.keywords:
            first, last = self._place(named)
            if named.arg is None:
                raise self._refused(first, last)
            value = self.expr(named.value)
            arguments.append(Argument(start=first, end=last, name=named.arg, value=value))
        function = self.expr(node.func)
        return Apply(start=start, end=end, function=function, arguments=tuple(arguments))

    def _operation(self, node: ast.expr, start: int, end: int) -> Expr:
        match node:
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.expr(operand)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return Operation(start=start, end=end, op="neg", args=(self.expr(operand),))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return Operation(start=start, end=end, op="not", args=(self.expr(operand),))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                args = (self.expr(left), self.expr(right))
                return Operation(start=start, end=end, op=_BINARY[type(op)], args=args)
            case ast.BoolOp(op=connective, values=values):
                parts = tuple(self.expr(one) for one in values)
                return Operation(start=start, end=end, op=_BINARY[type(connective)], args=parts)
            case ast.Compare(left=left, ops=ops, comparators=others):
                if all(type(op) in _BINARY for op in ops):
                    sides = [self.expr(left), *(self.expr(other) for other in others)]
                    return self._chain(sides, [_BINARY[type(op)] for op in ops], start, end)
        raise self._refused(start, end)

    def _chain(self, sides: list[Expr], ops: list[str], start: int, end: int) -> Expr:
        """Read `a < b < c` as `a < b and b < c`."""
        links: list[Expr] = []
        for at, op in enumerate(ops):
            left, right = sides[at], sides[at + 1]
            first = start if at == 0 else left.start
            last = end if at == len(ops) - 1 else right.end
            links.append(Operation(start=first, end=last, op=op, args=(left, right)))
        if len(links) == 1:
            return links[0]
        return Operation(start=start, end=end, op="and", args=tuple(links))
