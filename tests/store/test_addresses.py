"""DATABASE_URL in all its spellings, and never a secret of it in a message."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rtrade.core.errors import StoreError
from rtrade.store.addresses import read_address

CANARY = "canary-8d1f"


@pytest.mark.parametrize(
    ("url", "file"),
    [("", "rtrade.db"), ("  ", "rtrade.db"), ("sqlite:////tmp/x y.db", "x y.db"),
     ("sqlite:///rel.db", "rel.db")],
)  # fmt: skip
def test_files_of_sqlite(url: str, file: str, tmp_path: Path) -> None:
    address = read_address(url, tmp_path)
    assert address.is_sqlite
    assert address.file.name == file
    assert address.file.is_absolute()
    assert str(address.file) in address.shown


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_servers_of_postgres(scheme: str, tmp_path: Path) -> None:
    address = read_address(f"{scheme}://trader:{CANARY}@db.example:6432/market", tmp_path)
    assert not address.is_sqlite
    assert address.url.drivername == "postgresql+psycopg"
    assert address.shown == "the Postgres database `market` at db.example:6432 as trader"


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://trader:{CANARY}@db.example/market",
        f"postgresql://db.example/market?user=trader&password={CANARY}",
        f"postgresql://trader:{CANARY}@/market?host=/var/run/postgresql&sslpassword={CANARY}2",
        "postgresql://trader:canary%2D8d1f@db.example/market",
    ],
)
def test_a_secret_is_in_nothing_that_is_printed(url: str, tmp_path: Path) -> None:
    address = read_address(url, tmp_path)
    assert CANARY not in f"{address} {address!r} {address.shown}"
    assert address.redact(f"password={CANARY} refused") == "password=*** refused"


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://trader:{CANARY}@db/market",
        f"postgresql+asyncpg://trader:{CANARY}@db/market",
        f"postgresql://trader:{CANARY}@db:port/market",
        f"postgresql://trader:{CANARY}@db:99999999/market",
        f"{CANARY}",
        f"postgresql:trader:{CANARY}",
        "sqlite://",
        "sqlite:///:memory:",
    ],
)
def test_another_address_is_one_clear_error_without_it(url: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        read_address(url, tmp_path)
    assert caught.value.exit_code == 4
    assert caught.value.hint
    assert CANARY not in f"{caught.value} {caught.value.hint}"
    assert caught.value.__cause__ is None


def test_the_package_is_light_until_it_is_used() -> None:
    program = (
        "import sys, rtrade.store, rtrade.store.opening;"
        "print([m for m in ('sqlalchemy', 'alembic', 'psycopg', 'numpy', 'pyarrow', 'tenacity') "
        "if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
