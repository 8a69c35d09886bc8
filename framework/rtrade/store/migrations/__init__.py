"""The steps from an empty database to the schema of this version, run by alembic."""
