"""What to say about a value that breaks the schema: code, message and help for each keyword."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rtrade.config import formats
from rtrade.config.document import Path, masked
from rtrade.config.formats import FORMATS, bare_number, plain, readings

# What stands in a source of answers, and not where a strategy asks one.
PROVIDER_KEYS = ("engine", "model", "base_url", "api_key", "prices", "knowledge_cutoff", "seed",
                 "temperature", "top_p", "max_tokens", "threads")  # fmt: skip
# An end that nobody comes near is told to those who passed it.
FAR = 1e12
_SHORT = 40
_LISTED = 16
_TYPES = {
    "object": "keys and values (`key: value`)",
    "array": "a list",
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "`true` or `false`",
}
_COMMA = "put the expression before it in quotes: between `{` and `}` a comma starts a new key"
# Ranges and types as other tools write them.
_RANGE = re.compile(
    r"[\[(]? *(-?[0-9]{1,9}) *(?:-|to|,|:|\.{3}|\u2026|\u2013) *(-?[0-9]{1,9}) *[\])]?"
)
_OTHER_FORMS = {
    **dict.fromkeys(("str", "string"), "text"),
    **dict.fromkeys(("int", "integer", "number", "float", "percent"), "0..100"),
    **dict.fromkeys(("bool", "boolean", "enum", "choice"), "[yes, no]"),
}
_GROUPED = re.compile(r"[0-9]{1,3}([_,' ][0-9]{3})+(\.[0-9]+)?")


@dataclass(frozen=True)
class Words:
    """A finding without its place."""

    code: str
    message: str
    help: str | None = None


# What other tools call the same thing.
_OTHER_WORDS = {
    "buy": "enter_long", "long": "enter_long", "entry": "enter_long", "sell": "exit_long",
    "exit": "exit_long", "short": "enter_short", "cover": "exit_short", "fee": "commission",
    "fees": "commission", "stop": "stop_loss", "sl": "stop_loss", "tp": "take_profit",
    "target": "take_profit", "capital": "cash", "balance": "cash", "interval": "timeframe",
    "pair": "symbol", "ticker": "symbol", "indicators": "signals", "parameters": "params",
    "conditions": "rules", "fees_and_slippage": "costs",
}  # fmt: skip


def synonym(name: str, known: Iterable[str]) -> str | None:
    """Return the element of `known` that other tools call `name`, or None."""
    meant = _OTHER_WORDS.get(name.lower(), "")
    return meant if meant in known else None


def similar(name: str, known: Iterable[str]) -> str | None:
    """Return the element of `known` that was probably meant by `name`, or None."""
    plainly = {one.lower().replace("-", "_"): one for one in known}
    wanted = name.lower().replace("-", "_").replace(" ", "_")
    close = difflib.get_close_matches(wanted[:100], plainly, n=1, cutoff=0.6)
    return plainly[close[0]] if close else None


def quoted(value: object) -> str:
    """Show a value of the file in a message, cut where it is long."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, int | float):
        return f"`{plain(value)}`"
    if isinstance(value, dict):
        return "keys and values"
    if isinstance(value, list):
        return "a list"
    text = masked(str(value))
    return f"`{text if len(text) <= _SHORT else text[:_SHORT] + '…'}`"


def place_of(path: Path) -> str:
    """Name the mapping at `path`: `risk`, `data.also`, or the file."""
    words = ".".join(str(part) for part in path if isinstance(part, str))
    return f"`{words}`" if words else "the file"


def label(path: Path) -> str:
    """Name the value at `path`: its key, or its place in a list."""
    if not path:
        return "the file"
    last = path[-1]
    return f"`{last}`" if isinstance(last, str) else f"item {last + 1} of {place_of(path)}"


def wrong_value(keyword: str, path: Path, value: Any, schema: Mapping[str, Any]) -> Words:
    """Describe a value that breaks `keyword` of its schema."""
    if keyword in ("type", "pattern", "minLength"):
        return _wrong_form(path, value, schema)
    if keyword == "enum":
        return _wrong_choice(path, value, schema)
    if keyword in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
        return out_of_range(path, value, schema)
    if keyword in ("minProperties", "minItems", "anyOf"):
        return _too_few(path, schema)
    return Words("RT020", f"{label(path)} is not allowed to be {quoted(value)}")


