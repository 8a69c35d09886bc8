"""Check the shape of a document against its schema, and say in our own words what is wrong.

`fitting` passes what is right; of all else jsonschema finds what is wrong, and `wording` speaks.
A typo that explains a missing key is one finding, not two; a value that is refused for what it is
(unsafe, of a later version) is not also blamed for its shape.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rtrade.config import wording
from rtrade.config.document import Document, Path
from rtrade.config.fitting import fits, matches
from rtrade.config.safety import unsafe_in_source, unsafe_in_strategy
from rtrade.config.schema import strategy_schema
from rtrade.config.schema_parts import Schema, subschema
from rtrade.config.schema_sources import datasource_schema
from rtrade.config.unavailable import unavailable_key
from rtrade.config.wording import Words
from rtrade.core.diagnostics import Diagnostic, Span

# More would not be read; a file of nothing but mistakes must not take minutes.
MAX_FINDINGS = 100


@dataclass(frozen=True)
class _Shape:
    """A kind of file: its schema, and what its values may not hold."""

    schema: Callable[[], Schema]
    unsafe: Callable[[Any], Iterator[tuple[Path, Words]]]

    @cached_property
    def validator(self) -> Any:
        # Loaded late, for a wrong file: jsonschema costs more to import than a file to check.
        from jsonschema import Draft7Validator, validators

        extend: Any = validators.extend
        return extend(Draft7Validator, {"pattern": _pattern})(self.schema())

    @cached_property
    def homes(self) -> dict[str, str]:
        """For each key below the top level the section that it belongs to."""
        found: dict[str, str] = {}
        for name, section in self.schema()["properties"].items():
            for key in section.get("properties", {}):
                found.setdefault(key, name)
        return found


_STRATEGY = _Shape(strategy_schema, unsafe_in_strategy)
_SOURCE = _Shape(datasource_schema, unsafe_in_source)


def check_strategy(document: Document) -> list[Diagnostic]:
    """Return what is wrong with the shape of a strategy file."""
    data = document.data
    if isinstance(data, dict) and "kind" in data and "rules" not in data:
        words = Words("RT029", "this is a source file, not a strategy", "name it with `--source`")
        return [_finding(document, words, document.key_span(("kind",)))]
    return _Check(document, _STRATEGY).findings()


def check_source(document: Document) -> list[Diagnostic]:
    """Return what is wrong with the shape of a source file."""
    data = document.data
    if isinstance(data, dict) and "rules" in data and "kind" not in data:
        words = Words("RT029", "this is a strategy file, not a source", "name a file with `kind:`")
        return [_finding(document, words, document.key_span(("rules",)))]
    return _Check(document, _SOURCE).findings()


def in_order(findings: list[Diagnostic]) -> list[Diagnostic]:
    """Return the first distinct findings in the order of the file, those of options after it."""
    return sorted(dict.fromkeys(findings), key=lambda found: _place(found.span))[:MAX_FINDINGS]


def _place(span: Span | None) -> tuple[bool, int, int]:
    return (True, 0, 0) if span is None else (span.file[:2] == "--", span.line, span.column)


class _Check:
    def __init__(self, document: Document, shape: _Shape) -> None:
        self._document = document
        self._shape = shape
        self._found: dict[tuple[Path, str], Diagnostic] = {}
        # Values that have had their verdict, and keys that a typo was probably meant for.
        self._settled: set[Path] = set()
        self._guessed: set[Path] = set()

    def findings(self) -> list[Diagnostic]:
        data = self._document.data
        for path, words in (*self._shape.unsafe(data), *_odd_numbers(data)):
            self._add(path, words, self._document.value_span(path))
            self._settled.add(path)
            if len(self._found) >= MAX_FINDINGS:
                break
        errors = [] if fits(data, self._shape.schema()) else self._errors()
        for error in errors:
            if error.validator != "required" and len(self._found) < 2 * MAX_FINDINGS:
                self._report(error, tuple(error.absolute_path))
        for error in errors:
            if error.validator == "required" and len(self._found) < 3 * MAX_FINDINGS:
                self._report_missing(error, tuple(error.absolute_path))
        return in_order(list(self._found.values()))

    def _errors(self) -> list[Any]:
        # jsonschema walks sets: without an order, which findings come first would be chance.
        return sorted(self._shape.validator.iter_errors(self._document.data), key=self._position)

    def _position(self, error: Any) -> tuple[bool, int, int]:
        return _place(self._document.key_span(tuple(error.absolute_path)))

    def _report(self, error: Any, path: Path) -> None:
        if any(path[:length] in self._settled for length in range(1, len(path) + 1)):
            return
        if error.validator == "additionalProperties":
            self._report_unknown(error, path)
        elif "propertyNames" in error.relative_schema_path:
            at = (*path, error.instance)
            self._add(at, wording.bad_name(path, error.instance), self._document.key_span(at))
            self._settled.add(at)
        elif error.validator == "not":
            kind = self._document.data.get("kind")
            self._add(path, wording.misplaced_key(path, kind), self._document.key_span(path))
        elif error.validator != "anyOf" or not self._guessed_below(path):
            words = wording.wrong_value(error.validator, path, error.instance, error.schema)
            empty = error.instance is None or words.code == "RT022"
            place = self._document.key_span if empty else self._document.value_span
            self._add(path, words, _start(place(path)) if not path else place(path))
            self._settled |= {path} if path else set()

    def _report_unknown(self, error: Any, path: Path) -> None:
        known = self._having(path, error.schema["properties"])
        absent = [key for key in known if key not in error.instance]
        for key in error.instance:
            if key not in known and len(self._found) < 2 * MAX_FINDINGS:
                words = self._unknown(path, key, absent, known)
                at = (*path, key)
                self._add(at, words, self._document.key_span(at))

    def _unknown(self, path: Path, key: str, absent: list[str], known: Mapping[str, Any]) -> Words:
        refused = unavailable_key(path, key)
        if refused is not None:
            return Words("RT027", *refused)
        homes = {name: home for name, home in self._shape.homes.items() if (home,) != path}
        if key in homes:
            return wording.unknown_key(path, key, key, homes[key])
        meant = wording.synonym(key, absent)
        guess = meant or wording.similar(key, absent) or wording.similar(key, known)
        if guess is not None:
            self._guessed.add((*path, guess))
            return wording.unknown_key(path, key, guess, None)
        elsewhere = wording.similar(key, homes)
        return wording.unknown_key(path, key, elsewhere, homes.get(elsewhere or ""), known)

    def _having(self, path: Path, known: Mapping[str, Any]) -> dict[str, Any]:
        """Return the keys of a mapping that have a meaning beside its other values."""
        foreign: set[str] = set()
        for part in () if path else self._shape.schema().get("allOf", ()):
            if fits(self._document.data, part["if"]):
                properties = part["then"]["properties"]
                foreign |= {key for key, value in properties.items() if "not" in value}
        return {key: value for key, value in known.items() if key not in foreign}

    def _guessed_below(self, path: Path) -> bool:
        return any(guess[:-1] == path for guess in self._guessed)

    def _report_missing(self, error: Any, path: Path) -> None:
        if any(path[:length] in self._settled for length in range(1, len(path) + 1)):
            return
        for key in error.validator_value:
            at = (*path, key)
            if key in error.instance or at in self._guessed:
                continue
            schema = subschema(self._shape.schema(), at) or {}
            span = self._document.key_span(path)
            self._add(at, wording.missing_key(path, key, schema), span if path else _start(span))

    def _add(self, path: Path, words: Words, span: Span | None) -> None:
        if (path, words.code) not in self._found:
            self._found[path, words.code] = _finding(self._document, words, span)


def _finding(document: Document, words: Words, span: Span | None) -> Diagnostic:
    return document.finding(words.code, words.message, span, help=words.help)


def _start(span: Span | None) -> Span | None:
    """Return the first character of a span: what is said of a whole file needs no more."""
    if span is None:
        return None
    return Span(span.file, span.line, span.column, span.line, span.column + 1)


def _odd_numbers(data: Any, path: Path = ()) -> Iterator[tuple[Path, Words]]:
    if isinstance(data, float) and not math.isfinite(data):
        message = f"{wording.label(path)}: `{data}` is not a number that can be used"
        yield path, Words("RT026", message, "write a finite number")
    elif isinstance(data, dict | list):
        items = data.items() if isinstance(data, dict) else enumerate(data)
        for key, value in items:
            yield from _odd_numbers(value, (*path, key))


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[Any]:  # noqa: ARG001  # jsonschema's signature
    from jsonschema.exceptions import ValidationError

    if isinstance(instance, str) and not matches(pattern, instance):
        yield ValidationError(f"does not match {pattern}")
