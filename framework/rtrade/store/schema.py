"""The tables as SQLAlchemy sees them; `migrations/` is what creates them, and a test compares."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData()
Int, Float, Text = sa.BigInteger, sa.Double, sa.Text


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, Int, nullable=False)


def _float(name: str) -> sa.Column[float]:
    return sa.Column(name, Float, nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, Text, nullable=False)


def _key(name: str, kind: type[sa.BigInteger | sa.Text] = Int) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


# Facts of the database itself: `id`, drawn when it was made.
about = sa.Table("about", metadata, _key("name", Text), _text("value"))

# One row per stream of a venue. `timeframe` is that of bars, or `trades`, `funding`, `book`.
# `state` is drawn anew, in the same transaction, whenever rows of the stream change.
series = sa.Table(
    "series",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    _text("venue"),
    _text("symbol"),
    _text("timeframe"),
    _text("state"),
    _number("created"),
    sa.UniqueConstraint("venue", "symbol", "timeframe", name="series_key"),
)

# What the venue allows, as the decimal text it gave.
markets = sa.Table(
    "markets",
    metadata,
    _key("venue", Text),
    _key("symbol", Text),
    sa.Column("lot", Text),
    sa.Column("tick", Text),
    sa.Column("min_notional", Text),
    sa.Column("listed", Int),
    _number("updated"),
)

# No foreign key: a check per row would cost bulk loads a third of their speed, series are never
# deleted, and only a transaction that holds the series' lock writes here.
bars = sa.Table(
    "bars",
    metadata,
    _key("series_id"),
    _key("ts"),
    _float("open"),
    _float("high"),
    _float("low"),
    _float("close"),
    _float("volume"),
    _number("revision"),
    sqlite_with_rowid=False,
)

# Stretches that were asked for and answered, [start_ms, end_ms); of one series they never overlap
# nor touch, which the database itself holds (a trigger on SQLite, an exclusion on Postgres).
coverage = sa.Table(
    "coverage",
    metadata,
    _key("series_id"),
    _key("start_ms"),
    _number("end_ms"),
    sqlite_with_rowid=False,
)

# What was found about a bar; `corrected` holds the values that a later answer replaced.
quality = sa.Table(
    "quality",
    metadata,
    _key("series_id"),
    _key("ts"),
    _key("code", Text),
    _key("revision"),
    _text("detail"),
    _number("created"),
    sqlite_with_rowid=False,
)

# Small cached documents, JSON text.
documents = sa.Table(
    "documents",
    metadata,
    _key("name", Text),
    _key("key", Text),
    _text("body"),
    _number("fetched_at"),
)
