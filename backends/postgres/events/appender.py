"""Commits the batches of appends of one process over a connection of its own.

A batch is one statement, so the server never holds its lock while it waits for a client. If the
connection breaks before the answer arrives, the appender doesn't know whether the batch was
committed. A receipt that commits together with the batch answers that. If there is no receipt, the
appender abandons the batch's number, so that the server refuses the batch if it arrives later.
"""

import logging
import secrets
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple, TypeAlias

import asyncpg

from baton.backends.postgres.database import Connection, close_connection, connect_to_write
from baton.backends.postgres.errors import DRIVER_ERRORS
from baton.eventlog.clock import SystemClock
from baton.eventlog.errors import Unavailable
from baton.eventlog.loops.group_commit import Row
from baton.eventlog.loops.retry import RetryPolicy, retry

ATTEMPT_TIMEOUT_S = 5.0

_DELETE_OLD_RECEIPTS = "DELETE FROM baton.append_receipts WHERE used_at < now() - interval '1 day'"
_APPEND = """
SELECT previous, first_position, conflicting_rows
FROM baton.append($1, $2, $3::int[], $4::text[], $5::bigint[], $6::text[], $7::bytea[],
    $8::int[], $9::text[], $10::bigint[])"""
_ABANDON_BATCH = """
INSERT INTO baton.append_receipts AS receipt (appender, batch) VALUES ($1, $2)
ON CONFLICT (appender) DO UPDATE
SET batch = excluded.batch, first_position = NULL, conflicting_rows = NULL, used_at = now()
WHERE receipt.batch < excluded.batch
RETURNING batch"""
_LOAD_RECEIPT = """
SELECT first_position, conflicting_rows FROM baton.append_receipts
WHERE appender = $1 AND batch = $2 AND first_position IS NOT NULL"""
_DELETE_RECEIPT = "DELETE FROM baton.append_receipts WHERE appender = $1"

# Errors after which a retry may succeed.
_TRANSIENT = (
    Unavailable,
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.TooManyConnectionsError,
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresConnectionError,
)
RETRY = RetryPolicy(first_ms=20, max_ms=1_000, transient=_TRANSIENT, give_up_after_s=10.0)
"""The retries of a failed batch; its callers wait meanwhile."""

_CLOCK = SystemClock()

# Errors after which the server closes the connection.
_CONNECTION_LOST = (asyncpg.OperatorInterventionError, asyncpg.PostgresConnectionError)
_Arrays: TypeAlias = tuple[list[int] | list[str] | list[bytes], ...]

_log = logging.getLogger("baton.postgres")


class Predecessor(NamedTuple):
    """The event that must exist before row `row` (from 0) of a batch.

    It is sent if this process doesn't know that the stream has reached `version`.
    """

    row: int
    stream: str
    version: int


class Receipt(NamedTuple):
    """The outcome of a batch.

    Row n (from 0) has position `first` + n, unless its append was in conflict. `conflicting_rows`
    has the first offending row of each conflicting append: its version exists already, or its
    predecessor doesn't. No event lies between `previous` and `first`; `previous` is None if it
    isn't known.
    """

    first: int
    conflicting_rows: frozenset[int]
    previous: int | None


class Appender:
    """Commits batches one after the other.

    `pid` is the server process of its connection, 0 before the first batch.
    """

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        self._url = url
        self._read_only = read_only
        self._name = secrets.token_hex(10)
        self._number = 0
        self._outcome_known = False  # whether batch `_number` was committed
        self._unresolved: _Arrays | None = None  # that batch, until its outcome is known
        self._connection: Connection | None = None
        self.pid = 0

    async def commit(
        self, appends: Sequence[Sequence[Row]], predecessors: Sequence[Predecessor] = ()
    ) -> Receipt:
        """Commit a batch; each append is stored as a whole or not at all; raises `Unavailable`.

        An append is in conflict when a version that it writes exists, or when one of its
        `predecessors` doesn't. After `Unavailable` nothing was written, unless the server was
        unreachable for so long that the receipt could not be read.
        """
        if self._read_only:
            raise Unavailable("this was opened for reading only")
        batch = _arrays(appends, predecessors)
        attempt = partial(self._attempt, batch)
        doing = f"appending a batch of {len(appends)}"
        return await retry(attempt, clock=_CLOCK, log=_log, doing=doing, policy=RETRY)

    async def close(self) -> None:
        """Delete the receipt and close the connection."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            await connection.execute(_DELETE_RECEIPT, self._name)
        except DRIVER_ERRORS:
            _log.info("an appender could not delete its receipt; it is deleted after a day")
        await close_connection(connection)

    async def _attempt(self, batch: _Arrays) -> Receipt:
        try:
            connection = await self._ensure_connection()
            return await self._resolve_unknown_outcome(connection, batch) or await self._append(
                connection, batch
            )
        except BaseException as error:
            refused = isinstance(error, asyncpg.PostgresError) and not isinstance(
                error, _CONNECTION_LOST
            )
            if self._connection is not None and not refused:
                # The server may still be running the statement: an orderly close would wait for it.
                self._connection.terminate()
                self._connection = None
            raise

    async def _ensure_connection(self) -> Connection:
        connection = self._connection
        if connection is None or connection.is_closed():
            connection = self._connection = await connect_to_write(
                self._url, timeout_s=ATTEMPT_TIMEOUT_S
            )
            self._outcome_known = False
            self.pid = connection.get_server_pid()
            if not self._number:
                await connection.execute(_DELETE_OLD_RECEIPTS)
        return connection

    async def _resolve_unknown_outcome(
        self, connection: Connection, batch: _Arrays
    ) -> Receipt | None:
        """Determine the outcome of the batch sent last, if it is unknown.

        After the call that batch can't be committed any more. Returns its receipt if it was `batch`
        and was committed, else None.
        """
        if self._outcome_known:
            return None
        receipt = None
        if await connection.fetchval(_ABANDON_BATCH, self._name, self._number) is None:
            receipt = await connection.fetchrow(_LOAD_RECEIPT, self._name, self._number)
        last_sent, self._unresolved, self._outcome_known = self._unresolved, None, True
        return _receipt(receipt[0], receipt[1], None) if receipt and last_sent is batch else None

    async def _append(self, connection: Connection, batch: _Arrays) -> Receipt:
        self._number += 1
        self._unresolved, self._outcome_known = batch, False
        (row,) = await connection.fetch(_APPEND, self._name, self._number, *batch)
        self._unresolved, self._outcome_known = None, True
        return _receipt(row[1], row[2], row[0])


def _arrays(appends: Sequence[Sequence[Row]], predecessors: Sequence[Predecessor]) -> _Arrays:
    rows = [row for append in appends for row in append]
    numbers = [number for number, append in enumerate(appends) for _ in append]
    return (
        numbers,
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] for row in rows],
        [row[3] for row in rows],
        [predecessor.row + 1 for predecessor in predecessors],
        [predecessor.stream for predecessor in predecessors],
        [predecessor.version for predecessor in predecessors],
    )


def _receipt(first: int, conflicting_rows: Sequence[int], previous: int | None) -> Receipt:
    return Receipt(first, frozenset(row - 1 for row in conflicting_rows), previous)
