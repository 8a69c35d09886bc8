"""Strategy documents at random, made from the JSON Schema of strategy files.

The schema is walked: types, enums, patterns, bounds, required and optional properties, free names.
So a property that is added to it is drawn without a word here. For each `format` there are values
that mean something to a run (`VALUES`), and now and then any text of its pattern; expressions come
from a grammar. `_Walk` adds the little that the language asks beyond the schema, so that most
documents compile: one way to size, params within their range, one cadence for a model.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

from conformance.expressions import Grammar, Names
from conformance.patterns import matching
from rtrade.catalog.installed import registry
from rtrade.catalog.registry import Kind
from rtrade.catalog.sizing import SIZERS
from rtrade.config.schema import strategy_schema

Path = tuple[str, ...]

# What there is for a document to name, whatever the workspace.
PROMPTS = {"prompts/any.j2": "{{ close }}", "prompts/other.j2": "{{ open }} {{ close }}"}
VALUES: dict[str, tuple[str, ...]] = {
    "fraction": ("50%", "12.5%", "25%", "95%", "6.25%", "1e1 %", "2%", "50 bps"),
    "distance": ("12.5%", "25%", "50%", "6.25%", "2%", "10%", "50 bps"),
    "length": ("2 bars", "1 bar", "3 bars", "5bars", "1d"),
    "bars": ("2 bars", "3bars", "5 bars", "2d"),
    "timeframe": ("1h", "6h", "15m", "4h", "1d", "3h"),
    "moment": ("2024-01-01T20:00Z", "2024-01-02", "2024-01-01", "2024-01-02 12:00:00"),
    "symbol": ("BTC/USDT", "ETH/BTC", "ETH/USDT", "X1/EUR:EUR"),
    "source": ("sample",),
    "path": tuple(PROMPTS),
    "wait": ("30s", "2m", "90s"),
    "answer": ("0..100", "text", "-3 .. 3", "0..1"),
    "choice": ("buy", "sell", "hold", "low", "high", "not sure"),
    "name": ("a", "b", "fast", "slow", "x1", "daily", "_c", "Z", "risk", "action"),
    "title": ("any", "a-b.c_1"),
}
# By the place of a property, where its format alone says too little.
PLACES: dict[Path, tuple[Any, ...]] = {
    ("params", "*"): (3, 2, 5, 1, 4, 8, 2.0, 0.5, 100, 0, -1, 1e16),
    ("signals", "*", "llm", "provider"): ("local_llm",),
    ("costs", "commission"): ("0%", "0.1%", "1%", "6.25%", "10 bps"),
    ("costs", "commission", "taker"): ("0.1%", "0%", "1%", "6.25%"),
    ("costs", "commission", "maker"): ("0%", "0.1%", "1%", "2 bps"),
    ("costs", "slippage"): ("0%", "0%", "5 bps", "1%", "12.5%", "25%"),
    ("data", "also", "*", "timeframe"): ("1d", "1d", "2d", "1w", "12h"),
    ("data", "end"): ("2025-01-01", "2024-06-01", "2024-02-01T01:00+02:00", "2024-01-05 13:00:00"),
    ("sizing", "quote"): (1000, 500, 100, 3000, 1e4, 1 / 3, 250.0),
    ("sizing", "base"): (1, 0.5, 10, 0.01, 3, 100, 1e-8),
    ("sizing", "equity"): ("100%", "95%", "50%", "12.5%", "1e2 %"),
    ("sizing", "volatility", "target"): ("100%", "20%", "500%", "50%"),
    ("sizing", "volatility", "lookback"): (2, 3, 2, 5),
    ("risk", "*", "atr"): (1, 2.0, 0.5, 3, 10),
    ("risk", "*", "period"): (1, 2, 3, 5),
    ("backtest", "cash"): (1000, 1e4, 1e5, 500, 30, 1e9, 1e16, 1000.25),
}
TEXTS = ("", "any words", "a: b # c", "\u00e9\u4e2d", "'quoted' \"twice\"")
WHOLE = (1, 2, 3, 5, 8, 14, 0, -1, 100)
REAL = (1000, 1, 2.0, 0.5, 3, 10, 100, 0.25, 1e5, 1 / 3, 1e-9, 1e16, 500, 0, -2.5)
QUOTES = ("", " ")
STOPS = ("stop_loss", "trailing_stop")
# One in so many texts is any of its pattern, one in so many keys any name.
ODD = 60


def paths(schema: dict[str, Any], at: Path = ()) -> list[tuple[Path, str]]:
    """Return every place of a schema with each type that may stand there; `*` is a free name."""
    found = [(at, kind) for kind in types(schema)] if at else []
    for name, part in schema.get("properties", {}).items():
        found += paths(part, (*at, name))
    if isinstance(schema.get("additionalProperties"), dict):
        found += paths(schema["additionalProperties"], (*at, "*"))
    if "items" in schema:
        found += paths(schema["items"], (*at, "[]"))
    return found


def types(schema: dict[str, Any]) -> list[str]:
    if "enum" in schema:
        return ["enum"]
    given = schema["type"]
    return [given] if isinstance(given, str) else list(given)


@cache
def _schema() -> dict[str, Any]:
    return strategy_schema()


def document(
    pick: Callable,
    seen: Callable[[Path, str], None] = lambda *_: None,
    schema: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return a document that fits the schema; `seen` is told each place and type as it is drawn."""
    return _Walk(pick, seen).value(_schema() if schema is None else schema, ())


