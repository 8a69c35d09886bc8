"""Trades, order books, funding rates, answers of models, runs.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

Int, Float, Text, Bytes = sa.BigInteger, sa.Double, sa.Text, sa.LargeBinary
TABLES = ("trades", "books", "funding", "answers", "runs", "run_tags", "run_notes")


def upgrade() -> None:
    """Create the tables."""
    _feeds()
    op.create_table(
        "answers",
        sa.Column("key", Text, primary_key=True),
        sa.Column("model", Text, nullable=False),
        sa.Column("request", Text, nullable=False),
        sa.Column("answer", Bytes, nullable=False),
        sa.Column("prompt_tokens", Int),
        sa.Column("completion_tokens", Int),
        sa.Column("details", Text, nullable=False),
        sa.Column("created", Int, nullable=False),
    )
    op.create_table(
        "runs",
        sa.Column("run_id", Text, primary_key=True),
        sa.Column("strategy", Text, nullable=False),
        sa.Column("symbol", Text, nullable=False),
        sa.Column("timeframe", Text, nullable=False),
        sa.Column("created", Int, nullable=False),
        sa.Column("document", Text, nullable=False),
    )
    op.create_index("runs_created", "runs", ["created"])
    op.create_table(
        "run_tags",
        sa.Column("run_id", Text, primary_key=True),
        sa.Column("tag", Text, primary_key=True),
    )
    op.create_table(
        "run_notes",
        sa.Column("run_id", Text, primary_key=True),
        sa.Column("note", Text, nullable=False),
        sa.Column("updated", Int, nullable=False),
    )


def _feeds() -> None:
    op.create_table(
        "trades",
        sa.Column("series_id", Int, primary_key=True, autoincrement=False),
        sa.Column("id", Int, primary_key=True, autoincrement=False),
        sa.Column("ts", Int, nullable=False),
        sa.Column("price", Float, nullable=False),
        sa.Column("amount", Float, nullable=False),
        sa.Column("side", Int, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("trades_time", "trades", ["series_id", "ts"])
    op.create_table(
        "books",
        sa.Column("series_id", Int, primary_key=True, autoincrement=False),
        sa.Column("ts", Int, primary_key=True, autoincrement=False),
        sa.Column("bids", Bytes, nullable=False),
        sa.Column("asks", Bytes, nullable=False),
    )
    op.create_table(
        "funding",
        sa.Column("series_id", Int, primary_key=True, autoincrement=False),
        sa.Column("ts", Int, primary_key=True, autoincrement=False),
        sa.Column("rate", Float, nullable=False),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Drop the tables; bars and coverage stay."""
    for name in TABLES:
        op.drop_table(name)
    # Streams without a table are not series of the schema before.
    op.execute(
        "DELETE FROM coverage WHERE series_id IN (SELECT id FROM series WHERE timeframe IN "
        "('trades', 'book', 'funding'))"
    )
    op.execute("DELETE FROM series WHERE timeframe IN ('trades', 'book', 'funding')")