def _wrong_form(path: Path, value: Any, schema: Mapping[str, Any]) -> Words:
    name = schema.get("format", "")
    if value is None or value == "":
        return Words("RT020", f"{label(path)} is empty", f"{_advice(schema)}, or remove the key")
    if name == formats.EXPRESSION:
        return _wrong_expression(path, value)
    number = bare_number(value)
    if number is not None and isinstance(value, str) and _numeric(schema):
        message = f"{label(path)} must be a number, not text"
        return Words("RT020", message, f"write `{number}` without quotes")
    if number is not None and (both := readings(number, name, _example(schema))) is not None:
        return Words("RT024", f"{label(path)} needs a unit: `{number}` has none", both)
    if isinstance(value, str) and _GROUPED.fullmatch(value):
        digits = re.sub("[_,' ]", "", value)
        message = f"{label(path)}: {quoted(value)} is text, not a number"
        return Words("RT020", message, f"write `{digits}`")
    if isinstance(value, str) and name in FORMATS:
        message = f"{label(path)}: {quoted(value)} is not {FORMATS[name].noun}"
        meant = _capitals(value, name) or _answer_form(value, name)
        return Words("RT025", message, meant or _advice(schema))
    expected = FORMATS[name].noun if name in FORMATS else _expected(schema)
    message = f"{label(path)} must be {expected}, not {quoted(value)}"
    return Words("RT020", message, _shape_advice(path, value, schema) or _advice(schema))


def _wrong_expression(path: Path, value: Any) -> Words:
    if len(path) == 2 and path[0] == "signals":
        what, example = "a signal", "`sma(close, 20)`"
    elif path[0] == "rules":
        what, example = "a rule", "`close > sma(close, 50)`"
    else:
        what, example = label(path), "`sma(close, 20)`"
    message = f"{label(path)} is {quoted(value)}; {what} is a text that holds an expression"
    if isinstance(value, list) and path[0] == "rules":
        return Words("RT020", message, "write one expression, its parts joined by `and` or `or`")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Words("RT020", message, f"write an expression such as {example}")
    number = plain(value)
    if path[0] != "signals":
        return Words("RT020", message, f"write an expression such as {example}")
    help_text = f'write `"{number}"` in quotes, or declare it under `params:`'
    return Words("RT020", message, help_text)


def _wrong_choice(path: Path, value: Any, schema: Mapping[str, Any]) -> Words:
    known = [str(choice) for choice in schema["enum"]]
    if value in known:
        message = f"{label(path)} must be a number, not text"
        return Words("RT020", message, f"write `{value}` without quotes")
    if schema.get("format") == formats.VERSION:
        message = f"{label(path)}: {quoted(value)} is no version of the format that is known"
        return Words("RT023", message, f"write `rtrade: {known[0]}`")
    guess = similar(value, known) if isinstance(value, str) else None
    listed = ", ".join(f"`{choice}`" for choice in known)
    one_of = "one of " if len(known) > 1 else ""
    help_text = f"did you mean `{guess}`?" if guess else f"write {one_of}{listed}"
    return Words("RT023", f"{label(path)} cannot be {quoted(value)}", help_text)


def out_of_range(path: Path, value: Any, schema: Mapping[str, Any]) -> Words:
    """Describe a number outside the ends that its schema states."""
    ends = [
        f"{words} {plain(schema[keyword])}"
        for keyword, words in (
            ("exclusiveMinimum", "above"),
            ("minimum", "at least"),
            ("exclusiveMaximum", "below"),
            ("maximum", "at most"),
        )
        if keyword in schema and not (keyword == "maximum" and value < FAR <= schema[keyword])
    ]
    return Words("RT026", f"{label(path)} must be {' and '.join(ends)}, not {quoted(value)}")


def _too_few(path: Path, schema: Mapping[str, Any]) -> Words:
    if path == ("rules",):
        return Words(
            "RT022", "`rules` has no entry", "add `enter_long:` or `enter_short:` with a condition"
        )
    if "items" in schema and schema["minItems"] > 1:
        return Words("RT022", f"{label(path)} leaves no choice", "write two choices or more")
    if schema.get("type") == "array":
        return Words("RT022", f"{label(path)} is an empty list", "add at least one item")
    if "properties" not in schema:
        message = f"{label(path)} says nothing"
        return Words("RT022", message, f"write for example `{path[-1]}: {_example(schema)}`")
    scaling = ("scale_by", "risk_levels")
    known = ", ".join(f"`{name}`" for name in schema["properties"] if name not in scaling)
    return Words("RT022", f"{label(path)} says nothing", f"give it one of {known}")


def missing_key(path: Path, key: str, schema: Mapping[str, Any]) -> Words:
    """Describe a key that must be there."""
    where = "" if not path else f" in {place_of(path)}"
    example = _example(schema)
    message = f"the key `{key}` is missing{where}"
    return Words("RT022", message, f"add `{key}: {example}`" if example else f"add `{key}:`")


