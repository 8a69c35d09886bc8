"""Parameters of endpoints, declared once: they are read, refused and documented by the same words.

A parameter arrives as text. Its `schema` (JSON Schema) tells clients and the OpenAPI document which
texts are read; `read` makes a value of one, and raises ValueError with the reason where it cannot.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rtrade.config.formats import FORMATS, SYMBOL
from rtrade.config.formats import TIMEFRAME as TIMEFRAME_FORMAT
from rtrade.core.timeframes import Timeframe
from rtrade.workflow.runs import RUN_ID

# Times are whole milliseconds since 1970; beyond these there is no market, and no date either.
EARLIEST, LATEST = 0, 4_102_444_800_000
# How often a parameter that may be repeated may be given.
MOST_REPEATED = 20
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,18})")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,18})(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,3})?")


@dataclass(frozen=True)
class Param:
    """One parameter of a query or of a path.

    `default` is the value where it is absent. The value of one that is `repeated` is a tuple.
    """

    name: str
    doc: str
    schema: Mapping[str, Any]
    read: Callable[[str], Any]
    default: Any = None
    required: bool = False
    repeated: bool = False


def text(
    name: str,
    doc: str,
    *,
    pattern: str | None = None,
    longest: int = 200,
    default: str | None = None,
    required: bool = False,
    repeated: bool = False,
    wrong: str = "holds characters that have no place in it",
) -> Param:
    """Return a parameter of printable text that matches `pattern` as a whole.

    `wrong` is what is said of a text that does not.
    """
    schema: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": longest}
    schema["pattern"] = r"^[^\x00-\x1f\x7f]+$" if pattern is None else f"^({pattern})$"
    # `$` alone would let a line break pass.
    known = re.compile(r"[^\x00-\x1f\x7f]+" if pattern is None else pattern)

    def read(given: str) -> str:
        if not 0 < len(given) <= longest:
            raise ValueError(f"has {len(given):,} characters: 1 to {longest:,} are allowed")
        if known.fullmatch(given) is None:
            raise ValueError(wrong)
        return given

    return Param(name, doc, _with_default(schema, default), read, default, required, repeated)


def integer(
    name: str,
    doc: str,
    low: int,
    high: int,
    *,
    default: int | None = None,
    required: bool = False,
) -> Param:
    """Return a parameter of a whole number, `low` and `high` included."""
    schema = {"type": "integer", "minimum": low, "maximum": high}

    def read(given: str) -> int:
        if _INTEGER.fullmatch(given) is None:
            raise ValueError("is not a whole number")
        value = int(given)
        if not low <= value <= high:
            raise ValueError(f"is not in {low:,} to {high:,}")
        return value

    return Param(name, doc, _with_default(schema, default), read, default, required)


def number(
    name: str,
    doc: str,
    low: float,
    high: float,
    *,
    default: float | None = None,
    required: bool = False,
) -> Param:
    """Return a parameter of a number, `low` and `high` included."""
    schema = {"type": "number", "minimum": low, "maximum": high}

    def read(given: str) -> float:
        if _NUMBER.fullmatch(given) is None:
            raise ValueError("is not a number")
        value = float(given)
        if not low <= value <= high:
            raise ValueError(f"is not in {low:g} to {high:g}")
        return value

    return Param(name, doc, _with_default(schema, default), read, default, required)


def moment(name: str, doc: str, *, default: int | None = None, required: bool = False) -> Param:
    """Return a parameter of a time: milliseconds since 1970, UTC."""
    doc = f"{doc} Milliseconds since 1970, UTC."
    return integer(name, doc, EARLIEST, LATEST, default=default, required=required)


def choice(
    name: str,
    doc: str,
    choices: Sequence[str],
    *,
    default: str | None = None,
    required: bool = False,
) -> Param:
    """Return a parameter that is one of `choices`."""
    schema = {"type": "string", "enum": list(choices)}

    def read(given: str) -> str:
        if given not in choices:
            raise ValueError(f"is none of {', '.join(choices)}")
        return given

    return Param(name, doc, _with_default(schema, default), read, default, required)


def flag(name: str, doc: str, *, default: bool = False) -> Param:
    """Return a parameter that is `true` or `false`."""
    words = {"true": True, "false": False}

    def read(given: str) -> bool:
        if given not in words:
            raise ValueError("is neither true nor false")
        return words[given]

    return Param(name, doc, {"type": "boolean", "default": default}, read, default)


def timeframe(name: str = "timeframe", *, required: bool = False) -> Param:
    """Return a parameter of a timeframe; its value is a `Timeframe`."""
    form = FORMATS[TIMEFRAME_FORMAT].pattern
    schema = {"type": "string", "pattern": f"^({form})$", "examples": ["1m", "1h", "1d"]}
    doc = "Length of a bar, such as 1m, 1h or 1d; at most 52 weeks."
    return Param(name, doc, schema, _timeframe, None, required)


def _timeframe(given: str) -> Timeframe:
    try:
        return Timeframe.parse(given) if given == given.strip() else Timeframe.parse("")
    except ValueError:
        raise ValueError("is not a timeframe: write 5m, 1h or 1d; at most 52 weeks") from None


def symbol(name: str = "symbol", *, required: bool = True) -> Param:
    """Return a parameter of a symbol as ccxt writes it."""
    form = FORMATS[SYMBOL].pattern
    assert form is not None
    doc = "A market as ccxt writes it, such as BTC/USDT."
    return text(name, doc, pattern=form, longest=60, required=required)


def run_id(name: str = "run_id") -> Param:
    """Return a parameter of a path that is the id of a run, and never anything else."""
    return text(name, "The id of a run.", pattern=RUN_ID, longest=75, required=True)


def _with_default(schema: dict[str, Any], default: Any) -> dict[str, Any]:
    return schema if default is None else {**schema, "default": default}
