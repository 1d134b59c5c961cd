"""Leases as rows: one statement acquires or renews."""

from baton.eventlog.ports.leases import Lease

ACQUIRE = """
INSERT INTO {table} AS held (name, holder, epoch, expires_at) VALUES ($1, $2, 1, $3)
ON CONFLICT (name) DO UPDATE SET
    epoch = held.epoch + CASE WHEN held.holder = excluded.holder THEN 0 ELSE 1 END,
    holder = excluded.holder,
    expires_at = excluded.expires_at
WHERE held.holder = excluded.holder OR held.expires_at <= $4
RETURNING epoch"""
"""Returns the epoch; no row while another holder's lease hasn't expired at the time $4."""
RELEASE = """
UPDATE {table} SET holder = '', expires_at = 0 WHERE name = $1 AND holder = $2 AND epoch = $3"""
HELD = """
SELECT name, holder, epoch, expires_at FROM {table} WHERE expires_at > $1 ORDER BY name"""
"""Returns the leases that haven't expired at the time $1."""


def lease_of(name: str, holder: str, epoch: int, expires_at: int) -> Lease:
    """Return the lease of a row of `HELD`."""
    return Lease(name=name, holder=holder, epoch=epoch, expires_at=expires_at)
