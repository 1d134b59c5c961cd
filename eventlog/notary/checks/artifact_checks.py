"""The checks of the large values that events name."""

from collections.abc import Sequence

from baton.eventlog.errors import Unreadable
from baton.eventlog.events.artifact_places import hashes_in
from baton.eventlog.events.envelope import Stored
from baton.eventlog.notary.checks.verdict import broken_at
from baton.eventlog.ports.artifacts import Artifacts


class ArtifactChecks:
    """Checks that the large values of events exist and have their hashes, each value once."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts
        self._seen: set[tuple[str, str]] = set()

    async def check(self, events: Sequence[Stored]) -> None:
        """Check the large values that events name; raises `LogBroken`."""
        for event in events:
            for sha256 in hashes_in(event.state):
                owned = (event.stream.partition("/")[0], sha256)
                if owned not in self._seen:
                    self._seen.add(owned)
                    await self._check(event, *owned)

    async def _check(self, event: Stored, tenant: str, sha256: str) -> None:
        try:
            value = await self._artifacts.get(tenant, sha256)
        except Unreadable:
            broken_at(event, f"its artifact {sha256} is damaged")
        if value is None:
            broken_at(event, f"its artifact {sha256} is missing")
