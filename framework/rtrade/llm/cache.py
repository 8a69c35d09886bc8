"""Stored answers: what was asked, what came back, what it cost. A row never changes by itself.

The name of a row is the sha256 of everything that was sent, so that an equal question is never
paid for twice, and a run is replayed by whoever has the rows. Replies that are no valid answer
are kept like others: asking again would be another run. That there was no reply is never kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from rtrade.config.llm_definitions import CacheMode
from rtrade.core.errors import AnswerMissing, LlmError
from rtrade.core.timeframes import iso
from rtrade.llm.comparing import difference
from rtrade.llm.replies import Reply, Request
from rtrade.store.documents import Answer as StoredAnswer

_CHUNK = 500


class AnswerStore(Protocol):
    """Where rows are kept, such as `rtrade.store`. Methods may be called from any thread."""

    def answers(self, keys: Sequence[str]) -> Mapping[str, StoredAnswer]:
        """Return the rows there are, by key."""
        ...

    def put_answers(self, answers: Sequence[StoredAnswer], *, overwrite: bool = False) -> int:
        """Keep rows; one whose key is there stays, unless `overwrite`. Return how many are new."""
        ...

    def recent_answers(self, model: str, limit: int) -> Sequence[StoredAnswer]:
        """Return the latest rows of a model, the newest first."""
        ...

    def answer_keys(self) -> Sequence[str]:
        """Return the keys of all rows, sorted."""
        ...


@dataclass(frozen=True)
class Record:
    """The last reply to a request, those that a repair replaced, and what all of them cost."""

    reply: Reply
    rejected: tuple[Reply, ...] = ()
    cost: float | None = None

    def row(self, request: Request, created: int) -> StoredAnswer:
        """Return the record as a row: the text of the reply as bytes, the rest as details."""
        known = self.reply.document()
        text = known.pop("text")
        replies = (*self.rejected, self.reply)
        return StoredAnswer(
            key=request.key,
            model=request.model,
            request=request.canonical.decode(),
            answer=(text or "").encode("utf-8", "surrogatepass"),
            prompt_tokens=sum(one.prompt_tokens for one in replies),
            completion_tokens=sum(one.completion_tokens for one in replies),
            details={
                "reply": known | {"silent": text is None},
                "rejected": [one.document() for one in self.rejected],
                "cost": self.cost,
            },
            created=created,
        )

    @classmethod
    def of(cls, row: StoredAnswer) -> Record:
        """Return the record of a row; raise ValueError where the row is not what was written."""
        if hashlib.sha256(row.request.encode()).hexdigest() != row.key:
            raise ValueError("its request is not the one it is named after")
        try:
            known = dict(row.details["reply"])
            silent = known.pop("silent")
            text = None if silent else row.answer.decode("utf-8", "surrogatepass")
            rejected = tuple(Reply.from_document(one) for one in row.details["rejected"])
            cost = row.details["cost"]
            if not isinstance(cost, float | int | None):
                raise ValueError("`cost` is no number")  # noqa: TRY004  one error for all
            return cls(Reply.from_document(known | {"text": text}), rejected, cost)
        except (KeyError, TypeError) as fault:
            raise ValueError(f"not a stored answer: {fault}") from None


class AnswerCache:
    """The stored answers as one mode uses them.

    `replay_or_call` asks for what is not stored, and keeps it; `replay` asks for nothing: what is
    not stored is an error; `record` asks for everything, and keeps what is not stored yet;
    `refresh` asks for everything, and replaces what is stored; `off` neither looks nor keeps.
    """

    def __init__(self, store: AnswerStore, mode: CacheMode = "replay_or_call") -> None:
        self.mode = mode
        self._store = store

    @property
    def keeps(self) -> bool:
        """Whether replies are stored."""
        return self.mode in ("replay_or_call", "record", "refresh")

    def find(self, requests: Iterable[Request]) -> dict[str, Record]:
        """Return the stored answers to use, by key; raise LlmError for a row that is damaged."""
        if self.mode not in ("replay_or_call", "replay"):
            return {}
        found: dict[str, Record] = {}
        waiting = iter(dict.fromkeys(request.key for request in requests))
        while chunk := list(islice(waiting, _CHUNK)):
            rows = self._store.answers(chunk)
            found.update((key, opened(row)) for key, row in rows.items())
        return found

    def require(self, time: int, request: Request) -> None:
        """Raise AnswerMissing in mode `replay`: the answer to `request` is not stored."""
        if self.mode != "replay":
            return
        recent = [row.request.encode() for row in self._store.recent_answers(request.model, 200)]
        shown = difference(request.canonical, recent)
        raise AnswerMissing(
            f"no answer is stored for the bar {iso(time)} (key {request.key})",
            hint=f"use `cache: replay_or_call`, or import the recording that has it\n{shown}",
        )

    def keep(self, rows: Sequence[tuple[Request, Record, int]]) -> None:
        """Store replies, each with the moment (ms) it came."""
        if self.keeps and rows:
            stored = [record.row(request, created) for request, record, created in rows]
            self._store.put_answers(stored, overwrite=self.mode == "refresh")


def opened(row: StoredAnswer) -> Record:
    """Return the record of a row; raise LlmError where the row is not what was written."""
    try:
        return Record.of(row)
    except ValueError as fault:
        raise LlmError(
            f"the stored answer {row.key} is damaged: {fault}",
            hint="ask again with `cache: refresh`",
        ) from None


def rows_of(store: AnswerStore, keys: Sequence[str] | None = None) -> Iterator[StoredAnswer]:
    """Yield the rows of `keys`, or all there are, in the order of their keys."""
    waiting = iter(sorted(store.answer_keys() if keys is None else set(keys)))
    while chunk := list(islice(waiting, _CHUNK)):
        rows = store.answers(chunk)
        yield from (rows[key] for key in chunk if key in rows)
