"""Which column of a file is which: as stated, or by the names that columns usually have."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from rtrade.config.definitions import Columns
from rtrade.core.bars import COLUMNS
from rtrade.core.diagnostics import Diagnostic, Span
from rtrade.core.errors import InvalidInput

TIME_NAMES = (
    "ts",
    "time",
    "timestamp",
    "date",
    "datetime",
    "open_time",
    "opentime",
    "open time",
    "unix",
    "unix timestamp",
    "time_utc",
    "datetime_utc",
    "date_utc",
)


@dataclass(frozen=True)
class _Problem:
    message: str
    help: str


def find_columns(
    wanted: Columns, names: Sequence[str], path: Path, header: str | None = None
) -> Mapping[str, int]:
    """Return the index in `names` of time, open, high, low, close and volume.

    A name is matched as it is, else without regard to case. Raises InvalidInput (RT304) with
    every column that is missing or could be more than one.
    """
    found: dict[str, int] = {}
    problems: list[_Problem] = []
    for role in COLUMNS:
        stated: str | None = getattr(wanted, role)
        result = _stated(role, stated, names) if stated is not None else _usual_time(names)
        if isinstance(result, int):
            found[role] = result
        else:
            problems.append(result)
    if problems:
        problems = _whole_header(names) or problems
        span = Span(str(path), 1, 1, 1, len(header or "") + 1)
        raise InvalidInput(
            [
                Diagnostic("RT304", f"{path.name}: {each.message}", span, each.help, source=header)
                for each in problems
            ]
        )
    return found


def _stated(role: str, name: str, names: Sequence[str]) -> int | _Problem:
    matches = [at for at, has in enumerate(names) if has == name]
    matches = matches or [at for at, has in enumerate(names) if has.lower() == name.lower()]
    if len(matches) == 1:
        return matches[0]
    if matches:
        return _Problem(f"{len(matches)} columns are called `{name}`", "rename all but one")
    near = difflib.get_close_matches(name.lower(), [has.lower() for has in names], n=1)
    guess = next((has for has in names if near and has.lower() == near[0]), None)
    return _Problem(
        f"there is no column `{name}`" + ("" if name == role else f" for {role}"),
        _say_columns(names)
        + (f"; did you mean `{guess}`?" if guess else "")
        + f"; name it in the source file: `columns: {{{role}: {guess or '...'}}}`",
    )


def _usual_time(names: Sequence[str]) -> int | _Problem:
    matches = [at for at, has in enumerate(names) if has.lower() in TIME_NAMES]
    if len(matches) == 1:
        return matches[0]
    state = "name it in the source file: `columns: {time: ...}`"
    if not matches:
        near = [has for has in names if difflib.get_close_matches(has.lower(), TIME_NAMES, n=1)]
        guess = f"; did you mean `{near[0]}`?" if near else ""
        return _Problem(
            "no column has a usual name of a time", f"{_say_columns(names)}{guess}; {state}"
        )
    which = " and ".join(f"`{names[at]}`" for at in matches)
    return _Problem(f"the time could be {which}", f"{state.replace('...', names[matches[0]])}")


def _whole_header(names: Sequence[str]) -> list[_Problem]:
    """Return what is wrong with the first line as a whole, where that explains all."""
    if len(names) == 1:
        help_text = "put a comma, a semicolon or a tab between the cells of all lines"
        return [_Problem("the first line has one column only", help_text)]
    if sum(map(_is_number, names)) >= len(names) - 1:
        message = "the first line is not a header: it holds numbers"
        return [_Problem(message, "put one before it: `time,open,high,low,close,volume`")]
    return []


def _say_columns(names: Sequence[str]) -> str:
    return "the columns are " + ", ".join(f"`{name}`" for name in names)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


assert tuple(each.name for each in fields(Columns)) == COLUMNS
