"""Translates the errors of SQLite and of the eventsourcing library."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from eventsourcing.persistence import PersistenceError

from baton.eventlog.errors import Unavailable


@contextmanager
def as_unavailable() -> Iterator[None]:
    """Raise errors of the driver and of the library as `Unavailable`."""
    try:
        yield
    except (sqlite3.Error, PersistenceError) as error:
        raise Unavailable(f"SQLite: {error}") from error
