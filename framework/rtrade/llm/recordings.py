"""Stored answers as a JSONL file: a recording that others replay without key or network.

One row a line: `{"key", "created", "request", "answer", "details"}`. A key is recomputed when a
recording comes in, so that an answer cannot be put under another question.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rtrade.core.diagnostics import Diagnostic, Span
from rtrade.core.errors import InvalidInput, WorldError
from rtrade.llm.cache import AnswerStore, Record
from rtrade.store.documents import Answer as StoredAnswer

MAX_LINE = 4 * 1024 * 1024
_CHUNK = 500


@dataclass(frozen=True)
class Imported:
    """What an import did: rows that are new, and rows that were there already."""

    added: int
    present: int


def write_recording(rows: Iterable[StoredAnswer], path: Path) -> int:
    """Write rows to the file at `path`, whole or not at all; return how many.

    Raises WorldError where it cannot be written.
    """
    count, temporary = 0, ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "wb", dir=path.parent, prefix=f".{path.name}-", delete=False
        ) as file:
            temporary = file.name
            for row in rows:
                file.write(_line(row) + b"\n")
                count += 1
        Path(temporary).replace(path)
    except OSError as fault:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise WorldError(
            f"cannot write `{path}`: {fault.strerror or fault}", hint="choose another place"
        ) from fault
    return count


def read_recording(path: Path, store: AnswerStore) -> Imported:
    """Add the rows of the file at `path` to the store; rows that are there stay as they are.

    Raises InvalidInput with the first line that is wrong; then nothing is added.
    """
    rows = _rows(path)
    added = sum(
        store.put_answers(rows[at : at + _CHUNK], overwrite=False)
        for at in range(0, len(rows), _CHUNK)
    )
    return Imported(added, len(rows) - added)


def _rows(path: Path) -> list[StoredAnswer]:
    rows: dict[str, StoredAnswer] = {}
    try:
        with path.open("rb") as file:
            lines = iter(lambda: file.readline(MAX_LINE + 1), b"")
            for number, line in enumerate(lines, 1):
                row = _parsed(line, number, str(path))
                rows[row.key] = row
    except FileNotFoundError:
        raise _wrong("RT001", f"there is no file `{path}`", str(path), 1) from None
    except OSError as fault:
        reason = fault.strerror or str(fault)
        raise _wrong("RT002", f"`{path}` cannot be read: {reason}", str(path), 1) from None
    return list(rows.values())


def _line(row: StoredAnswer) -> bytes:
    document = {
        "key": row.key,
        "created": row.created,
        "request": json.loads(row.request),
        "answer": row.answer.decode("utf-8", "surrogatepass"),
        "details": row.details,
    }
    return _written(document)


def _written(document: Any) -> bytes:
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace")


def _parsed(line: bytes, number: int, file: str) -> StoredAnswer:
    if len(line) > MAX_LINE:
        raise _wrong("RT407", "a line is longer than 4 MiB", file, number)
    try:
        found = json.loads(line)
        request = _written(found["request"])
        model, created = found["request"]["model"], found["created"]
        text = found["answer"].encode("utf-8", "surrogatepass")
        if not (isinstance(model, str) and type(created) is int):
            raise ValueError("`model` or `created` is of another type")
        row = StoredAnswer(
            found["key"], model, request.decode(), text, details=found["details"], created=created
        )
        record = Record.of(row)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as fault:
        message = f"line {number} is no stored answer: {fault}"
        raise _wrong("RT407", message, file, number) from None
    replies = (*record.rejected, record.reply)
    return replace(
        row,
        prompt_tokens=sum(one.prompt_tokens for one in replies),
        completion_tokens=sum(one.completion_tokens for one in replies),
    )


def _wrong(code: str, message: str, file: str, line: int) -> InvalidInput:
    advice = "a recording is written by `rtrade llm export`"
    return InvalidInput([Diagnostic(code, message, Span(file, line, 1, line, 2), advice)])
