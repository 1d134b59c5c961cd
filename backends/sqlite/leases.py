"""Leases in SQLite."""

import sqlite3
from collections.abc import Sequence

from baton.backends.sql import lease_statements
from baton.backends.sql.lease_statements import lease_of
from baton.backends.sqlite.database import statement
from baton.backends.sqlite.errors import as_unavailable
from baton.backends.sqlite.writing.transactions import Transactions
from baton.eventlog.ports.leases import Lease

_ACQUIRE = statement(lease_statements.ACQUIRE, table="leases")
_HELD = statement(lease_statements.HELD, table="leases")
_RELEASE = statement(lease_statements.RELEASE, table="leases")


class SqliteLeases:
    """Implements `Leases`."""

    def __init__(self, reader: sqlite3.Connection, transactions: Transactions) -> None:
        self._reader = reader
        self._transactions = transactions

    async def acquire(self, name: str, *, holder: str, ttl_ms: int, at: int) -> Lease | None:
        """Acquire or renew the lease; None while another holder has it."""
        expires_at = at + ttl_ms
        values = (name, holder, expires_at, at)
        (rows,) = await self._transactions.run((_ACQUIRE, values))
        if not rows:
            return None
        return Lease(name=name, holder=holder, epoch=rows[0][0], expires_at=expires_at)

    async def release(self, lease: Lease) -> None:
        """End the lease before it expires; a lease that another holder took over stays."""
        await self._transactions.run((_RELEASE, (lease.name, lease.holder, lease.epoch)))

    async def held(self, *, at: int) -> Sequence[Lease]:
        """Return the leases that haven't expired, by name."""
        with as_unavailable():
            rows = self._reader.execute(_HELD, (at,)).fetchall()
        return [lease_of(*row) for row in rows]
