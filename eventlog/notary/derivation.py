"""Derives the leaves of stored events that have no leaf yet."""

import asyncio
import struct
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from baton.eventlog.events.envelope import Stored
from baton.eventlog.notary.event_time import time_of
from baton.eventlog.notary.leaf import LastLeaves
from baton.eventlog.ports.audit.leaf_store import NOTHING_DERIVED, Derived, PlacedLeaf, TreeBroken

CHUNK: Final = 250
"""The number of events that are hashed before the event loop runs other tasks."""


class StoredEvents(Protocol):
    """The part of a `LeafStore` that the derivation of leaves reads."""

    async def events(self, *, after: int, limit: int) -> Sequence[Stored]:
        """Return up to `limit` events with positions greater than `after`, in order."""
        ...

    async def leaves_of(self, wanted: Sequence[tuple[str, int]]) -> Mapping[str, PlacedLeaf]:
        """Return the stored leaves of events by their stream."""
        ...


class Derivation:
    """Derives leaves from `store`, and remembers the last leaves of streams."""

    def __init__(self, store: StoredEvents) -> None:
        self._store = store
        self._last = LastLeaves()

    async def derive(self, *, after: int, limit: int) -> Derived:
        """Return leaves as `LeafStore.derive` does, and raise the same errors."""
        events = await self._store.events(after=after, limit=limit)
        if not events:
            return NOTHING_DERIVED
        leaves: list[bytes] = []
        for start in range(0, len(events), CHUNK):
            leaves += await self._leaves(events[start : start + CHUNK])
            await asyncio.sleep(0)
        return Derived(
            leaves=b"".join(leaves),
            first_position=events[0].position,
            last_position=events[-1].position,
            max_at=max(time_of(event.state) for event in events),
        )

    async def _leaves(self, events: Sequence[Stored]) -> list[bytes]:
        leaves = self._extend(events)
        while len(leaves) < len(events):
            underived = events[len(leaves) :]
            await self._learn(underived)
            leaves += self._extend(underived)
        return leaves

    def _extend(self, events: Sequence[Stored]) -> list[bytes]:
        try:
            return self._last.extend(events)
        except (AttributeError, TypeError, struct.error) as error:
            first, last = events[0].position, events[-1].position
            message = f"an event from position {first} to {last} has columns of other types"
            raise TreeBroken(message) from error

    async def _learn(self, events: Sequence[Stored]) -> None:
        """Look up the leaves before events whose stream's last leaf isn't remembered."""
        unknown = self._last.unknown(events)
        placed_leaves = await self._store.leaves_of(unknown)
        self._last.learn({stream: placed.leaf for stream, placed in placed_leaves.items()})
        for stream, version in unknown:
            if stream not in placed_leaves:
                raise TreeBroken(f"{stream} version {version} has no leaf")
