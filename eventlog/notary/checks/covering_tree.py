"""The tree that covers the events of a store: blocks of leaves and signed heads, in order."""

from collections.abc import Sequence
from typing import Final

from baton.eventlog.errors import Unavailable
from baton.eventlog.notary.checks.verdict import broken
from baton.eventlog.ports.audit.leaf_store import (
    LEAVES_PER_BLOCK,
    LeafBlock,
    LeafStore,
    SealedHead,
)

BLOCKS: Final = 32
"""The number of blocks that one read returns."""
HEADS: Final = 500
"""The number of heads that one read returns."""
ATTEMPTS: Final = 100
"""The number of reads of a growing tree's end until two reads agree."""


class CoveringTree:
    """The blocks and heads of a store, as they were when the verification began."""

    def __init__(self, store: LeafStore) -> None:
        self.head: SealedHead | None = None
        self._store = store
        self._end: LeafBlock | None = None
        self._blocks: dict[int, LeafBlock] = {}
        self._heads: list[SealedHead] = []

    @property
    def size(self) -> int:
        """The number of leaves that the newest head covers."""
        return 0 if self.head is None else self.head.size

    async def read_end(self) -> None:
        """Read the newest head and the last block, and check that they belong together."""
        last_blocks = await self._end_at_one_moment()
        self._end = last_blocks[0] if last_blocks else None
        end, head = self._end, self.head
        leaves = 0 if end is None else LEAVES_PER_BLOCK * end.number + len(end.hashes)
        if leaves != self.size or len(last_blocks) > 1:
            broken(f"there are {leaves} leaves, and the newest head covers {self.size}")
        if end is not None and head is not None and end.last_position != head.position:
            broken("the last block doesn't end where the newest head ends", head.position)

    async def _end_at_one_moment(self) -> Sequence[LeafBlock]:
        """Set `head`, and return the block that contains its end, and any block after it."""
        for _ in range(ATTEMPTS):
            self.head = await self._store.head()
            number = max(0, self.size - 1) // LEAVES_PER_BLOCK
            last_blocks = await self._store.blocks(first=number, limit=2)
            if await self._store.head() == self.head:
                return last_blocks
        raise Unavailable("the tree grows too fast to be read")

    async def block(self, number: int) -> LeafBlock | None:
        """Return a block; None after the last one. Raises `LogBroken` if it is missing."""
        if self._end is None or number >= self._end.number:
            return self._end if self._end is not None and number == self._end.number else None
        if number not in self._blocks:
            blocks = await self._store.blocks(first=number, limit=BLOCKS)
            self._blocks = {block.number: block for block in blocks}
        if number not in self._blocks:
            broken(f"the block {number} of leaves is missing")
        return self._blocks[number]

    async def load_heads(self, *, after: int) -> None:
        """Read the heads of more than `after` leaves."""
        self._heads = list(await self._store.heads(after=after, limit=HEADS))

    async def next_head(self, *, up_to: int) -> SealedHead | None:
        """Return the next head of at most `up_to` leaves, None if there is none."""
        if not self._heads or self._heads[0].size > min(up_to, self.size):
            return None
        head = self._heads.pop(0)
        if not self._heads:
            await self.load_heads(after=head.size)
        return head
