"""The port of leases: at most one process holds the lease of a name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to lead, until `expires_at` (ms since the epoch).

    `epoch` is the fencing token: it grows with each change of holder.
    """

    name: str
    holder: str
    epoch: int
    expires_at: int


class Leases(Protocol):
    """Leases by name. All methods raise `Unavailable`."""

    async def acquire(self, name: str, *, holder: str, ttl_ms: int, at: int) -> Lease | None:
        """Acquire or renew the lease; None while another holder has it.

        Args:
            holder: Names this process; no other process may use the same name at the same time.
            ttl_ms: How long the lease lasts without being renewed.
            at: Now, by the clock of this process, ms since the epoch.
        """
        ...

    async def release(self, lease: Lease) -> None:
        """End the lease before it expires; does nothing to a lease that was lost meanwhile."""
        ...

    async def held(self, *, at: int) -> Sequence[Lease]:
        """Return the leases that haven't expired at `at` (ms since the epoch), by name."""
        ...
