"""The database of a workspace: series, bars and what of them is known. Rows, not meanings.

The only importer of SQLAlchemy, alembic, psycopg and the ADBC drivers. `opening.open_store` is the
door; nothing heavy is imported before it is called.
"""
