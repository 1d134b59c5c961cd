"""Every event of a store as it is stored: taken out of one, or put into an empty one.

An archive is opened by itself, without the views, the keys and the log: what it needs is a backup.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from baton.eventlog.events.envelope import Stored


class Archive(Protocol):
    """All methods raise `Unavailable`."""

    async def head(self) -> int:
        """Return the position of the newest event, 0 in an empty store."""
        ...

    async def page(self, *, after: int, limit: int) -> Sequence[Stored]:
        """Return up to `limit` events with positions greater than `after`, in order."""
        ...

    async def restore(self, batches: Iterable[Sequence[Stored]]) -> None:
        """Put events into an empty store, at their own positions; durable when it returns.

        All of them or none: what `batches` raises comes out, and then nothing was written. They
        come in order of position. Raises `NotEmpty`, and `InUse` while services run on the store.
        """
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...


class NotEmpty(Exception):
    """The store has events already; an import goes into an empty one."""

    def __str__(self) -> str:
        """Return what is wrong."""
        return str(self.__doc__)
