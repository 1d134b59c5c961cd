"""Leases as rows: one statement takes or renews.

Hosts don't agree on the time, so a lease is kept in the database's: each call finds out by how much
this host's clock is off, and moves the times it was given by that.
"""

import time
from collections.abc import Callable

from baton.backends.postgres.database import Database
from baton.eventlog.ports.leases import Lease

_NOW = "SELECT extract(epoch FROM clock_timestamp())::float8"
_ACQUIRE = """
INSERT INTO baton.leases (name, holder, epoch, expires_at) VALUES ($1, $2, 1, $3)
ON CONFLICT (name) DO UPDATE SET
    epoch = leases.epoch + (leases.holder <> excluded.holder)::int,
    holder = excluded.holder,
    expires_at = excluded.expires_at
WHERE leases.holder = excluded.holder OR leases.expires_at <= $4
RETURNING epoch"""
_RELEASE = """
UPDATE baton.leases SET holder = '', expires_at = 0
WHERE name = $1 AND holder = $2 AND epoch = $3"""


class PostgresLeases:
    """Implements `Leases`."""

    def __init__(self, database: Database, *, wall: Callable[[], float] = time.time) -> None:
        """`wall` is this host's clock, in seconds since the epoch."""
        self._database = database
        self._wall = wall

    async def acquire(self, name: str, *, holder: str, ttl_ms: int, at: int) -> Lease | None:
        """Take or renew the lease; None while somebody else holds it."""
        then = at + await self._offset_ms()
        found = await self._database.fetch(_ACQUIRE, name, holder, then + ttl_ms, then)
        if not found:
            return None
        return Lease(name=name, holder=holder, epoch=found[0][0], expires_at=at + ttl_ms)

    async def release(self, lease: Lease) -> None:
        """Give it back early."""
        await self._database.fetch(_RELEASE, lease.name, lease.holder, lease.epoch)

    async def _offset_ms(self) -> int:
        """Return how far this host's clock is behind the database's, as far as is certain."""
        asked = self._wall()
        ((now,),) = await self._database.fetch(_NOW)
        answered = self._wall()
        return round(1_000 * offset_s(asked, float(now), answered))


def offset_s(asked: float, now: float, answered: float) -> float:
    """Return the least correction that puts `now` between `asked` and `answered`."""
    if now < asked:
        return now - asked
    return max(0.0, now - answered)
