"""Leases in PostgreSQL, on the database's clock.

The clocks of hosts differ, so a lease expires by the clock of the database. Each call measures the
difference to this host's clock, and corrects the given times by it.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from baton.backends.postgres.database import Database, statement
from baton.backends.sql import lease_statements
from baton.backends.sql.lease_statements import lease_of
from baton.eventlog.ports.leases import Lease

_NOW = "SELECT extract(epoch FROM clock_timestamp())::float8"
_ACQUIRE = statement(lease_statements.ACQUIRE, table="baton.leases")
_HELD = statement(lease_statements.HELD, table="baton.leases")
_RELEASE = statement(lease_statements.RELEASE, table="baton.leases")


class PostgresLeases:
    """Implements `Leases`."""

    def __init__(self, database: Database, *, wall: Callable[[], float] = time.time) -> None:
        """`wall` is this host's clock, in seconds since the epoch."""
        self._database = database
        self._wall = wall

    async def acquire(self, name: str, *, holder: str, ttl_ms: int, at: int) -> Lease | None:
        """Acquire or renew the lease; None while another holder has it."""
        database_at = at + await self._offset_ms()
        values = (name, holder, database_at + ttl_ms, database_at)
        rows = await self._database.fetch(_ACQUIRE, *values)
        if not rows:
            return None
        return Lease(name=name, holder=holder, epoch=rows[0][0], expires_at=at + ttl_ms)

    async def release(self, lease: Lease) -> None:
        """End the lease before it expires; a lease that another holder took over stays."""
        await self._database.fetch(_RELEASE, lease.name, lease.holder, lease.epoch)

    async def held(self, *, at: int) -> Sequence[Lease]:
        """Return the leases that haven't expired, by name, in this host's time."""
        offset = await self._offset_ms()
        leases = [lease_of(*row) for row in await self._database.fetch(_HELD, at + offset)]
        return [replace(lease, expires_at=lease.expires_at - offset) for lease in leases]

    async def _offset_ms(self) -> int:
        """Return the certain part of the difference between the database's time and this host's."""
        sent_at = self._wall()
        ((now,),) = await self._database.fetch(_NOW)
        answered = self._wall()
        return round(1_000 * offset_s(sent_at, float(now), answered))


def offset_s(sent_at: float, now: float, answered: float) -> float:
    """Return the least correction of this host's clock that puts `now` into the round trip.

    Args:
        sent_at: This host's time when the query was sent, in seconds.
        now: The database's time in its answer, in seconds.
        answered: This host's time when the answer arrived, in seconds.
    """
    if now < sent_at:
        return now - sent_at
    return max(0.0, now - answered)
