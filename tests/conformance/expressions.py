"""Expressions of the language at random, by type, over all of the catalog and the grammar.

Windows are short and constants stand on the ladder of prices, so that conditions are known within
a few bars, are often true, and often meet what they are compared with exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from rtrade.catalog.registry import Entry, Kind, Param, Registry

PRICES = ("close", "open", "high", "low", "hl2", "hlc3", "ohlc4", "volume")
NUMBERS = ("100", "90", "112.5", "80", "125", "0", "1", "50", "30", "0.5", "2", "-1", "1e-3", "75.")
COMPARISONS = ("<", ">", "<=", ">=", "==", "!=")
# Windows a little above the least one that a param allows.
BEYOND = (0, 1, 2, 1, 3, 5, 9)
SHARES = (0.0, 0.5, 1.0, 0.25)
BACK = ("1", "2", "1", "3", "5", "0")
# Conditions that are about prices, and so seldom the same on all bars.
PLAIN = (
    *("close > open", "close < open", "close >= open[1]", "low <= lowest(low, 3)[1]"),
    *("crosses_above(close, open)", "rising(close, 1)", "falling(close, 1)", "close == open"),
    *("close >= 100", "close <= 100", "weekday < 3", "hour >= 12", "high == low", "true"),
    *("crosses_below(close, 100)", "close > highest(high, 2)[1]", "not (close > open)"),
)


@dataclass
class Names:
    """The names that an expression may use: what was declared before it."""

    params: list[str] = field(default_factory=list)
    series: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    conditions: list[str] = field(default_factory=list)
    # Names of choices with their choices.
    choices: dict[str, list[str]] = field(default_factory=dict)


class Grammar:
    """Writes expressions of the wanted kind; what it uses of the catalog is noted in `used`."""

    def __init__(self, pick: Callable, registry: Registry, names: Names) -> None:
        self.pick = pick
        self.names = names
        self.used: set[str] = set()
        entries = registry.entries()
        self._calls = {
            kind: [one for one in entries if any(out.kind is kind for out in one.outputs)]
            for kind in (Kind.NUMBER, Kind.BOOLEAN)
        }

    def expression(self, kind: Kind, depth: int = 3) -> str:
        return self.number(depth) if kind is Kind.NUMBER else self.condition(depth)

    def condition(self, depth: int) -> str:
        forms = [self._plain]
        if depth > 0:
            forms += [self._compared, self._compared, self._joined, self._negated, self._true_call]
            forms += [self._plain, self._chained, self._past_condition]
        if self.names.conditions:
            forms += [self._named_condition]
        if self.names.choices:
            forms += [self._chosen]
        return self.pick(forms)(depth)

    def number(self, depth: int) -> str:
        """Return an expression that changes from bar to bar."""
        forms = [self._price, self._price]
        if depth > 0:
            forms += [self._called, self._called, self._calculated, self._minus, self._past_number]
        if self.names.numbers:
            forms += [self._named_number]
        return self.pick(forms)(depth)

    def share(self) -> str:
        """Return a fraction in 0..1 or a percentage, as what scales a size."""
        return self.pick(
            (
                "close / highest(close, 3)",
                "percent_rank(close, 4)",
                "low / high",
                "rsi(close, 2) / 100",
                f"percent_rank({self.number(1)}, 3)",
                f"min(close, {self.pick(PRICES[:4])}) / close",
                self.number(2),
            )
        )

    def _plain(self, _: int) -> str:
        return self.pick(PLAIN)

    def _named_condition(self, _: int) -> str:
        return self.pick(self.names.conditions)

    def _named_number(self, _: int) -> str:
        return self.pick(self.names.numbers)

    def _chosen(self, _: int) -> str:
        name = self.pick(list(self.names.choices))
        return f"{name} {self.pick(('==', '!='))} '{self.pick(self.names.choices[name])}'"

    def _compared(self, depth: int) -> str:
        left, right = self.number(depth - 1), self._operand(depth - 1)
        if self.pick((False, False, True)):
            left, right = right, left
        return f"{left} {self.pick(COMPARISONS)} {right}"

    def _chained(self, depth: int) -> str:
        first, last = self._operand(0), self._operand(depth - 1)
        middle = self.number(depth - 1)
        return f"{first} {self.pick(COMPARISONS)} {middle} {self.pick(COMPARISONS)} {last}"

    def _joined(self, depth: int) -> str:
        word = self.pick(("and", "or"))
        return f"({self.condition(depth - 1)}) {word} ({self.condition(depth - 1)})"

    def _negated(self, depth: int) -> str:
        return f"not ({self.condition(depth - 1)})"

    def _true_call(self, depth: int) -> str:
        return self._call(Kind.BOOLEAN, depth)

    def _called(self, depth: int) -> str:
        return self._call(Kind.NUMBER, depth)

    def _past_condition(self, depth: int) -> str:
        return f"({self.condition(depth - 1)})[{self.pick(BACK)}]"

    def _past_number(self, depth: int) -> str:
        return f"({self.number(depth - 1)})[{self.pick(BACK)}]"

    def _minus(self, depth: int) -> str:
        return f"-({self.number(depth - 1)})"

    def _calculated(self, depth: int) -> str:
        left, right = self.number(depth - 1), self._operand(depth - 1)
        if self.pick((False, True)):
            left, right = right, left
        return f"({left} {self.pick(('+', '-', '*', '/', '%'))} {right})"

    def _price(self, _: int) -> str:
        name = self.pick(PRICES)
        if self.names.series and self.pick((False, True)):
            return f"{self.pick(self.names.series)}.{name}"
        return name

    def _operand(self, depth: int) -> str:
        """Return a number, a constant often."""
        if self.pick((True, False)):
            return self.number(depth)
        return self.pick((*NUMBERS, *self.names.params))

    def _call(self, kind: Kind, depth: int) -> str:
        entry: Entry = self.pick(self._calls[kind])
        self.used.add(entry.name)
        given = [self.expression(one.kind, depth - 1) for one in entry.inputs]
        given += self._params(entry.params)
        prefix = ""
        if entry.prices and self.names.series and self.pick((False, True)):
            prefix = f"{self.pick(self.names.series)}."
        outputs = [out.name for out in entry.outputs if out.kind is kind]
        suffix = f".{self.pick(outputs)}" if len(entry.outputs) > 1 else ""
        bare = not given and self.pick((False, True))
        arguments = "" if bare else f"({', '.join(given)})"
        return f"{prefix}{entry.name}{arguments}{suffix}"

    def _params(self, params: tuple[Param, ...]) -> list[str]:
        """Return arguments for params; the last ones by name in one of four calls."""
        values = [self._param(param) for param in params]
        plain = len(params) if self.pick((True, True, True, False)) else self.pick(range(3))
        return [
            value if place < plain else f"{param.name}={value}"
            for place, (param, value) in enumerate(zip(params, values, strict=True))
        ]

    def _param(self, param: Param) -> str:
        if self.names.params and self.pick((False, False, True)):
            return self.pick(self.names.params)
        if param.integer:
            return str(int(min(param.min + self.pick(BEYOND), param.max)))
        return repr(param.min + self.pick(SHARES) * min(param.max - param.min, 3.0))
