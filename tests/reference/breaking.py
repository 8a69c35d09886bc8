"""Functions with one thing broken in each: comparisons, signs, constants, branches, statements.

A broken function takes the place of the right one by its code object, so that all who call it do.
"""

from __future__ import annotations

import ast
import inspect
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from types import CodeType, FunctionType, ModuleType
from typing import Any

SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.LShift: ast.RShift, ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
NAMES = {"min": "max", "max": "min"}


class Endless(Exception):
    """A broken function that does not come back."""


@dataclass(frozen=True)
class Break:
    """One broken function; `name` says where and what: `core.lots: n > 0 -> n >= 0`."""

    name: str
    function: FunctionType
    code: CodeType

    @contextmanager
    def in_place(self) -> Iterator[None]:
        right = self.function.__code__
        self.function.__code__ = self.code
        try:
            yield
        finally:
            self.function.__code__ = right


def breaks(module: ModuleType) -> list[Break]:
    """Return every break of every function and method that the module defines."""
    found: list[Break] = []
    for function in functions(module):
        found += _breaks(module.__name__.rpartition(".")[2], function)
    # What is broken alike in several places of a function is told apart by a number.
    times: Counter[str] = Counter()
    numbered = []
    for one in found:
        times[one.name] += 1
        again = f" ({times[one.name]})" if times[one.name] > 1 else ""
        numbered.append(replace(one, name=one.name + again))
    return numbered


def functions(module: ModuleType) -> list[FunctionType]:
    found = []
    for value in vars(module).values():
        if getattr(value, "__module__", None) != module.__name__:
            continue
        if isinstance(value, FunctionType):
            found.append(value)
        elif isinstance(value, type):
            parts = [getattr(part, "fget", part) for part in vars(value).values()]
            lines = inspect.getsource(value)
            # What a dataclass writes by itself has no lines of its own.
            found += [
                part
                for part in parts
                if isinstance(part, FunctionType) and f"def {part.__name__}(" in lines
            ]
    return found


def _breaks(module: str, function: FunctionType) -> Iterator[Break]:
    tree = ast.parse(inspect.cleandoc("\n" + inspect.getsource(function)))
    definition = tree.body[0]
    assert isinstance(definition, ast.FunctionDef)
    definition.decorator_list = []
    definition.returns = None
    for argument in [*definition.args.args, *definition.args.kwonlyargs]:
        argument.annotation = None
    places = [place for place in ast.walk(definition) if _inside(place, definition)]
    shown = _shown(definition)
    for at, place in enumerate(places):
        for change in _changes(place):
            broken = deepcopy(tree)
            inner = [p for p in ast.walk(broken.body[0]) if _inside(p, broken.body[0])][at]
            around = _shown(broken.body[0])[inner]
            change(inner, broken)
            code = _code(broken, function)
            if code is not None:
                where = f"{module}.{function.__qualname__}"
                what = f"{_short(shown[place])} -> {_short(around)}"
                yield Break(f"{where}: {what}", function, code)


def _shown(definition: ast.AST) -> dict[ast.AST, ast.AST]:
    """Return for each part what is shown of it: of a number or a word, what it stands in."""
    shown = {part: part for part in ast.walk(definition)}
    for part in ast.walk(definition):
        for inner in ast.iter_child_nodes(part):
            if isinstance(inner, ast.Constant | ast.Name):
                shown[inner] = shown[part] if isinstance(part, ast.UnaryOp) else part
    return shown


def _inside(place: ast.AST, definition: ast.AST) -> bool:
    return place is not definition and not isinstance(place, ast.arguments | ast.arg)


def _code(tree: ast.Module, function: FunctionType) -> CodeType | None:
    names: dict[str, Any] = {}
    text = ast.unparse(ast.fix_missing_locations(tree))
    exec(compile(text, function.__code__.co_filename, "exec"), names)
    code = names[function.__name__].__code__
    return code if code.co_freevars == function.__code__.co_freevars else None


Change = Callable[[Any, ast.Module], None]


def _changes(place: ast.AST) -> list[Change]:
    """Return the ways in which a part of a function is broken."""
    match place:
        case ast.Compare(ops=[op]) if type(op) in SWAPPED:
            return [_operators]
        case ast.BoolOp(op=op) | ast.BinOp(op=op) | ast.AugAssign(op=op) if type(op) in SWAPPED:
            return [_operator]
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            return [_bare]
        case ast.Constant(value=value) if type(value) in (int, float, bool):
            return [_constant]
        case ast.Name(id=name) if name in NAMES:
            return [_name]
        case ast.IfExp():
            return [_other_way]
        case ast.If() | ast.While():
            return [_never]
        case ast.Assign() | ast.Expr(value=ast.Call()) | ast.AnnAssign():
            return [_left_out]
        case ast.Break():
            return [_left_out]
    return []


def _operators(place: Any, _: ast.Module) -> None:
    place.ops = [SWAPPED[type(place.ops[0])]()]


def _operator(place: Any, _: ast.Module) -> None:
    place.op = SWAPPED[type(place.op)]()


def _bare(place: Any, tree: ast.Module) -> None:
    place.op = ast.UAdd() if isinstance(place.op, ast.USub) else ast.Not()
    if isinstance(place.op, ast.Not):
        place.operand = ast.UnaryOp(op=ast.Not(), operand=place.operand)


def _constant(place: Any, _: ast.Module) -> None:
    place.value = not place.value if isinstance(place.value, bool) else place.value + 1


def _name(place: Any, _: ast.Module) -> None:
    place.id = NAMES[place.id]


def _other_way(place: Any, _: ast.Module) -> None:
    place.body, place.orelse = place.orelse, place.body


def _never(place: Any, _: ast.Module) -> None:
    place.test = ast.Constant(value=False)


def _left_out(place: Any, tree: ast.Module) -> None:
    for parent in ast.walk(tree):
        for _, value in ast.iter_fields(parent):
            if isinstance(value, list) and place in value:
                value[value.index(place)] = ast.Pass()
                # What is told of the break is that nothing stands there.
                place.__class__, place.__dict__ = ast.Pass, {}
                return


def _short(part: ast.AST) -> str:
    first, *more = ast.unparse(ast.fix_missing_locations(part)).splitlines()
    return f"{first} ..." if more else first


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise Endless in what takes more processor time: a loop without an end is noticed too."""

    def give_up(*_: Any) -> None:
        raise Endless

    before = signal.signal(signal.SIGVTALRM, give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
