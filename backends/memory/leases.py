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
        current = self._leases.get(name) or Lease(name=name, holder="", epoch=0, expires_at=0)
        if current.holder != holder:
            if current.expires_at > at:
                return None
            current = replace(current, holder=holder, epoch=current.epoch + 1)
        lease = self._leases[name] = replace(current, expires_at=at + ttl_ms)
        return lease

    async def release(self, lease: Lease) -> None:
        """End the lease before it expires; a lease that another holder took over stays."""
        current = self._leases.get(lease.name)
        if current and (current.holder, current.epoch) == (lease.holder, lease.epoch):
            self._leases[lease.name] = replace(current, holder="", expires_at=0)

    async def held(self, *, at: int) -> Sequence[Lease]:
        """Return the leases that haven't expired, by name."""
        return [lease for _, lease in sorted(self._leases.items()) if lease.expires_at > at]
