"""Leases in SQLite."""

from baton.backends.sql import lease_statements
from baton.backends.sqlite.database import statement
from baton.backends.sqlite.writing.transactions import Transactions
from baton.eventlog.ports.leases import Lease

_ACQUIRE = statement(lease_statements.ACQUIRE, table="leases")
_RELEASE = statement(lease_statements.RELEASE, table="leases")


class SqliteLeases:
    """Implements `Leases`."""

    def __init__(self, transactions: Transactions) -> None:
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
        """End the lease before it expires; one that was taken over stays."""
        await self._transactions.run((_RELEASE, (lease.name, lease.holder, lease.epoch)))
