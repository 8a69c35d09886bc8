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


def _optional(name: str) -> sa.Column[Any]:
    return sa.Column(name, Int)


def _key(name: str, kind: type[sa.BigInteger | sa.Text] = Int) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


# Facts of the database itself: `id`, drawn when it was made.
about = sa.Table("about", metadata, _key("name", Text), _text("value"))

# One row per stream of a venue. `timeframe` is that of bars, or `trades`, `funding`, `book`.
# `state` is drawn anew, in the same transaction, whenever bars change; `bars` and `corrected` count
# its bars and those that a later answer changed, so that a list needs not read them all.
series = sa.Table(
    "series",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    _text("venue"),
    _text("symbol"),
    _text("timeframe"),
    _text("state"),
    _number("bars"),
    _number("corrected"),
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

# Trades of the stream `trades` of a market; `id` is the venue's, `side` is the taker's: 1 a buy,
# -1 a sell.
trades = sa.Table(
    "trades",
    metadata,
    _key("series_id"),
    _key("id"),
    _number("ts"),
    _float("price"),
    _float("amount"),
    _number("side"),
    sa.Index("trades_time", "series_id", "ts"),
    sqlite_with_rowid=False,
)

# Order books of the stream `book`: float64 pairs (price, amount), little-endian, best first.
books = sa.Table(
    "books",
    metadata,
    _key("series_id"),
    _key("ts"),
    sa.Column("bids", sa.LargeBinary, nullable=False),
    sa.Column("asks", sa.LargeBinary, nullable=False),
)

# Funding rates of the stream `funding`, as fractions.
funding = sa.Table(
    "funding",
    metadata,
    _key("series_id"),
    _key("ts"),
    _float("rate"),
    sqlite_with_rowid=False,
)

# Answers of models by the sha256 of everything that was sent; never changed once written.
answers = sa.Table(
    "answers",
    metadata,
    _key("key", Text),
    _text("model"),
    _text("request"),
    sa.Column("answer", sa.LargeBinary, nullable=False),
    _optional("prompt_tokens"),
    _optional("completion_tokens"),
    _text("details"),
    _number("created"),
)

# An index of run folders, which are the truth: it can be thrown away and built again.
runs = sa.Table(
    "runs",
    metadata,
    _key("run_id", Text),
    _text("strategy"),
    _text("symbol"),
    _text("timeframe"),
    _number("created"),
    _text("document"),
    sa.Index("runs_created", "created"),
)

# Tags and notes are the user's own, kept whether or not the index has the run.
run_tags = sa.Table("run_tags", metadata, _key("run_id", Text), _key("tag", Text))
run_notes = sa.Table("run_notes", metadata, _key("run_id", Text), _text("note"), _number("updated"))
