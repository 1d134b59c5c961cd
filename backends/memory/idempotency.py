"""Idempotency keys in memory."""

from dataclasses import replace

from baton.eventlog.idempotency import RETENTION_MS, StoredKey, evaluate_claim
from baton.eventlog.ports.keys import KeyClaim, StoredResponse


class MemoryIdempotencyKeys:
    """Implements `IdempotencyKeys`."""

    def __init__(self) -> None:
        self._keys: dict[tuple[str, str], StoredKey] = {}  # in the order of the claims

    async def claim(self, tenant: str, key: str, *, fingerprint: str, at: int) -> KeyClaim:
        """Claim the key for the request that `fingerprint` identifies."""
        self._delete_expired(at - RETENTION_MS)
        claim = evaluate_claim(self._keys.get((tenant, key)), fingerprint=fingerprint, at=at)
        if claim.outcome == "claimed":
            self._keys.pop((tenant, key), None)
            self._keys[tenant, key] = StoredKey(fingerprint, at)
        return claim

    async def complete(self, tenant: str, key: str, *, response: StoredResponse) -> None:
        """Store the response of a claimed key."""
        if stored := self._keys.get((tenant, key)):
            self._keys[tenant, key] = replace(stored, response=response)

    async def release(self, tenant: str, key: str) -> None:
        """Give up the claim of a key whose command was refused."""
        stored = self._keys.get((tenant, key))
        if stored and stored.response is None:
            del self._keys[tenant, key]

    def _delete_expired(self, before: int) -> None:
        while self._keys:
            oldest = next(iter(self._keys))
            if self._keys[oldest].claimed_at > before:
                return
            del self._keys[oldest]
