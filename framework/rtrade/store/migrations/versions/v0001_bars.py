"""Series, bars, coverage, quality, filters of markets, cached documents.

Revision ID: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

Int, Float, Text = sa.BigInteger, sa.Double, sa.Text

_DISJOINT = """
CREATE TRIGGER coverage_disjoint_EVENT AFTER EVENT ON coverage
WHEN (
    SELECT count(*) FROM coverage WHERE series_id = NEW.series_id
    AND start_ms <= NEW.end_ms AND end_ms >= NEW.start_ms
) > 1
BEGIN SELECT RAISE(ABORT, 'coverage overlaps'); END
"""


def upgrade() -> None:
    """Create the tables, and let the database itself hold that coverage is disjoint."""
    op.create_table(
        "about",
        sa.Column("name", Text, primary_key=True),
        sa.Column("value", Text, nullable=False),
    )
    op.create_table(
        "series",
        sa.Column("id", Int().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("venue", Text, nullable=False),
        sa.Column("symbol", Text, nullable=False),
        sa.Column("timeframe", Text, nullable=False),
        sa.Column("state", Text, nullable=False),
        sa.Column("bars", Int, nullable=False),
        sa.Column("corrected", Int, nullable=False),
        sa.Column("created", Int, nullable=False),
        sa.UniqueConstraint("venue", "symbol", "timeframe", name="series_key"),
    )
    op.create_table(
        "markets",
        sa.Column("venue", Text, primary_key=True),
        sa.Column("symbol", Text, primary_key=True),
        sa.Column("lot", Text),
        sa.Column("tick", Text),
        sa.Column("min_notional", Text),
        sa.Column("listed", Int),
        sa.Column("updated", Int, nullable=False),
    )
    _bars()
    _coverage()
    _findings()


def _findings() -> None:
    op.create_table(
        "quality",
        sa.Column("series_id", Int, primary_key=True, autoincrement=False),
        sa.Column("ts", Int, primary_key=True, autoincrement=False),
        sa.Column("code", Text, primary_key=True),
        sa.Column("revision", Int, primary_key=True, autoincrement=False),
        sa.Column("detail", Text, nullable=False),
        sa.Column("created", Int, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "documents",
        sa.Column("name", Text, primary_key=True),
        sa.Column("key", Text, primary_key=True),
        sa.Column("body", Text, nullable=False),
        sa.Column("fetched_at", Int, nullable=False),
    )


def _bars() -> None:
    op.create_table(
        "bars",
        sa.Column("series_id", Int, primary_key=True, autoincrement=False),
        sa.Column("ts", Int, primary_key=True, autoincrement=False),
        sa.Column("open", Float, nullable=False),
        sa.Column("high", Float, nullable=False),
        sa.Column("low", Float, nullable=False),
        sa.Column("close", Float, nullable=False),
        sa.Column("volume", Float, nullable=False),
        sa.Column("revision", Int, nullable=False),
        sqlite_with_rowid=False,
    )


def _coverage() -> None:
    op.create_table(
        "coverage",
        sa.Column("series_id", Int, primary_key=True, autoincrement=False),
        sa.Column("start_ms", Int, primary_key=True, autoincrement=False),
        sa.Column("end_ms", Int, nullable=False),
        sa.CheckConstraint("start_ms < end_ms", name="coverage_order"),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "sqlite":
        for event in ("insert", "update"):
            op.execute(_DISJOINT.replace("EVENT", event))
        return
    # The series goes into the range itself, since an exclusion over two columns would need the
    # extension btree_gist. 10^15 ms are 31,000 years. Closed ends: touching is refused as well.
    op.execute(
        "ALTER TABLE coverage ADD CONSTRAINT coverage_disjoint EXCLUDE USING gist (numrange("
        "series_id::numeric * 1000000000000000 + start_ms, "
        "series_id::numeric * 1000000000000000 + end_ms, '[]') WITH &&)"
    )


def downgrade() -> None:
    """Drop the tables."""
    for name in ("documents", "quality", "coverage", "bars", "markets", "series", "about"):
        op.drop_table(name)
