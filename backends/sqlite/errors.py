"""Translates the errors of SQLite and of the eventsourcing library."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eventsourcing.persistence import PersistenceError

from baton.eventlog.errors import Unavailable

_DAMAGED = frozenset((sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT))
_DAMAGED_WORDS = ("file is not a database", "malformed")


class Damaged(Unavailable):
    """A file isn't a database, or parts of it are overwritten; waiting doesn't help."""


EVENTS_REMEDY = (
    "stop Baton and put a copy of the file back, or `baton import` an export into another folder"
)
VIEWS_REMEDY = "start Baton again, or run `baton replay --apply`: both build the views again"


@contextmanager
def as_unavailable(path: Path | None = None, remedy: str = EVENTS_REMEDY) -> Iterator[None]:
    """Raise errors of the driver and of the library as `Unavailable`.

    A damaged file raises `Damaged`, which names `path`, if it is given, and the remedy.
    """
    try:
        yield
    except (sqlite3.Error, PersistenceError) as error:
        if path is not None and is_damage(error):
            raise Damaged(f"{path} is damaged ({error}): {remedy}") from error
        raise Unavailable(f"SQLite: {error}") from error


def is_damage(error: Exception) -> bool:
    """Return whether an error says that the file's bytes aren't a valid database."""
    cause = error.__cause__ if isinstance(error, PersistenceError) else error
    driver_error = cause if isinstance(cause, sqlite3.Error) else error
    code = getattr(driver_error, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in _DAMAGED
    return any(words in str(error) for words in _DAMAGED_WORDS)
