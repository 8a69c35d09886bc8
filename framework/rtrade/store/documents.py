"""Small documents and the index of runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from rtrade.store import schema
from rtrade.store.database import Database
from rtrade.store.series import now_ms


@dataclass(frozen=True)
class Document:
    """A cached document: its text, and when it was fetched (ms)."""

    body: str
    fetched_at: int


@dataclass(frozen=True)
class Answer:
    """The answer of a model to one request.

    `key` is the sha256 of everything that was sent; `answer` the bytes as they came; `details`
    whatever else is known of the call (cost, latency, request id), as JSON values.
    """

    key: str
    model: str
    request: str
    answer: bytes
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    details: dict[str, Any] = field(default_factory=dict)
    created: int = 0


@dataclass(frozen=True)
class Run:
    """A run as the index knows it. `created` in ms; `document` is JSON text."""

    run_id: str
    strategy: str
    symbol: str
    timeframe: str
    created: int
    document: str
    tags: tuple[str, ...] = ()
    note: str = ""


class Documents:
    """The part of a store that keeps documents and runs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def document(self, name: str, key: str) -> Document | None:
        """Return a cached document, None where there is none."""
        table = schema.documents
        query = sa.select(table.c.body, table.c.fetched_at).where(
            table.c.name == name, table.c.key == key
        )
        row = self._database.read(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else Document(row[0], row[1])

    def put_document(self, name: str, key: str, body: str, fetched_at: int | None = None) -> None:
        """Keep a document, in place of one of the same name and key; `fetched_at` ms: now."""
        stamp = now_ms() if fetched_at is None else fetched_at
        row = {"name": name, "key": key, "body": body, "fetched_at": stamp}
        self._replace(schema.documents, ("name", "key"), row)

    def put_run(self, run: Run) -> None:
        """Put a run into the index, in place of one of the same id; its tags and note stay."""
        self._replace(schema.runs, ("run_id",), _row(run))

    def put_runs(self, runs: Sequence[Run]) -> None:
        """Put runs into the index in one transaction, each in place of one of the same id."""
        rows = [_row(run) for run in runs]

        def work(connection: Connection) -> None:
            gone = sa.delete(schema.runs).where(schema.runs.c.run_id == sa.bindparam("gone"))
            connection.execute(gone, [{"gone": row["run_id"]} for row in rows])
            connection.execute(sa.insert(schema.runs), rows)

        if rows:
            self._database.write(work, "runs")

    def run_marks(self) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
        """Return the tags of runs in their order, and the notes, by run id."""

        def work(connection: Connection) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
            tags: dict[str, tuple[str, ...]] = {}
            table = schema.run_tags
            for run_id, tag in connection.execute(sa.select(table).order_by(table.c.tag)):
                tags[run_id] = (*tags.get(run_id, ()), tag)
            columns = schema.run_notes.c
            found = connection.execute(sa.select(columns.run_id, columns.note))
            return tags, {row.run_id: row.note for row in found}

        return self._database.read(work)

    def runs(self) -> list[Run]:
        """Return the runs of the index with their tags and notes, the newest first."""

        def work(connection: Connection) -> list[Run]:
            tags: dict[str, list[str]] = {}
            table = schema.run_tags
            for run_id, tag in connection.execute(sa.select(table).order_by(table.c.tag)):
                tags.setdefault(run_id, []).append(tag)
            noted = connection.execute(
                sa.select(schema.run_notes.c.run_id, schema.run_notes.c.note)
            )
            notes = {row.run_id: row.note for row in noted}
            columns = schema.runs.c
            query = sa.select(schema.runs).order_by(columns.created.desc(), columns.run_id)
            found = [Run(*row) for row in connection.execute(query)]
            return [
                replace(run, tags=tuple(tags.get(run.run_id, ())), note=notes.get(run.run_id, ""))
                for run in found
            ]

        return self._database.read(work)

    def rebuild_runs(self, runs: Iterable[Run]) -> None:
        """Replace the whole index by `runs`, in one transaction; tags and notes stay."""
        rows = [_row(run) for run in runs]

        def work(connection: Connection) -> None:
            connection.execute(sa.delete(schema.runs))
            if rows:
                connection.execute(sa.insert(schema.runs), rows)

        self._database.write(work, "runs")

    def forget_run(self, run_id: str) -> bool:
        """Take a run with its tags and note out of the index; tell whether it was there."""

        def work(connection: Connection) -> bool:
            for table in (schema.run_tags, schema.run_notes):
                connection.execute(sa.delete(table).where(table.c.run_id == run_id))
            gone = connection.execute(sa.delete(schema.runs).where(schema.runs.c.run_id == run_id))
            return gone.rowcount > 0

        return self._database.write(work, "runs")

    def tag_run(self, run_id: str, tags: Sequence[str]) -> None:
        """Give a run these tags, in place of those it had."""
        rows = [{"run_id": run_id, "tag": tag} for tag in sorted(set(tags))]

        def work(connection: Connection) -> None:
            table = schema.run_tags
            connection.execute(sa.delete(table).where(table.c.run_id == run_id))
            if rows:
                connection.execute(sa.insert(table), rows)

        self._database.write(work, "runs")

    def note_run(self, run_id: str, note: str) -> None:
        """Give a run this note, in place of the one it had; "" takes it away."""
        if note:
            row = {"run_id": run_id, "note": note, "updated": now_ms()}
            self._replace(schema.run_notes, ("run_id",), row)
            return
        table = schema.run_notes
        gone = sa.delete(table).where(table.c.run_id == run_id)
        self._database.write(lambda connection: connection.execute(gone).rowcount, "runs")

    def _replace(
        self,
        table: sa.Table,
        keys: tuple[str, ...],
        row: dict[str, Any],
    ) -> None:
        def work(connection: Connection) -> None:
            same = sa.and_(*(table.c[name] == row[name] for name in keys))
            connection.execute(sa.delete(table).where(same))
            connection.execute(sa.insert(table).values(row))

        self._database.write(work, "runs" if table.name.startswith("run") else table.name)


def _row(run: Run) -> dict[str, Any]:
    return {
        "run_id": run.run_id, "strategy": run.strategy, "symbol": run.symbol,
        "timeframe": run.timeframe, "created": run.created, "document": run.document,
    }  # fmt: skip
