"""Run the steps inside the transaction and on the connection that `migrating` hands over."""

from __future__ import annotations

from alembic import context

# SQLite can undo DDL too, once Python's sqlite3 no longer commits behind our back.
context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
context.run_migrations()
