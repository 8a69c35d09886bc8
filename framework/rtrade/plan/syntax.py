"""What an expression says, before its names mean anything. Offsets count characters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Expr:
    """Base of all parts of an expression: it stands at `text[start:end]`."""

    start: int
    end: int

    @property
    def parts(self) -> tuple[Expr, ...]:
        """The expressions that this one is made of."""
        return ()


@dataclass(frozen=True, kw_only=True)
class Literal(Expr):
    """A number (always a float), a truth value or a text."""

    value: float | bool | str


@dataclass(frozen=True, kw_only=True)
class Name(Expr):
    """A bare name."""

    name: str


@dataclass(frozen=True, kw_only=True)
class Member(Expr):
    """`base.name`; the name ends where the expression ends."""

    base: Expr
    name: str

    @property
    def field(self) -> Name:
        """The name after the point."""
        return Name(start=self.end - len(self.name), end=self.end, name=self.name)

    @property
    def parts(self) -> tuple[Expr, ...]:
        """The expression before the point."""
        return (self.base,)


@dataclass(frozen=True, kw_only=True)
class Argument(Expr):
    """An argument of a call, `name` None where it is given by position."""

    name: str | None
    value: Expr

    @property
    def parts(self) -> tuple[Expr, ...]:
        """The argument's value."""
        return (self.value,)


@dataclass(frozen=True, kw_only=True)
class Apply(Expr):
    """A call: `function(arguments...)`."""

    function: Expr
    arguments: tuple[Argument, ...]

    @property
    def parts(self) -> tuple[Expr, ...]:
        """The function and its arguments."""
        return (self.function, *self.arguments)


@dataclass(frozen=True, kw_only=True)
class Index(Expr):
    """`base[bars]`."""

    base: Expr
    bars: Expr

    @property
    def parts(self) -> tuple[Expr, ...]:
        """The indexed expression and the index."""
        return (self.base, self.bars)


@dataclass(frozen=True, kw_only=True)
class Operation(Expr):
    """An operator on one (`neg`, `not`), two, or for `and` and `or` two or more arguments.

    A chain `a < b < c` is the `and` of its links.
    """

    op: str
    args: tuple[Expr, ...]

    @property
    def parts(self) -> tuple[Expr, ...]:
        """The arguments."""
        return self.args


def names(expr: Expr) -> Iterator[Name]:
    """Yield the bare names in an expression in the order written, without function names."""
    stack = [expr]
    while stack:
        part = stack.pop()
        if isinstance(part, Name):
            yield part
        elif isinstance(part, Apply) and isinstance(part.function, Name):
            stack.extend(reversed(part.arguments))
        else:
            stack.extend(reversed(part.parts))
