"""Verifies a store: every event, the leaf of each, and every signed head of the tree over them.

Events are checked in the order of the log, so the first break is the one with the lowest position.
For each event the order of the checks is: position, version, readability, fold, leaf; the heads
that end with an event come after it. Services may run meanwhile.
"""

from collections.abc import Callable, Sequence
from typing import Final

from baton.domain.frozen import frozen
from baton.domain.stream import stream_parts
from baton.eventlog.errors import Unavailable, Unreadable
from baton.eventlog.events.artifact_places import hashes_in
from baton.eventlog.events.codec import decode
from baton.eventlog.events.envelope import Stored
from baton.eventlog.notary.checks.event_checks import EventChecks
from baton.eventlog.notary.checks.folds import Folds
from baton.eventlog.notary.checks.sealed_unit import SealedUnit
from baton.eventlog.notary.checks.verdict import Break, LogBroken, Verdict, broken, broken_at
from baton.eventlog.notary.merkle import Peaks, root_of
from baton.eventlog.notary.signed_head import TreeHead, read_head
from baton.eventlog.notary.signed_note import BadNote, VerifierKey
from baton.eventlog.ports.artifacts import Artifacts
from baton.eventlog.ports.audit.leaf_store import (
    LEAVES_PER_BLOCK,
    LeafBlock,
    LeafStore,
    SealedHead,
)

BLOCKS: Final = 32
"""Blocks that are read at once."""
HEADS: Final = 500
"""Heads that are read at once."""
ATTEMPTS: Final = 100
"""Looks at the end of a growing tree until it holds still."""

Progress = Callable[[int, int], None]
"""Callback(position reached, last position)."""


@frozen
class Demands:
    """The evidence that a verification asks for.

    Attributes:
        keys: The keys that may have signed the heads; without any, signatures aren't checked.
        since: A head that was kept elsewhere; the log must begin with it.
        first: The position to begin at; everything before its block is trusted.
    """

    keys: tuple[VerifierKey, ...] = ()
    since: TreeHead | None = None
    first: int = 0


async def verify_store(
    store: LeafStore,
    artifacts: Artifacts,
    demands: Demands,
    *,
    progress: Progress = lambda _position, _last: None,
) -> Verdict:
    """Verify the events of a store up to the one that is the newest now; raises `Unavailable`."""
    verification = _Verification(store, artifacts, demands, progress)
    try:
        await verification.run()
    except LogBroken as error:
        return verification.verdict(error.found)
    return verification.verdict(None)


class _Verification:
    def __init__(
        self, store: LeafStore, artifacts: Artifacts, demands: Demands, progress: Progress
    ) -> None:
        self._store = store
        self._demands = demands
        self._progress = progress
        self._tree = _StoredTree(store)
        self._artifacts = _ArtifactChecks(artifacts)
        self._checks = EventChecks()
        self._before: dict[str, bytes] = {}
        self._peaks = Peaks()
        self._heads_seen = 0
        self._newest = 0
        self._skipped = 0

    def verdict(self, found: Break | None) -> Verdict:
        """Return the verdict on what was checked."""
        checks, head = self._checks, self._tree.head
        return Verdict(
            events=checks.events,
            streams=checks.streams,
            position=checks.position,
            sealed=min(checks.events, max(0, self._tree.size - self._skipped)),
            heads=self._heads_seen,
            head=None if head is None else _read_head(head),
            signed_by=tuple(map(str, self._demands.keys)),
            complete=not self._skipped,
            broken=found,
        )

    async def run(self) -> None:
        """Check everything; raises `LogBroken`."""
        await self._tree.look_at_end()
        self._newest = await self._store.newest()
        if self._demands.first:
            await self._skip_to(self._demands.first)
        await self._tree.load_heads(after=self._size)
        while await self._next_unit():
            pass
        self._check_nothing_is_missing()
        if not self._skipped:
            for folds in self._checks.folds.passes():
                await self._fold_again(folds)

    async def _skip_to(self, first: int) -> None:
        """Trust what stands before the block that holds the position `first`."""
        block = await self._store.block_at(first)
        if block is None or block.number == 0:
            return
        for root in (await self._store.roots())[: block.number]:
            self._peaks.add(root)
        (before,) = await self._store.blocks(first=block.number - 1, limit=1)
        self._checks = EventChecks(self._before)
        self._checks.position = before.last_position
        self._checks.max_at = before.max_at
        self._skipped = self._size

    @property
    def _size(self) -> int:
        """The number of leaves before the present unit."""
        return LEAVES_PER_BLOCK * self._peaks.size

    async def _next_unit(self) -> bool:
        """Check the next events, as many as a block has leaves; return whether more may follow."""
        found = await self._store.events(after=self._checks.position, limit=LEAVES_PER_BLOCK)
        events = [one for one in found if one.position <= self._newest]
        if not events:
            return False
        if self._skipped:
            await self._learn(events)
        unit = SealedUnit(self._peaks)
        unit.check(events, await self._tree.block(self._peaks.size), self._checks)
        await self._artifacts.check(events)
        await self._check_heads(unit)
        self._progress(self._checks.position, self._newest)
        if len(events) < LEAVES_PER_BLOCK:
            return False
        self._peaks.add(root_of(unit.leaves))
        return True

    async def _learn(self, events: Sequence[Stored]) -> None:
        """Look up the leaves before streams that began in the part that is trusted."""
        first: dict[str, int] = {}
        for one in events:
            first.setdefault(one.stream, one.version)
        wanted = [
            (stream, version - 1)
            for stream, version in first.items()
            if version > 1 and not self._checks.last_of(stream)[0]
        ]
        found = await self._store.leaves_of(wanted)
        self._before.update({stream: placed.leaf for stream, placed in found.items()})

    async def _check_heads(self, unit: SealedUnit) -> None:
        """Check the heads that end within a unit, and the one that was kept elsewhere."""
        begin, end = self._size, self._size + len(unit.leaves)
        while (sealed := await self._tree.next_head(up_to=end)) is not None:
            unit.check_head(sealed, sealed.size - begin, self._demands.keys)
            self._heads_seen += 1
        since = self._demands.since
        within = since is not None and begin < since.size <= end
        if since is not None and within and unit.root(since.size - begin) != since.root:
            broken(f"the log doesn't begin with the head of {since.size} that was given")

    def _check_nothing_is_missing(self) -> None:
        """Check that the events reach as far as the tree, and as the head that was given."""
        counted, size = self._skipped + self._checks.events, self._tree.size
        if counted < size:
            broken(f"{size - counted} events are missing behind it", self._checks.position)
        since = self._demands.since
        if since is not None and counted < since.size:
            broken(f"the log has {counted} events, and the head that was given has {since.size}")
        if since is not None and since.size <= self._skipped:
            broken(f"the head of {since.size} lies before --from: leave that out")

    async def _fold_again(self, folds: Folds) -> None:
        """Fold the streams whose states had to be dropped."""
        after = 0
        while found := await self._store.events(after=after, limit=LEAVES_PER_BLOCK):
            after = found[-1].position
            for event in found:
                if event.position <= self._newest and folds.wants(event.stream):
                    decoded = decode(event.topic, event.state)
                    wrong = folds.apply(event.stream, event.version, decoded)
                    if wrong is not None:
                        broken_at(event, wrong)


