"""Lay the options of the command line over a strategy document.

The result is a document like any other: values from options have places too, in a text called
like the option. The n-th `--set` is line n of the text `--set`, so that each finding shows the
option that it is about.
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, replace
from typing import Any

from rtrade.config.decoding import NOTHING, Given
from rtrade.config.document import Document, Path
from rtrade.config.overrides import NO_OVERRIDES, Overrides
from rtrade.config.reader import read_value
from rtrade.config.schema import strategy_schema
from rtrade.config.schema_parts import subschema
from rtrade.config.unavailable import unavailable_key
from rtrade.config.wording import place_of, quoted, similar
from rtrade.core.diagnostics import Diagnostic, SourceText, Span
from rtrade.core.errors import InvalidInput
from rtrade.core.timeframes import Timeframe

SET = "--set"
# Longer than a Timeframe may be: a range may span years.
_LAST = re.compile(r"([1-9][0-9]{0,5}) *([smhdw]|bars?)")


def override(document: Document, overrides: Overrides) -> tuple[Document, Given]:
    """Return the document with all options laid over it; raise InvalidInput."""
    if not isinstance(document.data, dict) or overrides == NO_OVERRIDES:
        return document, NOTHING
    return _Overriding(document, overrides).result()


@dataclass(frozen=True)
class _Target:
    """Where a `--set` goes: a path, and the place of each of its keys in the option's text."""

    path: Path
    spans: tuple[Span, ...]


