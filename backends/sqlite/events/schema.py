"""Makes what is missing in baton.db."""

from importlib.resources import files
from pathlib import Path

from baton.backends.sqlite.database import Datastore
from baton.backends.sqlite.events.recorder import SqliteRecorder

# A claim without an answer was made by a process that is gone: only one has the folder.
_DELETE_ABANDONED_CLAIMS = "DELETE FROM idempotency_keys WHERE status IS NULL"


def create(path: Path) -> None:
    """Make the tables that are missing; whoever calls has the folder to itself."""
    datastore = Datastore(path)
    try:
        SqliteRecorder(datastore).create_table()
        schema = files("baton.backends.sqlite").joinpath("schema.sql").read_text(encoding="utf-8")
        with datastore.transaction(commit=True) as cursor:
            for statement in schema.split(";"):
                cursor.execute(statement)
            cursor.execute(_DELETE_ABANDONED_CLAIMS)
    finally:
        datastore.close()
