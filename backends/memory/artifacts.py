"""Artifacts in memory."""

from baton.eventlog.events.artifact_hashes import require_hash, verified


class MemoryArtifacts:
    """Implements `Artifacts`."""

    def __init__(self) -> None:
        self._values: dict[str, bytes] = {}
        self._owners: dict[str, set[str]] = {}

    async def put(self, tenant: str, sha256: str, raw: bytes) -> None:
        """Store a value and make `tenant` an owner."""
        require_hash(sha256, raw)
        self._values.setdefault(sha256, raw)
        self._owners.setdefault(sha256, set()).add(tenant)

    async def get(self, tenant: str, sha256: str) -> bytes | None:
        """Return a value that `tenant` owns."""
        if tenant not in self._owners.get(sha256, ()):
            return None
        return verified(sha256, self._values[sha256])