class _Overriding:
    def __init__(self, document: Document, overrides: Overrides) -> None:
        texts = {
            SET: "\n".join(re.sub(r"[\r\n]", " ", text) for text in overrides.sets),
            **{
                f"--{name}": given
                for name in ("source", "symbol", "start", "end", "last")
                if (given := getattr(overrides, name)) is not None
            },
        }
        self._overrides = overrides
        self._findings: list[Diagnostic] = []
        self._params: dict[str, tuple[Any, Span]] = {}
        self._document = replace(
            document,
            data=copy.deepcopy(document.data),
            values=dict(document.values),
            keys=dict(document.keys),
            texts=dict(document.texts),
            overlays={**document.overlays, **texts},
        )

    def result(self) -> tuple[Document, Given]:
        for number, text in enumerate(self._overrides.sets, start=1):
            self._set(number, text)
        for name in ("symbol", "start", "end"):
            given = getattr(self._overrides, name)
            if given is not None:
                self._option(f"--{name}", ("data", name), given)
        last = self._last()
        source = self._overrides.source
        if source is not None and not source.strip():
            self._find("RT030", "`--source` names nothing", _line("--source", source))
        if self._findings:
            raise InvalidInput(self._findings)
        return self._document, Given(self._params, source, last)

    # --set

    def _set(self, number: int, text: str) -> None:
        key, equals, value = text.partition("=")
        whole = Span(SET, number, 1, number, max(len(text), 1) + 1)
        if not equals or not key.strip():
            help_text = "write `--set key=value`, such as `--set params.fast=12`"
            self._find("RT030", f"`{text}` is not `key=value`", whole, help_text)
            return
        if "\n" in text or "\r" in text:
            self._find("RT030", "a value of `--set` is one line", whole, "write it as `[a, b]`")
            return
        target = self._target(number, key)
        parsed = None if target is None else self._parsed(number, len(key) + 1, value)
        if target is None or parsed is None:
            return
        is_param = len(target.path) == 2 and target.path[0] == "params"
        if is_param and not isinstance(parsed.data, dict):
            self._params[str(target.path[1])] = parsed.data, parsed.values[()]
        else:
            self._put(target, parsed)

    def _target(self, number: int, key: str) -> _Target | None:
        """Return where `key` leads; note what is unknown on the way."""
        path: Path = ()
        spans: list[Span] = []
        at = 1
        for part in key.split("."):
            name = part.strip()
            column = at + len(part) - len(part.lstrip())
            spans.append(Span(SET, number, column, number, column + max(len(name), 1)))
            if not self._known(path, name, spans[-1]):
                return None
            path = (*path, name)
            at += len(part) + 1
        return _Target(path, tuple(spans))

    def _known(self, path: Path, name: str, span: Span) -> bool:
        above = subschema(strategy_schema(), path) or {}
        if subschema(strategy_schema(), (*path, name)) is not None:
            params = self._document.data.get("params")
            if path != ("params",) or (isinstance(params, dict) and name in params):
                return True
            known = list(params) if isinstance(params, dict) else []
        else:
            known = list(above.get("properties", {}))
        refused = unavailable_key(path, name)
        if refused is not None:
            self._find("RT027", refused[0], span, refused[1])
            return False
        guess = similar(name, known)
        what = "param" if path == ("params",) else "key"
        help_text = f"did you mean `{guess}`?" if guess else None
        if not guess and known:
            help_text = f"there are {', '.join(f'`{one}`' for one in known)}"
        self._find("RT030", f"unknown {what} {quoted(name)} in {place_of(path)}", span, help_text)
        return False

    def _parsed(self, number: int, column: int, value: str) -> Document | None:
        # Line breaks and spaces before the value put it where it stands in the option's text.
        padded = "\n" * (number - 1) + " " * column + value
        if not value.strip():
            span = Span(SET, number, column, number, column + 1)
            self._find("RT030", "there is no value after `=`", span, "write `--set key=value`")
            return None
        try:
            return read_value(padded, SET)
        except InvalidInput as invalid:
            for found in invalid.diagnostics:
                line = self._document.line(number, SET)
                self._findings.append(replace(found, source=line))
            return None

    # Laying values over the document

    def _option(self, option: str, path: Path, text: str) -> None:
        span = _line(option, text)
        source = SourceText(text, option, ((0, 1, 1),))
        parsed = Document(option, text, text, {(): span}, {}, {(): source})
        self._put(_Target(path, (span,) * len(path)), parsed)

    def _put(self, target: _Target, parsed: Document) -> None:
        document = self._document
        held = document.data
        for length, part in enumerate(target.path[:-1], start=1):
            if not isinstance(held.get(part), dict):
                self._forget(target.path[:length])
                held[part] = {}
                document.keys[target.path[:length]] = target.spans[length - 1]
                document.values[target.path[:length]] = parsed.values[()]
            held = held[part]
        self._forget(target.path)
        held[target.path[-1]] = parsed.data
        document.keys[target.path] = target.spans[-1]
        base = target.path
        document.values.update({(*base, *path): at for path, at in parsed.values.items()})
        document.keys.update({(*base, *path): at for path, at in parsed.keys.items()})
        document.texts.update({(*base, *path): at for path, at in parsed.texts.items()})

    def _forget(self, path: Path) -> None:
        """Remove the value at `path` with all places in it."""
        document = self._document
        maps: tuple[dict[Path, Any], ...] = (document.values, document.keys, document.texts)
        for places in maps:
            for old in [one for one in places if one[: len(path)] == path]:
                del places[old]
        held = document.data
        for part in path[:-1]:
            held = held.get(part) if isinstance(held, dict) else None
        if isinstance(held, dict):
            held.pop(path[-1], None)

    # --last

    def _last(self) -> int | None:
        text = self._overrides.last
        if text is None:
            return None
        span = _line("--last", text)
        if self._overrides.start is not None:
            help_text = "give one of the two: `--last` counts back from the end"
            self._find("RT030", "`--last` and `--start` exclude each other", span, help_text)
            return None
        match = _LAST.fullmatch(text.strip())
        if match is None:
            message = f"`--last`: {quoted(text)} is not a length of time"
            self._find("RT030", message, span, "write `30d`, `12h` or `500 bars`")
            return None
        self._forget(("data", "start"))
        unit = match[2]
        return int(match[1]) * (
            self._bar() if unit.startswith("bar") else Timeframe.parse(f"1{unit}").ms
        )

    def _bar(self) -> int:
        data = self._document.data.get("data")
        try:
            return Timeframe.parse(data["timeframe"]).ms
        except (AttributeError, KeyError, TypeError, ValueError):
            # The timeframe itself is wrong: the schema says so in a moment.
            return 1

    def _find(self, code: str, message: str, span: Span, help_text: str | None = None) -> None:
        self._findings.append(self._document.finding(code, message, span, help=help_text))


def _line(option: str, text: str) -> Span:
    return Span(option, 1, 1, 1, max(len(text), 1) + 1)
