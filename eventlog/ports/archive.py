"""The port for exporting every stored event, and for importing events into an empty store.

An archive is opened without views, idempotency keys and log, because a backup needs only events.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from baton.eventlog.events.envelope import Stored, StoredArtifact


class Archive(Protocol):
    """All events of a store with their artifacts, as they are stored.

    All methods raise `Unavailable`.
    """

    async def head(self) -> int:
        """Return the position of the newest event, 0 in an empty store."""
        ...

    async def page(self, *, after: int, limit: int) -> Sequence[Stored]:
        """Return up to `limit` events with positions greater than `after`, in order."""
        ...

    async def artifact(self, tenant: str, sha256: str) -> bytes:
        """Return the value of an artifact; raises `Unreadable` if it is missing or damaged."""
        ...

    async def restore(self, batches: Iterable[Sequence[Stored | StoredArtifact]]) -> None:
        """Put events into an empty store, at their own positions; durable when it returns.

        Artifacts are stored with them. Either everything is stored or nothing: an exception of
        `batches` is raised unchanged, and then nothing is stored. Raises `NotEmpty`, and `InUse`
        while services run on the store.

        Args:
            batches: Events in order of position, and artifacts. Consumed once.
        """
        ...

    async def close(self) -> None:
        """Release the store."""
        ...


class NotEmpty(Exception):
    """The store already has events; an import needs an empty store."""

    def __str__(self) -> str:
        """Return the docstring of the class, which is the message."""
        return str(self.__doc__)
