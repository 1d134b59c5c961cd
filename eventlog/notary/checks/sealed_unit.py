"""The checks of a block of events: their leaves, the block itself, and its heads."""

from collections.abc import Sequence

from baton.eventlog.events.envelope import Stored
from baton.eventlog.notary.checks.event_checks import EventChecks
from baton.eventlog.notary.checks.verdict import broken, broken_at
from baton.eventlog.notary.key_eras import KeyEras
from baton.eventlog.notary.merkle import Peaks, root_of
from baton.eventlog.notary.signed_head import TreeHead
from baton.eventlog.notary.signed_note import BadNote
from baton.eventlog.ports.audit.leaf_store import LeafBlock, SealedHead


class SealedUnit:
    """The events of one block, with the leaves that were derived from them."""

    def __init__(self, before: Peaks) -> None:
        """Begin a unit; `before` is the tree of the full blocks before it."""
        self.leaves: list[bytes] = []
        self._before = before
        self._positions: list[int] = []
        self._max_ats: list[int] = []

    def check(self, events: Sequence[Stored], block: LeafBlock | None, checks: EventChecks) -> None:
        """Check events one by one, and then the block of their leaves, if there is one.

        Raises `LogBroken`.
        """
        stored = [] if block is None else block.hashes
        for index, event in enumerate(events):
            leaf = checks.check(event) or b""
            if index < len(stored) and leaf != stored[index]:
                broken_at(event, _difference(leaf, stored[index + 1 :]))
            self.leaves.append(leaf)
            self._positions.append(event.position)
            self._max_ats.append(checks.max_at)
        if block is not None and len(stored) <= len(events):
            self._check_block(block, len(stored))

    def root(self, count: int) -> bytes:
        """Return the root of the tree that ends with the first `count` events of this unit."""
        return self._before.root(self.leaves[:count])

    def check_head(self, sealed: SealedHead, count: int, eras: KeyEras) -> None:
        """Check a head that covers the first `count` events of this unit.

        Raises `LogBroken`.
        """
        size, position = sealed.size, sealed.position
        head = _opened(sealed, eras)
        if (head.size, head.position, head.root, head.at) != tuple(sealed[:4]):
            broken(f"the signed head of {size} differs from its stored columns", position)
        if (head.position, head.at) != (self._positions[count - 1], self._max_ats[count - 1]):
            broken(f"the head of {size} doesn't end at its event", position)
        if self.root(count) != head.root:
            broken(f"the head of {size} has another root than the leaves", position)

    def _check_block(self, block: LeafBlock, count: int) -> None:
        """Check the members of a block other than its leaves."""
        last = count - 1
        stated = (block.first_position, block.last_position, block.max_at, block.root)
        derived = (
            self._positions[0],
            self._positions[last],
            self._max_ats[last],
            root_of(self.leaves[:count]),
        )
        if stated != derived or len(block.leaves) != sum(map(len, self.leaves[:count])):
            broken(f"the block {block.number} of leaves was changed", self._positions[last])


def _opened(sealed: SealedHead, eras: KeyEras) -> TreeHead:
    try:
        return eras.open(sealed.note, sealed.position)
    except BadNote as error:
        broken(f"the head of {sealed.size} {error}", sealed.position)


def _difference(leaf: bytes, following: Sequence[bytes]) -> str:
    """Describe how an event differs from its leaf.

    Args:
        leaf: The leaf that was derived from the event.
        following: The stored leaves after the one in its place.
    """
    if leaf in following:
        return "an event before it is missing"
    return "its content differs from its leaf"
