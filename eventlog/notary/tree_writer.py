"""Extends the tree of a store by the leaves of new events, and signs its heads.

Leaves and roots follow from the events alone, so that a repetition after a crash, or a former
leader that still writes for a moment, stores the same again.
"""

import asyncio
import struct
from collections.abc import Sequence
from typing import Final

from baton.eventlog.events.envelope import Stored
from baton.eventlog.failpoints import failpoint
from baton.eventlog.notary.event_time import time_of
from baton.eventlog.notary.leaf import LastLeaves
from baton.eventlog.notary.merkle import Peaks, root_of
from baton.eventlog.notary.signed_head import TreeHead
from baton.eventlog.notary.signed_note import SigningKey
from baton.eventlog.ports.audit.leaf_store import (
    LEAVES_PER_BLOCK,
    LeafBlock,
    LeafStore,
    SealedHead,
)

PAGE: Final = 1_000
"""Events that are read at once."""
CHUNK: Final = 250
"""Events that are hashed before the event loop runs other tasks."""
EVENTS_PER_SEAL: Final = 20_000
"""Events after which a head is signed while there are more."""
KEEP_MS: Final = 60_000
"""Of the heads whose events are of one minute, one is kept beside the newest."""


class TreeBroken(Exception):
    """The stored tree isn't the one whose head was signed; extending it would hide that."""


class TreeWriter:
    """The end of a store's tree: the peaks of its full blocks, and the open block.

    `head` is the newest stored head, None before the first.
    """

    def __init__(self, store: LeafStore, key: SigningKey) -> None:
        """Begin an empty tree; `resume_tree` continues a stored one."""
        self.head: SealedHead | None = None
        self._store = store
        self._key = key
        self._last = LastLeaves()
        self._peaks = Peaks()
        self._open: list[bytes] = []
        self._full: list[LeafBlock] = []  # full blocks that aren't stored yet
        self._unsealed = 0  # events with leaves behind the newest head
        self._first = self._position = self._max_at = 0
        self._kept_at = 0

    def restore(self, roots: Sequence[bytes], last: LeafBlock, head: SealedHead) -> None:
        """Continue a stored tree; raises `TreeBroken` unless it has the root that was signed.

        Args:
            roots: The roots of all blocks.
            last: The last block.
            head: The newest head.
        """
        self._open = last.hashes
        self._first, self._position = last.first_position, last.last_position
        self._max_at = last.max_at
        for root in roots[:-1]:
            self._peaks.add(root)
        if len(self._open) == LEAVES_PER_BLOCK:
            self._close_block()
        if (self._size, self._root, self._position) != (head.size, head.root, head.position):
            raise TreeBroken(f"the leaves don't lead to the head of {head.size} that was signed")
        self.head, self._kept_at = head, head.at

    async def hash_recent(self) -> None:
        """Derive the leaves of events that this process has just appended; nothing is stored yet.

        Their bytes are still in the processor's cache then. Raises as `seal` does.
        """
        while self._unsealed < EVENTS_PER_SEAL:
            if await self._hash_page(remembered=True) < PAGE:
                break

    async def seal(self) -> int:
        """Seal events that have no leaf yet, about `EVENTS_PER_SEAL`; return their number.

        Raises `TreeBroken`, and `Unavailable`: then this writer can't be used any more.
        """
        while self._unsealed < EVENTS_PER_SEAL:
            if await self._hash_page(remembered=False) < PAGE:
                break
        count, self._unsealed = self._unsealed, 0
        if count:
            blocks, self._full = self._full, []
            await self._store_head(blocks)
        return count

    async def _hash_page(self, *, remembered: bool) -> int:
        """Derive the leaves of the next events, `PAGE` at most; return their number."""
        store, after = self._store, self._position
        events = await store.to_seal(after=after, limit=PAGE, remembered=remembered)
        for start in range(0, len(events), CHUNK):
            self._full += await self._extend(events[start : start + CHUNK])
            await asyncio.sleep(0)
        self._unsealed += len(events)
        return len(events)

    async def _extend(self, events: Sequence[Stored]) -> list[LeafBlock]:
        """Add the leaves of events; return the blocks that are full now."""
        leaves = self._leaves(events)
        while len(leaves) < len(events):
            rest = events[len(leaves) :]
            await self._learn(rest)
            leaves += self._leaves(rest)
        full: list[LeafBlock] = []
        done = 0
        while done < len(events):
            end = done + LEAVES_PER_BLOCK - len(self._open)
            self._add(events[done:end], leaves[done:end])
            done = end
            if len(self._open) == LEAVES_PER_BLOCK:
                full.append(self._close_block())
        return full

    async def _learn(self, events: Sequence[Stored]) -> None:
        """Look up the leaves before streams that have events, where they aren't remembered."""
        unknown = self._last.unknown(events)
        found = await self._store.leaves_of(unknown)
        self._last.learn({stream: placed.leaf for stream, placed in found.items()})
        for stream, version in unknown:
            if stream not in found:
                raise TreeBroken(f"{stream} version {version} has no leaf")

    def _leaves(self, events: Sequence[Stored]) -> list[bytes]:
        try:
            return self._last.extend(events)
        except (AttributeError, TypeError, struct.error) as error:
            first, last = events[0].position, events[-1].position
            message = f"an event from position {first} to {last} has columns of other types"
            raise TreeBroken(message) from error

    def _add(self, events: Sequence[Stored], leaves: Sequence[bytes]) -> None:
        """Add events with their leaves to the open block, which has room for them."""
        if not self._open:
            self._first = events[0].position
        self._open += leaves
        self._position = events[-1].position
        self._max_at = max([self._max_at, *[time_of(event.state) for event in events]])

    def _close_block(self) -> LeafBlock:
        block = self._block()
        self._peaks.add(block.root)
        self._open = []
        return block

    def _block(self) -> LeafBlock:
        return LeafBlock(
            number=self._peaks.size,
            first_position=self._first,
            last_position=self._position,
            max_at=self._max_at,
            root=root_of(self._open),
            leaves=b"".join(self._open),
        )

    async def _store_head(self, blocks: list[LeafBlock]) -> None:
        """Sign a head and store it with the blocks it covers."""
        if self._open:
            blocks.append(self._block())
        head = TreeHead(
            origin=self._key.verifier.name,
            size=self._size,
            root=self._root,
            position=self._position,
            at=self._max_at,
        )
        sealed = SealedHead(head.size, head.position, head.root, head.at, head.signed(self._key))
        old = self.head
        drop = old is not None and self._kept_at < old.at < self._kept_at + KEEP_MS
        failpoint("before-seal")
        await self._store.seal(blocks, sealed, instead_of=old.size if old and drop else None)
        failpoint("after-seal")
        if not drop and old is not None:
            self._kept_at = old.at
        self.head = sealed

    @property
    def _size(self) -> int:
        return LEAVES_PER_BLOCK * self._peaks.size + len(self._open)

    @property
    def _root(self) -> bytes:
        return self._peaks.root(self._open)


async def resume_tree(store: LeafStore, key: SigningKey) -> TreeWriter:
    """Return a writer at the end of the stored tree; raises `TreeBroken` and `Unavailable`."""
    writer = TreeWriter(store, key)
    roots, head = await store.roots(), await store.head()
    last = await store.blocks(first=max(0, len(roots) - 1), limit=1)
    if head is None and not roots:
        return writer
    if head is None or not last:
        raise TreeBroken("there are leaves without a signed head, or a head without leaves")
    writer.restore(roots, last[0], head)
    return writer
