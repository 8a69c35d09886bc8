"""Bring a database to the schema of this version: in one transaction, by one process at a time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from rtrade.core.errors import StoreDamaged, StoreTooNew
from rtrade.store import schema
from rtrade.store.database import Database

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0002"
FIRST_PATIENCE = 3.0
_COPIED = "it was copied in part, or made by another program: restore it, or name an empty one"
_FOLDER = Path(__file__).with_name("migrations")


def prepare(database: Database) -> str:
    """Create or migrate the tables where needed, and return the database's own id.

    Raises StoreTooNew where a newer rtrade made them, StoreDamaged where tables of the same names
    were made by something else, StoreError where the database fails.
    """
    # A server that is not there is said soon; one that goes away later is waited for.
    identity = database.read(_opened, patience=min(database.patience, FIRST_PATIENCE))
    if identity is None:
        identity = database.write(_upgrade, lock="schema")
    return identity


def revision_of(connection: Connection) -> str | None:
    """Return the revision of the schema, None for an empty database; refuse what is not ours."""
    present = set(sa.inspect(connection).get_table_names())
    if "alembic_version" in present:
        rows = connection.execute(sa.text("SELECT version_num FROM alembic_version")).all()
        if len(rows) == 1:
            _refuse_newer(str(rows[0][0]))
            return str(rows[0][0])
        if rows:
            raise StoreDamaged("the database holds more than one revision", hint=_COPIED)
    foreign = sorted(present & set(schema.metadata.tables))
    if foreign:
        raise StoreDamaged(
            f"the database has tables that rtrade would make, without a revision: {foreign[0]}",
            hint=_COPIED,
        )
    return None


def migrate(connection: Connection, revision: str) -> None:
    """Take the tables up or down to `revision` ("base": none) within the transaction at hand."""
    from alembic import command

    configuration = _configuration(connection)
    at = revision_of(connection) or ""
    go_up = revision != "base" and revision >= at
    (command.upgrade if go_up else command.downgrade)(configuration, revision)


def _opened(connection: Connection) -> str | None:
    """Return the id of a database of this version, None where it has to be made or migrated."""
    if revision_of(connection) != HEAD:
        return None
    missing = set(schema.metadata.tables) - set(sa.inspect(connection).get_table_names())
    if missing:
        raise StoreDamaged(
            f"the database lacks a table that its revision {HEAD} has: {min(missing)}", hint=_COPIED
        )
    query = sa.select(schema.about.c.value).where(schema.about.c.name == "id")
    identity: str | None = connection.execute(query).scalar_one_or_none()
    if identity is None:
        raise StoreDamaged("the database does not say which one it is", hint=_COPIED)
    return identity


def _upgrade(connection: Connection) -> str:
    at = revision_of(connection)
    if at != HEAD:  # else another process was first
        migrate(connection, HEAD)
    if at is None:
        connection.execute(sa.insert(schema.about).values(name="id", value=uuid4().hex))
    identity = _opened(connection)
    assert identity is not None
    return identity


def _refuse_newer(revision: str) -> None:
    known = {path.name[1:5] for path in (_FOLDER / "versions").glob("v*.py")}
    if revision not in known:
        raise StoreTooNew(
            f"a newer rtrade made this database (revision {revision}, known up to {HEAD})",
            hint="update rtrade, or name another database in DATABASE_URL",
        )


def _configuration(connection: Connection) -> Config:
    from alembic.config import Config

    configuration = Config()
    configuration.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    configuration.attributes["connection"] = connection
    return configuration