class _Walk:
    """One document being drawn, with the names that it has declared so far."""

    def __init__(self, pick: Callable, seen: Callable[[Path, str], None]) -> None:
        self.pick = pick
        self.seen = seen
        self.names = Names()
        self.taken: set[str] = set()
        self.quote = "USDT"
        self.needs_stop = False
        self.grammar = Grammar(pick, registry(), self.names)
        # What the free names on the way to the value that is being drawn are.
        self.called: list[str] = []

    def value(self, schema: dict[str, Any], at: Path) -> Any:
        kind = self.kind(schema, at)
        if at:
            self.seen(at, kind)
        draw = {
            "enum": lambda: self.pick(schema["enum"]),
            "boolean": lambda: self.pick((True, False)),
            "integer": lambda: self.number(schema, at, WHOLE),
            "number": lambda: self.number(schema, at, REAL),
            "string": lambda: self.text(schema, at),
            "array": lambda: self.items(schema, at),
            "object": lambda: self.mapping(schema, at),
        }
        return draw[kind]()

    def kind(self, schema: dict[str, Any], at: Path) -> str:
        kinds = types(schema)
        if at == ("signals", "*"):
            # Most signals are expressions.
            kinds = ["string"] * 9 + ["object"]
        return self.pick(kinds)

    def chance(self, one_in: int) -> bool:
        return self.pick((False,) * (one_in - 1) + (True,))

    def number(self, schema: dict[str, Any], at: Path, usual: tuple[float, ...]) -> float:
        low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
        open_low = schema.get("exclusiveMinimum", -math.inf)
        open_high = schema.get("exclusiveMaximum", math.inf)
        ends = [end for end in (low, high) if math.isfinite(end)] if self.chance(16) else []
        usual = _at_place(at) or usual
        fitting = [n for n in (*usual, *ends) if low <= n <= high and open_low < n < open_high]
        return self.pick(ends or fitting)

    def text(self, schema: dict[str, Any], at: Path) -> str:
        form, pattern = schema.get("format"), schema.get("pattern")
        if form == "expression":
            return self.expression(at)
        if form == "money":
            amount = self.number({"exclusiveMinimum": 0}, at, REAL)
            return f"{amount}{self.pick(QUOTES)}{self.quote}"
        if pattern is not None and (form not in VALUES or self.chance(ODD)):
            return matching(pattern, self.pick)
        if pattern is None and form not in VALUES:
            return self.pick([text for text in TEXTS if len(text) >= schema.get("minLength", 0)])
        return self.pick(_at_place(at) or VALUES[form])

    def expression(self, at: Path) -> str:
        if at[-1] == "scale_by":
            return self.grammar.share()
        if at == ("sizing", "risk_levels", "signal"):
            return self.pick([*self.names.choices, "close"])
        if at == ("signals", "*"):
            return self.signal()
        return self.grammar.condition(self.pick((0, 1, 2, 0, 3)))

    def signal(self) -> str:
        kind = self.pick((Kind.NUMBER, Kind.BOOLEAN))
        text = self.grammar.expression(kind, self.pick((2, 1, 3)))
        known = self.names.numbers if kind is Kind.NUMBER else self.names.conditions
        known.append(self.called[-1])
        return text

    def items(self, schema: dict[str, Any], at: Path) -> list[Any]:
        least = schema.get("minItems", 0)
        count = least + self.pick((0, 1, 0, 2))
        found = [self.value(schema["items"], (*at, "[]")) for _ in range(count)]
        return _distinct(found, least)

    def mapping(self, schema: dict[str, Any], at: Path) -> dict[str, Any]:
        properties, free = schema.get("properties", {}), schema.get("additionalProperties", False)
        found: dict[str, Any] = {}
        for name in self.chosen(schema, at):
            found[name] = self.value(properties[name], (*at, name))
            if (*at, name) == ("data", "symbol"):
                self.quote = found[name].partition("/")[2].partition(":")[0]
        if isinstance(free, dict):
            self.free(found, schema, free, at)
        if at == ("params", "*"):
            _in_order(found, strict=self.chance(8))
        return found

    def chosen(self, schema: dict[str, Any], at: Path) -> list[str]:
        """Return which properties are given, in the order of the schema."""
        properties, required = schema.get("properties", {}), schema.get("required", [])
        one_in = 4 if "llm" in at else 2
        chosen = {name for name in properties if name in required or self.chance(one_in)}
        for group, single in _alternatives(schema, at):
            # One of the group; now and then as many as were drawn.
            if not chosen & group or (single and not self.chance(ODD)):
                chosen = chosen - group | {self.pick(sorted(group))}
        while len(chosen) < schema.get("minProperties", 0) and properties:
            chosen.add(self.pick(list(properties)))
        self.ask(chosen, at)
        if at == ("signals", "*", "llm"):
            # Examples have to be of the form of the answer: after it.
            properties = sorted(properties, key=lambda name: name == "examples")
        return [name for name in properties if name in chosen]

    def ask(self, chosen: set[str], at: Path) -> None:
        """Choose what the language asks beside the schema, but for a few documents."""
        if at == () and not self.chance(8):
            chosen |= {"risk"}
        if at == ("rules",) and not self.chance(ODD):
            chosen -= {name for name in chosen if name.replace("exit", "enter") not in chosen}
        if at == ("sizing",):
            self.needs_stop = "risk" in chosen and not self.chance(ODD)
            if not self.names.choices:
                chosen.discard("risk_levels")
        if at == ("risk",) and self.needs_stop and not chosen & set(STOPS):
            chosen |= {self.pick(STOPS)}

    def free(
        self, found: dict[str, Any], schema: dict[str, Any], part: dict[str, Any], at: Path
    ) -> None:
        """Add values under names of the user's own."""
        if at == ("sizing", "risk_levels"):
            names = self.names.choices.get(found["signal"], ["low"])
        else:
            least = max(schema.get("minProperties", 0) - len(found), 0)
            names = [self.name(schema) for _ in range(least + self.pick((1, 0, 2, 3)))]
        for name in dict.fromkeys(names):
            self.called.append(name)
            found[name] = self.value(part, (*at, "*"))
            self.declare(at, name, found[name])
            self.called.pop()

    def name(self, schema: dict[str, Any]) -> str:
        pattern = schema.get("propertyNames", {}).get("pattern")
        if pattern is not None and self.chance(ODD):
            return matching(pattern, self.pick)
        fresh = [name for name in VALUES["name"] if name not in self.taken]
        name = self.pick(fresh or VALUES["name"])
        self.taken.add(name)
        return name

    def declare(self, at: Path, name: str, value: Any) -> None:
        """Let later expressions use a name."""
        if at == ("params",):
            self.names.params.append(name)
        elif at == ("data", "also"):
            self.names.series.append(name)
        elif at == ("signals", "*", "llm", "answer"):
            whole = f"{self.called[0]}.{name}"
            if isinstance(value, list):
                self.names.choices[whole] = value
            elif value != "text":
                self.names.numbers.append(whole)


