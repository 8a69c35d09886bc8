"""Where a database is: `DATABASE_URL` read, and named without its secrets."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rtrade.core.errors import StoreError

if TYPE_CHECKING:
    from sqlalchemy import URL

FORMS = "`sqlite:///path/to/file.db` or `postgresql://user:password@host:5432/database`"


@dataclass(frozen=True)
class Address:
    """A database: what the drivers are given (never printed), and what people are shown."""

    url: URL = field(repr=False)
    shown: str
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file of SQLite."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def file(self) -> Path:
        """The file of SQLite."""
        return Path(self.url.database or "")

    def redact(self, text: str) -> str:
        """Return `text` with every secret of the address replaced."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text


def read_address(url: str, folder: Path) -> Address:
    """Read `DATABASE_URL`; "" is the file `rtrade.db` in `folder`.

    Raises StoreError where it is not an address of SQLite or Postgres. The text itself is never
    part of a message: it may hold a password, in whatever place.
    """
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    if not url.strip():
        return _sqlite(folder / "rtrade.db")
    try:
        parsed = make_url(url.strip())
        if not 0 < (parsed.port or 5432) < 65536:
            raise ValueError("not a port")
    except (ArgumentError, ValueError):
        raise StoreError(
            "DATABASE_URL is not the address of a database", hint=f"write {FORMS}"
        ) from None
    scheme, _, driver = parsed.drivername.partition("+")
    if scheme == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise StoreError(
                "DATABASE_URL names no file of SQLite", hint="write sqlite:///path/to/file.db"
            )
        return _sqlite(Path(parsed.database))
    if scheme not in ("postgresql", "postgres") or driver not in ("", "psycopg"):
        raise StoreError(
            f"DATABASE_URL is of a kind that is not supported: `{parsed.drivername}`",
            hint=f"write {FORMS}",
        )
    return _postgres(parsed.set(drivername="postgresql+psycopg"))


def _sqlite(file: Path) -> Address:
    from sqlalchemy import URL

    path = Path(file).expanduser().absolute()
    return Address(URL.create("sqlite+pysqlite", database=str(path)), f"the SQLite file {path}")


def _postgres(url: URL) -> Address:
    query = url.query
    secrets = [url.password or ""]
    for name in ("password", "sslpassword", "passfile"):
        value = query.get(name, "")
        secrets.extend([value] if isinstance(value, str) else value)
    host = url.host or query.get("host") or "the local socket"
    place = host if isinstance(host, str) else ", ".join(host)
    if url.port:
        place += f":{url.port}"
    user = f" as {url.username}" if url.username else ""
    shown = f"the Postgres database `{url.database or url.username or ''}` at {place}{user}"
    return Address(url, shown, tuple(sorted(filter(None, secrets), key=len, reverse=True)))
