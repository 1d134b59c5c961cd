"""A store of artifacts whose reads fail."""

from baton.eventlog.ports.artifacts import Artifacts


class FaultyArtifacts:
    """Implements `Artifacts` on another store; one read fails with each of `errors`, in order."""

    def __init__(self, artifacts: Artifacts, *errors: Exception) -> None:
        self.put = artifacts.put
        self._artifacts = artifacts
        self._errors = list(errors)

    async def get(self, tenant: str, sha256: str) -> bytes | None:
        """Raise the next error; return the value when none is left."""
        if self._errors:
            raise self._errors.pop(0)
        return await self._artifacts.get(tenant, sha256)
