"""Leases as rows: one statement takes or renews."""

from eventsourcing.sqlite import SQLiteCursor

from backends.sqlite.transactions import Transactions
from eventlog.ports import Lease

_ACQUIRE = """
INSERT INTO leases (name, holder, epoch, expires_at) VALUES (:name, :holder, 1, :expires_at)
ON CONFLICT (name) DO UPDATE SET
    epoch = leases.epoch + (leases.holder <> excluded.holder),
    holder = excluded.holder,
    expires_at = excluded.expires_at
WHERE leases.holder = excluded.holder OR leases.expires_at <= :at
RETURNING epoch"""
_RELEASE = """
UPDATE leases SET holder = '', expires_at = 0
WHERE name = :name AND holder = :holder AND epoch = :epoch"""


class SqliteLeases:
    """Implements `eventlog.ports.Leases`."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def acquire(self, name: str, *, holder: str, ttl_ms: int, at: int) -> Lease | None:
        """Take or renew the lease; None while somebody else holds it."""
        expires_at = at + ttl_ms
        values = {"name": name, "holder": holder, "expires_at": expires_at, "at": at}

        def job(cursor: SQLiteCursor) -> Lease | None:
            cursor.execute(_ACQUIRE, values)
            found = cursor.fetchone()
            if found is None:
                return None
            return Lease(name=name, holder=holder, epoch=found[0], expires_at=expires_at)

        return await self._transactions.run(job)

    async def release(self, lease: Lease) -> None:
        """Give it back early."""
        values = {"name": lease.name, "holder": lease.holder, "epoch": lease.epoch}
        await self._transactions.run(lambda cursor: cursor.execute(_RELEASE, values))
