"""Makes proofs from a store: of an export while it is written, and of one run."""

from collections.abc import Sequence

from baton.eventlog.events.envelope import Stored
from baton.eventlog.notary.merkle import inclusion_ranges
from baton.eventlog.notary.proofs.chosen_leaves import ChosenLeaves
from baton.eventlog.notary.proofs.documents import MARK_BYTES, ExportProof, RunProof
from baton.eventlog.notary.proofs.stored_tree import StoredTree, index_after, open_tree
from baton.eventlog.ports.audit.leaf_store import LeafStore


class ExportProver:
    """Collects the places of exported events; `proof` then makes the proof."""

    def __init__(self, store: LeafStore, tree: StoredTree, index: int) -> None:
        """`index` is the index of the first event that `add` gets; see `begin_proof`."""
        self._store = store
        self._tree = tree
        self._index = index
        self._ranges: list[list[int]] = []
        self._streams: set[str] = set()
        self._before: list[tuple[str, int]] = []

    def add(self, events: Sequence[Stored], chosen: Sequence[Stored]) -> None:
        """Add the next events of the log, in order, and the exported ones among them."""
        exported = {event.position for event in chosen}
        for event in events:
            index, self._index = self._index, self._index + 1
            if event.position in exported and index < self._tree.head.size:
                self._choose(index, event)

    def _choose(self, index: int, event: Stored) -> None:
        if self._ranges and sum(self._ranges[-1]) == index:
            self._ranges[-1][1] += 1
        else:
            self._ranges.append([index, 1])
        if event.stream not in self._streams:
            self._streams.add(event.stream)
            if event.version > 1:
                self._before.append((event.stream, event.version - 1))

    async def proof(self) -> ExportProof:
        """Return the proof; raises `Unavailable` and `Unreadable`."""
        head = self._tree.head
        ranges = tuple((first, count) for first, count in self._ranges)
        placed_leaves = await self._store.leaves_of(self._before)
        others = await self._tree.hashes(ChosenLeaves(ranges, head.size).other_ranges())
        return ExportProof(
            head=head.note,
            leaves=ranges,
            before={stream: placed.leaf for stream, placed in sorted(placed_leaves.items())},
            others=tuple(others),
            marks=await self._tree.marks(ranges, MARK_BYTES),
        )


async def begin_proof(store: LeafStore, *, after: int) -> ExportProver | None:
    """Return the prover of an export that begins after a position; None without a head."""
    tree = await open_tree(store)
    if tree is None:
        return None
    return ExportProver(store, tree, await index_after(store, after))


async def prove_stream(
    store: LeafStore, stream: str, *, size: int | None = None
) -> RunProof | None:
    """Return the proof of a stream's last event that a head covers.

    None if there is no such head, or if it covers no event of the stream. Raises `Unavailable` and
    `Unreadable`.

    Args:
        store: The events and their leaves.
        stream: The name of the stream.
        size: The number of leaves of the head, None for the newest.
    """
    tree = await open_tree(store, size)
    if tree is None:
        return None
    covered = [
        event for event in await store.stream(stream) if event.position <= tree.head.position
    ]
    if not covered:
        return None
    last = covered[-1]
    placed = (await store.leaves_of([(stream, last.version)])).get(stream)
    if placed is None:
        return None
    path = await tree.hashes(inclusion_ranges(placed.index, tree.head.size))
    return RunProof(
        head=tree.head.note,
        stream=stream,
        version=last.version,
        position=last.position,
        index=placed.index,
        leaf=placed.leaf,
        path=tuple(path),
    )