class _StoredTree:
    """The blocks and heads of a store, as they were when the verification began."""

    def __init__(self, store: LeafStore) -> None:
        self.head: SealedHead | None = None
        self._store = store
        self._end: LeafBlock | None = None
        self._blocks: dict[int, LeafBlock] = {}
        self._heads: list[SealedHead] = []

    @property
    def size(self) -> int:
        return 0 if self.head is None else self.head.size

    async def look_at_end(self) -> None:
        """Read the newest head and the last block, and check that they belong together."""
        found = await self._end_at_one_moment()
        self._end = found[0] if found else None
        end, head = self._end, self.head
        leaves = 0 if end is None else LEAVES_PER_BLOCK * end.number + len(end.hashes)
        if leaves != self.size or len(found) > 1:
            broken(f"there are {leaves} leaves, and the newest head covers {self.size}")
        if end is not None and head is not None and end.last_position != head.position:
            broken("the last block doesn't end where the newest head ends", head.position)

    async def _end_at_one_moment(self) -> Sequence[LeafBlock]:
        """Set `head`, and return the block that it ends with and any behind it."""
        for _ in range(ATTEMPTS):
            self.head = await self._store.head()
            number = max(0, self.size - 1) // LEAVES_PER_BLOCK
            found = await self._store.blocks(first=number, limit=2)
            if await self._store.head() == self.head:
                return found
        raise Unavailable("the tree grows too fast to be read")

    async def block(self, number: int) -> LeafBlock | None:
        """Return a block; None behind the last one. Raises `LogBroken` if it is missing."""
        if self._end is None or number >= self._end.number:
            return self._end if self._end is not None and number == self._end.number else None
        if number not in self._blocks:
            found = await self._store.blocks(first=number, limit=BLOCKS)
            self._blocks = {one.number: one for one in found}
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


class _ArtifactChecks:
    """Checks that the large values of events are there and have their hashes, each once."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts
        self._seen: set[tuple[str, str]] = set()

    async def check(self, events: Sequence[Stored]) -> None:
        """Check the large values that events name; raises `LogBroken`."""
        for event in events:
            for sha256 in hashes_in(event.state):
                owned = (stream_parts(event.stream).tenant, sha256)
                if owned not in self._seen:
                    self._seen.add(owned)
                    await self._check(event, *owned)

    async def _check(self, event: Stored, tenant: str, sha256: str) -> None:
        try:
            value = await self._artifacts.get(tenant, sha256)
        except Unreadable:
            broken_at(event, f"its artifact {sha256} is damaged")
        if value is None:
            broken_at(event, f"its artifact {sha256} is missing")


def _read_head(sealed: SealedHead) -> TreeHead | None:
    try:
        return read_head(sealed.note)
    except BadNote:
        return None
