"""Creates the tables of baton.db that are missing."""

from importlib.resources import files
from pathlib import Path

from baton.backends.sqlite.database import Datastore
from baton.backends.sqlite.events.recorder import SqliteRecorder
from baton.eventlog.private_files import make_file

# One process at a time has the folder, so a claim without an answer is left from an ended process.
_DELETE_ABANDONED_CLAIMS = "DELETE FROM idempotency_keys WHERE status IS NULL"


def create(path: Path) -> None:
    """Create the missing tables and delete abandoned claims; the caller holds the folder's lock."""
    make_file(path)
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
