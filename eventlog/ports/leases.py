"""The port of leases: at most one holder per name."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to be the one `name`; every write of the holder carries `epoch`."""

    name: str
    holder: str
    epoch: int
    expires_at: int


class Leases(Protocol):
    """At most one holder per name; the epoch grows with every change of holder."""

    async def acquire(self, name: str, *, holder: str, ttl_ms: int, at: int) -> Lease | None:
        """Take or renew the lease; None while somebody else holds it."""
        ...

    async def release(self, lease: Lease) -> None:
        """Give it back early."""
        ...
