"""Leases as rows: one statement takes or renews."""

from baton.backends.sqlite.writing.transactions import Transactions
from baton.eventlog.ports.leases import Lease

_ACQUIRE = """
INSERT INTO leases (name, holder, epoch, expires_at) VALUES (?, ?, 1, ?)
ON CONFLICT (name) DO UPDATE SET
    epoch = leases.epoch + (leases.holder <> excluded.holder),
    holder = excluded.holder,
    expires_at = excluded.expires_at
WHERE leases.holder = excluded.holder OR leases.expires_at <= ?
RETURNING epoch"""
_RELEASE = """
UPDATE leases SET holder = '', expires_at = 0
WHERE name = ? AND holder = ? AND epoch = ?"""


class SqliteLeases:
    """Implements `Leases`."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def acquire(self, name: str, *, holder: str, ttl_ms: int, at: int) -> Lease | None:
        """Take or renew the lease; None while somebody else holds it."""
        expires_at = at + ttl_ms
        values = (name, holder, expires_at, at)
        (rows,) = await self._transactions.run((_ACQUIRE, values))
        if not rows:
            return None
        return Lease(name=name, holder=holder, epoch=rows[0][0], expires_at=expires_at)

    async def release(self, lease: Lease) -> None:
        """Give it back early."""
        await self._transactions.run((_RELEASE, (lease.name, lease.holder, lease.epoch)))
