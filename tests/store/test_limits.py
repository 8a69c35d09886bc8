"""A query that takes longer than it may is ended, on both databases; what follows it is not."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from rtrade.core.errors import StoreLocked
from rtrade.store.opening import open_store

ENDLESS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
    "SELECT count(*) FROM n",
    "postgresql": "SELECT pg_sleep(3600)",
}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_query_ends_at_its_limit(kind: str, tmp_path: Path, request) -> None:
    url = "" if kind == "sqlite" else request.getfixturevalue("postgres_url")
    with open_store(url, tmp_path, patience=1.0, limit=0.2) as store:
        with pytest.raises(StoreLocked, match=r"longer than it may|statement timeout") as caught:
            store._database.read(
                lambda connection: connection.execute(sa.text(ENDLESS[kind])).all()
            )
        assert "ask for less" in caught.value.hint
        assert store.runs() == []


def test_a_query_has_no_limit_unless_told(tmp_path: Path) -> None:
    with open_store("", tmp_path) as store:
        many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 300000) "
        query = sa.text(many + "SELECT count(*) FROM n")
        counted = store._database.read(lambda connection: connection.execute(query).scalar_one())
        assert counted == 300_000
