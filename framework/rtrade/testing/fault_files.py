"""Fault scripts that users write, in YAML or JSON, with a finding for everything that is wrong."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rtrade.config.document import Document
from rtrade.config.document import Path as Place
from rtrade.config.reader import read
from rtrade.core.diagnostics import Diagnostic
from rtrade.core.errors import InvalidInput
from rtrade.core.timeframes import parse_time
from rtrade.core.units import parse_fraction
from rtrade.testing.faults import Fault, WrittenScript
from rtrade.testing.frames import FRAMES
from rtrade.testing.kinds import KINDS, Key, keys_of

_ROOT = {
    "seed": Key("What decides where chance does.", 0, low=0, high=2**63, whole=True),
    "faults": Key("The faults.", required=True),
}
_OWN = ("endpoint", "stream", "nth", "probability", "count")


def read_script(path: Path) -> WrittenScript:
    """Read a fault script; raise InvalidInput with all findings."""
    return _Reader(read(path)).script()


class _Reader:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._findings: list[Diagnostic] = []

    def script(self) -> WrittenScript:
        data = self._document.data
        if not isinstance(data, dict):
            self._say("RT020", "a fault script is a mapping with `faults`", (), "write `faults:`")
            raise InvalidInput(self._findings)
        self._known(data, (), list(_ROOT))
        seed = self._number(data.get("seed", 0), ("seed",), _ROOT["seed"])
        entries = data.get("faults", [])
        if "faults" not in data:
            self._say("RT022", "`faults` is missing", (), "list what shall happen below `faults:`")
        elif not isinstance(entries, list):
            self._say("RT020", "`faults` is a list", ("faults",), "write `- kind: ...` lines")
            entries = []
        faults = [self._fault(entry, ("faults", at)) for at, entry in enumerate(entries)]
        if self._findings:
            raise InvalidInput(self._findings)
        return WrittenScript([one for one in faults if one is not None], int(seed or 0))

    def _fault(self, entry: Any, place: Place) -> Fault | None:
        if not isinstance(entry, dict):
            self._say("RT020", "a fault is a mapping with `kind`", place, "write `- kind: ban`")
            return None
        name = entry.get("kind")
        if "kind" not in entry:
            self._say("RT022", "`kind` is missing", place, f"one of {_listed(list(KINDS))}")
            return None
        if not isinstance(name, str) or name not in KINDS:
            self._choice(name, (*place, "kind"), list(KINDS), "kind of fault")
            return None
        keys = keys_of(KINDS[name])
        self._known(entry, place, ["kind", *keys])
        values = {}
        for key, allowed in keys.items():
            if key in entry:
                values[key] = self._value(key, entry[key], (*place, key), allowed)
            elif allowed.required:
                self._say("RT022", f"`{key}` is missing in `{name}`", place, allowed.doc)
        own = {key: values.pop(key) for key in _OWN if key in values}
        if "nth" in own and "probability" in own:
            self._say("RT029", "a fault has `nth` or `probability`, not both",
                      (*place, "probability"), "leave one out")  # fmt: skip
        return Fault(name, values, **own)

    def _value(self, key: str, value: Any, place: Place, allowed: Key) -> Any:
        if allowed.choices:
            if value not in allowed.choices or isinstance(value, bool):
                self._choice(value, place, list(allowed.choices), f"`{key}`")
            return value
        if key == "probability":
            return self._fraction(value, place)
        if key in ("time", "at"):
            return self._time(value, place)
        if key == "timeframe" and value not in FRAMES:
            self._choice(value, place, list(FRAMES), "`timeframe`")
            return value
        if allowed.low is not None:
            return self._number(value, place, allowed)
        if not isinstance(value, str) or not value:
            self._say("RT020", f"`{key}` is a text", place, allowed.doc)
        return value

    def _number(self, value: Any, place: Place, allowed: Key) -> float | None:
        kinds = int if allowed.whole else (int, float)
        name = place[-1]
        if isinstance(value, bool) or not isinstance(value, kinds):
            what = "a whole number" if allowed.whole else "a number"
            self._say("RT020", f"`{name}` is {what}", place, allowed.doc)
            return None
        assert allowed.low is not None
        assert allowed.high is not None
        if not allowed.low <= value <= allowed.high:
            bounds = f"between {allowed.low:g} and {allowed.high:g}"
            self._say("RT026", f"`{name}` lies {bounds}, not {value}", place, allowed.doc)
        return value

    def _fraction(self, value: Any, place: Place) -> float | None:
        try:
            fraction = parse_fraction(value) if isinstance(value, str) else None
        except ValueError:
            fraction = None
        if fraction is None:
            self._say("RT024", f"`probability` needs its unit, not `{value}`", place, "write `5%`")
        elif not 0 <= fraction <= 1:
            self._say("RT026", f"a probability lies between 0% and 100%, not {value}", place, None)
        return fraction

    def _time(self, value: Any, place: Place) -> int | None:
        try:
            if isinstance(value, int) and not isinstance(value, bool):
                return value
            return parse_time(str(value))
        except (ValueError, OverflowError):
            message = f"`{value}` is no time"
            self._say("RT025", message, place, "write `2024-01-31T09:00Z` or milliseconds")
            return None

    def _known(self, data: dict[str, Any], place: Place, known: list[str]) -> None:
        for key in data:
            if key not in known:
                close = difflib.get_close_matches(str(key), known, n=1)
                advice = f"did you mean `{close[0]}`?" if close else f"there are {_listed(known)}"
                span = self._document.key_span((*place, key))
                message = f"unknown key `{key}`"
                self._findings.append(self._document.finding("RT021", message, span, help=advice))

    def _choice(self, value: Any, place: Place, known: Sequence[Any], what: str) -> None:
        close = difflib.get_close_matches(str(value), [str(one) for one in known], n=1)
        advice = f"did you mean `{close[0]}`?" if close else f"one of {_listed(known)}"
        self._say("RT023", f"`{value}` is no {what} that there is", place, advice)

    def _say(self, code: str, message: str, place: Place, advice: str | None) -> None:
        span = self._document.value_span(place)
        self._findings.append(self._document.finding(code, message, span, help=advice))


def _listed(names: Sequence[Any]) -> str:
    return ", ".join(f"`{name}`" for name in names)