def unknown_key(
    path: Path, key: str, guess: str | None, home: str | None, known: Iterable[str] = ()
) -> Words:
    """Describe a key that the schema does not know; `home` is where the guess would stand."""
    message = f"unknown key {quoted(key)} in {place_of(path)}"
    if _torn(key):
        return Words("RT021", message, _COMMA)
    if not path and key == "llm":
        # Where others have a section for it.
        return Words("RT021", message, "a model is a signal: `signals: {analyst: {llm: {...}}}`")
    if path[-1:] == ("llm",) and (theirs := similar(key, PROVIDER_KEYS)) is not None:
        return Words("RT021", message, f"`{theirs}` belongs into the source file of the provider")
    if guess is None:
        names = [f"`{name}`" for name in known]
        listed = f"the keys are {', '.join(names)}" if 0 < len(names) <= _LISTED else None
        return Words("RT021", message, listed)
    if guess == key:
        return Words("RT021", message, f"`{key}` belongs under `{home}:`")
    where = "" if home is None else f", under `{home}:`"
    return Words("RT021", message, f"did you mean `{guess}`{where}?")


def bad_name(path: Path, key: str) -> Words:
    """Describe a name of the user's own that is no name."""
    message = f"{quoted(key)} in {place_of(path)} is not a name"
    return Words("RT025", message, _COMMA if _torn(key) else FORMATS[formats.NAME].advice)


def misplaced_key(path: Path, kind: object) -> Words:
    """Describe a key that sources of this kind do not have."""
    return Words(
        "RT021", f"{label(path)} has no meaning in a source of `kind: {kind}`", "remove it"
    )


def _torn(key: str) -> bool:
    """Whether a key is the rest of an expression: `b)` of `{x: max(a, b)}`."""
    return key.count(")") > key.count("(")


def _expected(schema: Mapping[str, Any]) -> str:
    types = schema.get("type", "object")
    names = [types] if isinstance(types, str) else types
    return " or ".join(_TYPES.get(name, name) for name in names)


def _advice(schema: Mapping[str, Any]) -> str:
    name = schema.get("format", "")
    if name in FORMATS:
        return FORMATS[name].advice
    return f"write {_expected(schema)}"


def _numeric(schema: Mapping[str, Any]) -> bool:
    types = schema.get("type", ())
    return not {"number", "integer"}.isdisjoint([types] if isinstance(types, str) else types)


def _example(schema: Mapping[str, Any]) -> str | None:
    examples = schema.get("examples")
    if not examples:
        return None
    return _written(examples[0])


def _written(value: Any) -> str:
    """Write a value as YAML would on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_written(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_written, value)) + "]"
    return value if isinstance(value, str) else plain(value)


def _capitals(value: str, name: str) -> str | None:
    """Suggest a symbol in capitals, or a timeframe in small letters, where that is all it lacks."""
    if name == formats.TIMEFRAME and value.endswith("M"):
        return f"`{value.lower()}` are minutes; months are `1M`, `2M`, `3M`, `4M`, `6M` or `12M`"
    changed = {formats.SYMBOL: value.upper(), formats.TIMEFRAME: value.lower()}.get(name)
    if name == formats.SYMBOL and changed is not None:
        changed = changed.replace("-", "/").replace("_", "/") if "/" not in changed else changed
    if changed is None or not FORMATS[name].matches(changed):
        return None
    return f"write `{changed}`"


def _answer_form(value: str, name: str) -> str | None:
    """Say how the form of an answer is written that other tools would write as `value`."""
    if name != formats.ANSWER:
        return None
    meant = _OTHER_FORMS.get(value.strip().lower())
    ends = _RANGE.fullmatch(value)
    if ends is not None:
        meant = f"{ends[1]}..{ends[2]}"
    return f"write `{meant}`" if meant else None


def _shape_advice(path: Path, value: Any, schema: Mapping[str, Any]) -> str | None:
    """Show what a mapping looks like where something else was written."""
    if not path:
        return "start with `rtrade: 1`"
    if path == ("signals",):
        return "name each signal, such as `average: sma(close, 20)`"
    if len(path) == 2 and path[0] == "params" and bare_number(value) is not None:
        return f"write `{path[1]}: {{default: {bare_number(value)}}}`"
    if schema.get("type") == "object" and (example := _example(schema)) is not None:
        return f"write for example `{path[-1]}: {example}`"
    return None
