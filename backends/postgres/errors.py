"""Translates the errors of the PostgreSQL driver."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from baton.eventlog.errors import Misconfigured, QueryTooSlow, Unavailable, Unwritable

DRIVER_ERRORS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
"""Raised by the driver when the server fails, refuses a statement or can't be reached."""

_NO_TLS = "rejected SSL upgrade"
"""The driver's message for a server without TLS."""


@contextmanager
def as_unavailable() -> Iterator[None]:
    """Raise errors of the driver as `Unavailable`, or `Unwritable` for a value it can't store.

    An error that waiting doesn't solve becomes `Misconfigured`; its message names the setting.
    """
    try:
        yield
    except DRIVER_ERRORS as error:
        raise _translated(error) from error


def _translated(error: Exception) -> Unavailable | Unwritable:
    match error:
        case asyncpg.ReadOnlySQLTransactionError():
            return Unavailable("this was opened for reading only")
        case asyncpg.QueryCanceledError():
            return QueryTooSlow(f"PostgreSQL: {error}")
        case asyncpg.DataError():
            return Unwritable(f"PostgreSQL: {error}")
        case (
            asyncpg.ClientConfigurationError()
            | asyncpg.InvalidAuthorizationSpecificationError()  # a wrong password, too
            | asyncpg.InvalidCatalogNameError()
        ):
            return Misconfigured(f"PostgreSQL: {error}: check BATON_STORE")
        case ssl.SSLError():
            return _of_handshake(error)
        case TimeoutError():
            return Unavailable("PostgreSQL did not answer in time")
        case OSError():
            return _of_connecting(error)
        case _:
            return Unavailable(f"PostgreSQL: {error}")


def _of_connecting(error: OSError) -> Unavailable:
    if _NO_TLS in str(error):
        return Misconfigured(
            "PostgreSQL: the server has no TLS: turn it on there, or write sslmode=disable "
            "in BATON_STORE for plain text"
        )
    reason = error.strerror or error
    return Unavailable(f"PostgreSQL: no server answers ({reason}): start it, or check BATON_STORE")


def _of_handshake(error: ssl.SSLError) -> Unavailable:
    """Return the error of a TLS handshake, during which a connection may also break."""
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = f"the server's certificate isn't trusted ({error.verify_message})"
        return Misconfigured(f"PostgreSQL: {reason}: check sslrootcert in BATON_STORE")
    reason = f"the TLS connection failed ({error.reason or error})"
    return Unavailable(f"PostgreSQL: {reason}: check sslmode, sslcert, sslkey in BATON_STORE")
