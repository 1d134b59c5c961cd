"""Extends the tree of a store by the leaves of new events, and signs its heads.

Leaves and roots follow from the events alone. A repetition after a crash, or a former leader that
still writes for a moment, therefore stores the same data again.
"""

from collections.abc import Sequence
from typing import Final

from baton.eventlog.failpoints import failpoint
from baton.eventlog.notary.merkle import Peaks, root_of
from baton.eventlog.notary.signed_head import TreeHead
from baton.eventlog.notary.signed_note import SigningKey
from baton.eventlog.ports.audit.leaf_store import (
    LEAF_BYTES,
    LEAVES_PER_BLOCK,
    LeafBlock,
    LeafStore,
    SealedHead,
    TreeBroken,
    split_leaves,
)

EVENTS_PER_SEAL: Final = 20_000
"""The number of events after which a head is signed while more events follow."""
KEEP_MS: Final = 60_000
"""The span, in ms, of which only one head is kept, apart from the newest head."""


class TreeWriter:
    """The end of a store's tree: the peaks of its full blocks, and the open block.

    `head` is the newest stored head, None before the first.
    """

    def __init__(self, store: LeafStore, key: SigningKey) -> None:
        """Begin an empty tree; `resume_tree` continues a stored one."""
        self.head: SealedHead | None = None
        self._store = store
        self._key = key
        self._peaks = Peaks()
        self._open = b""
        self._full: list[LeafBlock] = []  # full blocks that aren't stored yet
        self._first = self._position = self._max_at = 0
        self._kept_at = 0

    def restore(self, roots: Sequence[bytes], last: LeafBlock, head: SealedHead) -> None:
        """Continue a stored tree; raises `TreeBroken` unless its root is the signed one.

        Args:
            roots: The roots of all blocks.
            last: The last block.
            head: The newest head.
        """
        self._open = last.leaves
        self._first, self._position = last.first_position, last.last_position
        self._max_at = last.max_at
        for root in roots[:-1]:
            self._peaks.add(root)
        if not self._room:
            self._close_block()
        if (self._size, self._root, self._position) != (head.size, head.root, head.position):
            raise TreeBroken(f"the leaves don't lead to the head of {head.size} that was signed")
        self.head, self._kept_at = head, head.at

    async def seal(self) -> int:
        """Seal events that have no leaf yet, up to `EVENTS_PER_SEAL`; return their number.

        Raises `TreeBroken`, and `Unavailable`, after which this writer can't be used any more.
        """
        count = 0
        while count < EVENTS_PER_SEAL:
            room = min(self._room, EVENTS_PER_SEAL - count)
            added = await self._extend(room)
            count += added
            if added < room:
                break
        if count:
            blocks, self._full = self._full, []
            await self._store_head(blocks)
        return count

    async def _extend(self, room: int) -> int:
        """Add the leaves of the next events to the open block, up to `room`; return the number.

        A block that becomes full is closed.
        """
        derived = await self._store.derive(after=self._position, limit=room)
        if not derived.leaves:
            return 0
        if not self._open:
            self._first = derived.first_position
        self._open += derived.leaves
        self._position = derived.last_position
        self._max_at = max(self._max_at, derived.max_at)
        if not self._room:
            self._full.append(self._close_block())
        return len(derived.leaves) // LEAF_BYTES

    def _close_block(self) -> LeafBlock:
        block = self._block()
        self._peaks.add(block.root)
        self._open = b""
        return block

    def _block(self) -> LeafBlock:
        return LeafBlock(
            number=self._peaks.size,
            first_position=self._first,
            last_position=self._position,
            max_at=self._max_at,
            root=root_of(split_leaves(self._open)),
            leaves=self._open,
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
    def _room(self) -> int:
        """The number of leaves that still fit into the open block."""
        return LEAVES_PER_BLOCK - len(self._open) // LEAF_BYTES

    @property
    def _size(self) -> int:
        return LEAVES_PER_BLOCK * self._peaks.size + len(self._open) // LEAF_BYTES

    @property
    def _root(self) -> bytes:
        return self._peaks.root(split_leaves(self._open))


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
