"""The connection of a process that commits its batches of appends.

A batch is one statement: the server holds its lock for no client that is slow, stopped or gone.
When the connection breaks meanwhile, nobody knows whether the batch is there; then its receipt
tells, which was to commit with it. Where there is none, the number of the batch is given up, so
that the batch can't arrive late.
"""

import asyncio
import logging
import secrets
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import asyncpg

from baton.backends.postgres.database import Connection, connect, part
from baton.backends.postgres.errors import FAILURES
from baton.eventlog.errors import Unavailable
from baton.eventlog.loops.group_commit import Row

ATTEMPT_S = 5.0
PATIENCE_S = 10.0
"""How long a batch is tried; its callers wait."""
FIRST_BACKOFF_S = 0.02
LONGEST_BACKOFF_S = 1.0

_FORGET = "DELETE FROM baton.append_receipts WHERE used_at < now() - interval '1 day'"
_APPEND = """
SELECT previous, first_position, losers
FROM baton.append($1, $2, $3::int[], $4::text[], $5::bigint[], $6::text[], $7::bytea[],
    $8::int[], $9::text[], $10::bigint[])"""
_GIVE_UP = """
INSERT INTO baton.append_receipts AS receipt (appender, batch) VALUES ($1, $2)
ON CONFLICT (appender) DO UPDATE
SET batch = excluded.batch, first_position = NULL, losers = NULL, used_at = now()
WHERE receipt.batch < excluded.batch
RETURNING batch"""
_RECEIPT = """
SELECT first_position, losers FROM baton.append_receipts
WHERE appender = $1 AND batch = $2 AND first_position IS NOT NULL"""
_LEAVE = "DELETE FROM baton.append_receipts WHERE appender = $1"

# What may go well in a moment.
_PASSING = (
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
# What the server says before it closes the connection.
_ENDING = (asyncpg.OperatorInterventionError, asyncpg.PostgresConnectionError)
_Arrays: TypeAlias = tuple[list[int] | list[str] | list[bytes], ...]

_log = logging.getLogger("baton.postgres")


class Following(NamedTuple):
    """Row n of a batch (from 0), whose stream nobody here knows to have reached `version`."""

    row: int
    stream: str
    version: int


class Receipt(NamedTuple):
    """What became of a batch.

    Row n of it (from 0) has position `first` + n, unless its append was in conflict: then the first
    of its rows that was there already, or follows none, is one of the `losers`. No event stands
    between `previous` and `first`; None when that isn't known.
    """

    first: int
    losers: frozenset[int]
    previous: int | None


class Appender:
    """Commits one batch after the other; `pid` names its connection to the server, 0 for none."""

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        self._url = url
        self._read_only = read_only
        self._name = secrets.token_hex(10)
        self._number = 0
        self._settled = False  # whether it is known what became of that number
        self._sent: _Arrays | None = None  # what was sent under it, if not
        self._connection: Connection | None = None
        self.pid = 0

    async def commit(
        self, appends: Sequence[Sequence[Row]], following: Sequence[Following] = ()
    ) -> Receipt:
        """Make a batch durable, each append whole or not at all; raises `Unavailable`.

        An append is in conflict too when a row of it is `following` what isn't there.

        That nothing was written is certain, unless the server stayed away for so long that the
        question could not be asked.
        """
        if self._read_only:
            raise Unavailable("this was opened for reading only")
        batch = _arrays(appends, following)
        now = asyncio.get_running_loop().time
        deadline = now() + PATIENCE_S
        backoff_s = FIRST_BACKOFF_S
        while True:
            try:
                return await self._try(batch)
            except _PASSING as error:
                if now() + backoff_s > deadline:
                    raise
                _log.warning("a batch of %d appends is tried again: %r", len(appends), error)
            await asyncio.sleep(backoff_s)
            backoff_s = min(2 * backoff_s, LONGEST_BACKOFF_S)

    async def close(self) -> None:
        """Leave no receipt and no connection behind."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            await connection.execute(_LEAVE, self._name)
        except FAILURES:
            _log.info("an appender's receipt stays for a day")
        await part(connection)

    async def _try(self, batch: _Arrays) -> Receipt:
        try:
            connection = await self._connected()
            return await self._settle(connection, batch) or await self._append(connection, batch)
        except BaseException as error:
            refused = isinstance(error, asyncpg.PostgresError) and not isinstance(error, _ENDING)
            if self._connection is not None and not refused:
                # Whatever it is still doing, this connection isn't waited for.
                self._connection.terminate()
                self._connection = None
            raise

    async def _connected(self) -> Connection:
        connection = self._connection
        if connection is None or connection.is_closed():
            connection = self._connection = await connect(self._url, timeout_s=ATTEMPT_S)
            self._settled = False
            self.pid = connection.get_server_pid()
            if not self._number:
                await connection.execute(_FORGET)
        return connection

    async def _settle(self, connection: Connection, batch: _Arrays) -> Receipt | None:
        """Find out about what was sent before, if that isn't known; it won't arrive any more.

        Returns the receipt if it was `batch`, and is there.
        """
        if self._settled:
            return None
        found = None
        if await connection.fetchval(_GIVE_UP, self._name, self._number) is None:
            found = await connection.fetchrow(_RECEIPT, self._name, self._number)
        sent, self._sent, self._settled = self._sent, None, True
        return _receipt(found[0], found[1], None) if found and sent is batch else None

    async def _append(self, connection: Connection, batch: _Arrays) -> Receipt:
        self._number += 1
        self._sent, self._settled = batch, False
        (row,) = await connection.fetch(_APPEND, self._name, self._number, *batch)
        self._sent, self._settled = None, True
        return _receipt(row[1], row[2], row[0])


def _arrays(appends: Sequence[Sequence[Row]], following: Sequence[Following]) -> _Arrays:
    rows = [row for append in appends for row in append]
    numbers = [number for number, append in enumerate(appends) for _ in append]
    return (
        numbers,
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] for row in rows],
        [row[3] for row in rows],
        [one.row + 1 for one in following],
        [one.stream for one in following],
        [one.version for one in following],
    )


def _receipt(first: int, losers: Sequence[int], previous: int | None) -> Receipt:
    return Receipt(first, frozenset(row - 1 for row in losers), previous)