def _at_place(at: Path) -> tuple[Any, ...] | None:
    """Return the values of a place, or of all places like it."""
    alike = (at, at[:2], (*at[:1], "*", *at[2:]))
    return next((PLACES[place] for place in alike if place in PLACES), None)


def _alternatives(schema: dict[str, Any], at: Path) -> list[tuple[set[str], bool]]:
    """Return groups of properties of which one is given, and whether only one may be.

    The schema says that one has to be, the language that it is the only one.
    """
    needed = [name for part in schema.get("anyOf", ()) for name in part["required"]]
    groups = [(set(needed), False)] if needed else []
    if at == ("sizing",):
        groups.append(({sizer.name for sizer in SIZERS}, True))
    if at == ("signals", "*", "llm"):
        groups.append(({"every", "at"}, True))
    return groups


def _distinct(values: list[Any], least: int) -> list[Any]:
    """Return values without those given twice, where enough are left."""
    once = [value for place, value in enumerate(values) if value not in values[:place]]
    return once if len(once) >= least else values


def _in_order(param: dict[str, Any], *, strict: bool) -> None:
    """Put the least, usual and greatest value of a param in order."""
    if strict:
        return
    keys = [key for key in ("min", "default", "max") if key in param]
    for key, value in zip(keys, sorted(param[key] for key in keys), strict=True):
        param[key] = value
