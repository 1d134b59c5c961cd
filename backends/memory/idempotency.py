"""First answers by idempotency key, in memory."""

from dataclasses import replace

from baton.eventlog.idempotency import RETENTION_MS, StoredKey, evaluate_claim
from baton.eventlog.ports.keys import KeyClaim, StoredResponse


class MemoryIdempotencyKeys:
    """Implements `IdempotencyKeys`."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], StoredKey] = {}  # the oldest claim first

    async def claim(self, tenant: str, key: str, *, fingerprint: str, at: int) -> KeyClaim:
        """Claim the key for the request that `fingerprint` (method, path, body) names."""
        self._forget(at - RETENTION_MS)
        claim = evaluate_claim(self._kept.get((tenant, key)), fingerprint=fingerprint, at=at)
        if claim.outcome == "claimed":
            self._kept.pop((tenant, key), None)
            self._kept[tenant, key] = StoredKey(fingerprint, at)
        return claim

    async def complete(self, tenant: str, key: str, *, response: StoredResponse) -> None:
        """Keep the response of a claimed key."""
        if kept := self._kept.get((tenant, key)):
            self._kept[tenant, key] = replace(kept, response=response)

    async def release(self, tenant: str, key: str) -> None:
        """Give the key back: the command was refused."""
        kept = self._kept.get((tenant, key))
        if kept and kept.response is None:
            del self._kept[tenant, key]

    def _forget(self, before: int) -> None:
        while self._kept:
            oldest = next(iter(self._kept))
            if self._kept[oldest].claimed_at > before:
                return
            del self._kept[oldest]
