"""Leases in memory."""

from collections.abc import Sequence
from dataclasses import replace

from baton.eventlog.ports.leases import Lease


class MemoryLeases:
    """Implements `Leases`."""

    def __init__(self) -> None:
        self._leases: dict[str, Lease] = {}

    async def acquire(self, name: str, *, holder: str, ttl_ms: int, at: int) -> Lease | None:
        """Acquire or renew the lease; None while another holder has it."""
        found = self._leases.get(name) or Lease(name=name, holder="", epoch=0, expires_at=0)
        if found.holder != holder:
            if found.expires_at > at:
                return None
            found = replace(found, holder=holder, epoch=found.epoch + 1)
        lease = self._leases[name] = replace(found, expires_at=at + ttl_ms)
        return lease

    async def release(self, lease: Lease) -> None:
        """End the lease before it expires; one that was taken over stays."""
        found = self._leases.get(lease.name)
        if found and (found.holder, found.epoch) == (lease.holder, lease.epoch):
            self._leases[lease.name] = replace(found, holder="", expires_at=0)

    async def held(self, *, at: int) -> Sequence[Lease]:
        """Return the leases that haven't expired, by name."""
        return [one for _, one in sorted(self._leases.items()) if one.expires_at > at]
