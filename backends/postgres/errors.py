"""Translates the errors of the PostgreSQL driver."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from baton.eventlog.errors import Unavailable, Unwritable

DRIVER_ERRORS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
"""Raised by the driver when the server fails, refuses a statement or can't be reached."""


@contextmanager
def as_unavailable() -> Iterator[None]:
    """Raise errors of the driver as `Unavailable`, or `Unwritable` for a value it can't store."""
    try:
        yield
    except asyncpg.ReadOnlySQLTransactionError as error:
        raise Unavailable("this was opened for reading only") from error
    except asyncpg.DataError as error:
        raise Unwritable(f"PostgreSQL: {error}") from error
    except TimeoutError as error:
        raise Unavailable("PostgreSQL did not answer in time") from error
    except DRIVER_ERRORS as error:
        raise Unavailable(f"PostgreSQL: {error}") from error
