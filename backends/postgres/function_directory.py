"""The function directory as rows, on the database's clock."""

from collections.abc import Mapping, Sequence

import orjson

from baton.backends.postgres.database import Database
from baton.eventlog.events.codec import decode_document
from baton.eventlog.known_functions import KnownFunction

_FUNCTIONS = tuple[KnownFunction, ...]
_ANNOUNCE = """
WITH expired AS (
    DELETE FROM baton.announced_functions WHERE expires_at <= clock_timestamp() AND holder <> $1
)
INSERT INTO baton.announced_functions AS known (holder, functions, expires_at)
VALUES ($1, $2, clock_timestamp() + $3 * interval '1 millisecond')
ON CONFLICT (holder) DO UPDATE SET
    functions = excluded.functions, expires_at = excluded.expires_at"""
_REPORT_WAITING = """
UPDATE baton.announced_functions SET waiting = $2::text::jsonb WHERE holder = $1"""
_WAITING = """
SELECT coalesce(sum((waiting ->> $1)::bigint), 0)::bigint FROM baton.announced_functions
WHERE expires_at > clock_timestamp()"""
_WITHDRAW = "DELETE FROM baton.announced_functions WHERE holder = $1"
_ANNOUNCED = """
SELECT functions FROM baton.announced_functions WHERE expires_at > clock_timestamp()
ORDER BY holder"""


class PostgresFunctionDirectory:
    """Implements `FunctionDirectory`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def announce(
        self, holder: str, functions: Sequence[KnownFunction], *, ttl_ms: int
    ) -> None:
        """Replace the announcement of an executor, and delete expired announcements."""
        document = orjson.dumps(list(functions))
        await self._database.fetch(_ANNOUNCE, holder, document, ttl_ms)

    async def withdraw(self, holder: str) -> None:
        """End the announcement of an executor."""
        await self._database.fetch(_WITHDRAW, holder)

    async def report_waiting(self, holder: str, waiting: Mapping[str, int]) -> None:
        """Replace the numbers of waiting calls of an executor."""
        document = orjson.dumps(waiting).decode()
        await self._database.fetch(_REPORT_WAITING, holder, document)

    async def waiting(self, tenant: str) -> int:
        """Return how many calls of a tenant wait at all announced executors."""
        ((waiting,),) = await self._database.fetch(_WAITING, tenant)
        return int(waiting)

    async def announced(self) -> Sequence[Sequence[KnownFunction]]:
        """Return the functions of each executor whose announcement hasn't expired."""
        rows = await self._database.fetch(_ANNOUNCED)
        return [decode_document(_FUNCTIONS, document) for (document,) in rows]
