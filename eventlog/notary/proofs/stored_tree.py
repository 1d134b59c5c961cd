"""Roots of the subtrees of a stored tree, from which proofs are made."""

from collections.abc import Iterable

from baton.eventlog.errors import Unreadable
from baton.eventlog.notary.merkle import Range, node_hash, root_of, split
from baton.eventlog.ports.audit.leaf_store import LEAVES_PER_BLOCK, LeafStore, SealedHead


class StoredTree:
    """The tree that a head covers. Blocks are read when a proof needs their leaves."""

    def __init__(self, store: LeafStore, head: SealedHead, roots: list[bytes]) -> None:
        """`roots` are the roots of the full blocks below the head; see `open_tree`."""
        self.head = head
        self._store = store
        self._roots = roots
        self._number = -1
        self._leaves: list[bytes] = []

    async def hashes(self, ranges: Iterable[Range]) -> list[bytes]:
        """Return the roots of subtrees; raises `Unavailable`, and `Unreadable` without leaves."""
        return [await self.root(begin, end) for begin, end in ranges]

    async def root(self, begin: int, end: int) -> bytes:
        """Return the root of one subtree."""
        first, last = begin // LEAVES_PER_BLOCK, (end - 1) // LEAVES_PER_BLOCK
        if first == last:
            if end - begin == LEAVES_PER_BLOCK:
                return self._roots[first]
            start = first * LEAVES_PER_BLOCK
            return root_of((await self._block(first))[begin - start : end - start])
        middle = begin + split(end - begin)
        return node_hash(await self.root(begin, middle), await self.root(middle, end))

    async def marks(self, ranges: Iterable[tuple[int, int]], size: int) -> bytes:
        """Return the first `size` bytes of each leaf of ranges (first, count), in order.

        Raises `Unavailable`, and `Unreadable` without leaves.
        """
        marks = bytearray()
        for first, count in ranges:
            begin, end = first, first + count
            while begin < end:
                number, start = divmod(begin, LEAVES_PER_BLOCK)
                leaves = (await self._block(number))[start : start + end - begin]
                marks += b"".join([leaf[:size] for leaf in leaves])
                begin = (number + 1) * LEAVES_PER_BLOCK
        return bytes(marks)

    async def _block(self, number: int) -> list[bytes]:
        if number != self._number:
            blocks = await self._store.blocks(first=number, limit=1)
            if not blocks or blocks[0].number != number:
                raise Unreadable(
                    f"the block {number} of leaves is missing: run `baton audit verify`"
                )
            self._number, self._leaves = number, blocks[0].hashes
        return self._leaves


async def open_tree(store: LeafStore, size: int | None = None) -> StoredTree | None:
    """Return the tree of the head of `size` leaves, or of the newest; None if there is none."""
    head = await store.head(size)
    if head is None:
        return None
    roots = await store.roots()
    return StoredTree(store, head, list(roots[: head.size // LEAVES_PER_BLOCK]))


async def index_after(store: LeafStore, position: int) -> int:
    """Return the index of the first leaf after a position; raises `Unavailable`."""
    block = await store.block_at(position)
    if block is None:
        return 0
    count = len(block.hashes)
    events = await store.events(after=block.first_position - 1, limit=count)
    before = sum(1 for event in events if event.position <= position)
    return LEAVES_PER_BLOCK * block.number + before
