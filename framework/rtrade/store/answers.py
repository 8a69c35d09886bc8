"""Answers of models, many at a time too: a run asks for hundreds, and pays for those it lacks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from rtrade.store import schema
from rtrade.store.database import Database
from rtrade.store.documents import Answer
from rtrade.store.series import now_ms

# Databases take only so many values in one statement.
_CHUNK = 500


class Answers:
    """The part of a store that keeps answers of models."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def answers(self, keys: Sequence[str]) -> dict[str, Answer]:
        """Return the answers there are to these keys."""
        table = schema.answers

        def work(connection: Connection) -> dict[str, Answer]:
            found: dict[str, Answer] = {}
            for at in range(0, len(keys), _CHUNK):
                query = sa.select(table).where(table.c.key.in_(keys[at : at + _CHUNK]))
                found.update((row.key, _answer(row)) for row in connection.execute(query))
            return found

        return self._database.read(work)

    def answer(self, key: str) -> Answer | None:
        """Return the answer of a model by its key, None where it was never given."""
        return self.answers([key]).get(key)

    def put_answer(self, answer: Answer, *, overwrite: bool = False) -> Answer:
        """Keep an answer and return the one that counts: the first given, unless `overwrite`."""
        self.put_answers([answer], overwrite=overwrite)
        return self.answers([answer.key])[answer.key]

    def put_answers(self, answers: Sequence[Answer], *, overwrite: bool = False) -> int:
        """Keep answers in one transaction and return how many are new; a key that is there keeps
        the answer first given, unless `overwrite`.
        """
        table = schema.answers
        rows = {answer.key: _row(answer) for answer in answers}
        keys = list(rows)

        def work(connection: Connection) -> int:
            present: set[str] = set()
            for at in range(0, len(keys), _CHUNK):
                some = table.c.key.in_(keys[at : at + _CHUNK])
                if overwrite:
                    connection.execute(sa.delete(table).where(some))
                else:
                    present.update(connection.scalars(sa.select(table.c.key).where(some)))
            new = [rows[key] for key in keys if key not in present]
            if new:
                connection.execute(sa.insert(table), new)
            return len(new)

        return self._database.write(work, "answers")

    def recent_answers(self, model: str, limit: int) -> list[Answer]:
        """Return the latest answers of a model, the newest first."""
        table = schema.answers
        query = (
            sa.select(table)
            .where(table.c.model == model)
            .order_by(table.c.created.desc(), table.c.key)
            .limit(limit)
        )
        return self._database.read(
            lambda connection: [_answer(row) for row in connection.execute(query)]
        )

    def answer_keys(self) -> list[str]:
        """Return the keys of all answers, sorted."""
        query = sa.select(schema.answers.c.key).order_by(schema.answers.c.key)
        return self._database.read(lambda connection: list(connection.scalars(query)))


def _answer(row: Row[Any]) -> Answer:
    values = dict(row._mapping)  # noqa: SLF001 - a public attribute of SQLAlchemy's rows
    return Answer(**{**values, "details": json.loads(values["details"])})


def _row(answer: Answer) -> dict[str, Any]:
    return {
        "key": answer.key, "model": answer.model, "request": answer.request,
        "answer": answer.answer, "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens,
        "details": json.dumps(answer.details, sort_keys=True),
        "created": answer.created or now_ms(),
    }  # fmt: skip
