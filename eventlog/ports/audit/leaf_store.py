"""The port of leaf blocks and tree heads, which are stored with the events that they cover.

The tree has one leaf for each event, in order of position. Leaves are kept in blocks of 1,024; only
the last block may have fewer. Blocks and heads follow from the events and the key, so an import
starts without them.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from baton.domain.frozen import frozen
from baton.eventlog.events.envelope import Stored

LEAVES_PER_BLOCK: Final = 1_024
LEAF_BYTES: Final = 32


class TreeBroken(Exception):
    """The stored tree isn't the tree whose head was signed; extending it would hide that."""


class Derived(NamedTuple):
    """The leaves of consecutive events, which aren't stored yet.

    Attributes:
        leaves: The leaves, 32 bytes each; empty without events.
        first_position: The position of the first event, 0 without events.
        last_position: The position of the last event, 0 without events.
        max_at: The greatest time of any of them, ms since the epoch, UTC.
    """

    leaves: bytes
    first_position: int
    last_position: int
    max_at: int


NOTHING_DERIVED: Final = Derived(b"", 0, 0, 0)


def split_leaves(leaves: bytes) -> list[bytes]:
    """Split joined leaves into single leaves."""
    return [leaves[at : at + LEAF_BYTES] for at in range(0, len(leaves), LEAF_BYTES)]


class LeafBlock(NamedTuple):
    """The leaves of consecutive events.

    Attributes:
        number: The number of the block, from 0; its first leaf has the index 1,024 × number.
        first_position: The position of its first event.
        last_position: The position of its last event.
        max_at: The greatest time of any event up to its last one, ms since the epoch, UTC.
        root: The root over its leaves.
        leaves: The leaves, 32 bytes each.
    """

    number: int
    first_position: int
    last_position: int
    max_at: int
    root: bytes
    leaves: bytes

    @property
    def hashes(self) -> list[bytes]:
        """The leaves, one by one."""
        return split_leaves(self.leaves)


class SealedHead(NamedTuple):
    """A signed head of the tree.

    Attributes:
        size: The number of leaves.
        position: The position of the last event that it covers.
        root: The root of the tree.
        at: The greatest time of any event that it covers, ms since the epoch, UTC.
        note: The signed note, which has the remaining facts.
    """

    size: int
    position: int
    root: bytes
    at: int
    note: bytes


@frozen(kw_only=False)
class PlacedLeaf:
    """A leaf with its index in the tree."""

    index: int
    leaf: bytes


class LeafStore(Protocol):
    """Leaf blocks and tree heads, and the stored events. All methods raise `Unavailable`."""

    async def events(self, *, after: int, limit: int) -> Sequence[Stored]:
        """Return up to `limit` events with positions greater than `after`, undecoded, in order."""
        ...

    async def derive(self, *, after: int, limit: int) -> Derived:
        """Return the leaves of up to `limit` events with positions greater than `after`.

        Every event up to `after` must have a stored leaf, or this object must have derived it
        before. Fewer than `limit` leaves are returned only at the end of the log. Raises
        `TreeBroken` if a preceding leaf is missing.
        """
        ...

    async def stream(self, name: str) -> Sequence[Stored]:
        """Return all events of one stream, undecoded, in order."""
        ...

    async def newest(self) -> int:
        """Return the position of the newest event, 0 in an empty store."""
        ...

    async def leaves_of(self, wanted: Sequence[tuple[str, int]]) -> Mapping[str, PlacedLeaf]:
        """Return the leaves of events by their stream; an event without a leaf is left out.

        Args:
            wanted: Stream and version of each event; a stream occurs once.
        """
        ...

    async def blocks(self, *, first: int, limit: int) -> Sequence[LeafBlock]:
        """Return up to `limit` blocks with numbers from `first` on, in order."""
        ...

    async def block_at(self, position: int) -> LeafBlock | None:
        """Return the last block that begins at `position` or before; None if there is none."""
        ...

    async def roots(self) -> Sequence[bytes]:
        """Return the root of every block, in order."""
        ...

    async def head(self, size: int | None = None) -> SealedHead | None:
        """Return the head of `size` leaves, or the newest one; None if it doesn't exist."""
        ...

    async def heads(self, *, after: int, limit: int) -> Sequence[SealedHead]:
        """Return up to `limit` heads of more than `after` leaves, the smallest first."""
        ...

    async def seal(
        self, blocks: Sequence[LeafBlock], head: SealedHead, *, instead_of: int | None = None
    ) -> None:
        """Store blocks and a head together; durable when it returns.

        A block replaces the stored block of the same number if that has fewer leaves. A head of an
        existing size is ignored. Storing the same again changes nothing.

        Args:
            blocks: New blocks, in order; the first may continue the last stored one.
            head: A head over all leaves up to the last of `blocks`.
            instead_of: The size of an older head that is deleted, None to keep all.
        """
        ...
