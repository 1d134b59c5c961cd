"""Verifies a store: every event, the leaf of each, and every signed head of the tree over them.

Events are checked in the order of the log, so the first break is the one with the lowest position.
For each event the order of the checks is: position, version, readability, fold, leaf. The heads
that end with an event are checked after it. Services may run meanwhile.
"""

import asyncio
from collections.abc import Callable, Sequence

from baton.domain.frozen import frozen
from baton.eventlog.events.envelope import Stored
from baton.eventlog.notary.checks.artifact_checks import ArtifactChecks
from baton.eventlog.notary.checks.covering_tree import CoveringTree
from baton.eventlog.notary.checks.event_checks import EventChecks, Reads
from baton.eventlog.notary.checks.sealed_unit import SealedUnit
from baton.eventlog.notary.checks.shares import CheckShares, Share, Span, first_of, fold_again
from baton.eventlog.notary.checks.verdict import Break, LogBroken, Verdict, broken
from baton.eventlog.notary.key_eras import KeyEras
from baton.eventlog.notary.key_rotation import rotations_in
from baton.eventlog.notary.merkle import Peaks, root_of
from baton.eventlog.notary.signed_head import TreeHead, read_head
from baton.eventlog.notary.signed_note import BadNote, VerifierKey
from baton.eventlog.ports.artifacts import Artifacts
from baton.eventlog.ports.audit.leaf_store import (
    LEAVES_PER_BLOCK,
    LeafStore,
    SealedHead,
)

Progress = Callable[[int, int], None]
"""Callback(position reached, last position)."""


@frozen
class Requirements:
    """The evidence that a verification requires.

    Attributes:
        keys: The keys that may have signed the heads; without any, signatures aren't checked.
        since: A head that was kept elsewhere; the log must begin with its tree.
        first: The position to begin at; everything before its block is trusted.
    """

    keys: tuple[VerifierKey, ...] = ()
    since: TreeHead | None = None
    first: int = 0


@frozen
class Helpers:
    """Processes that check shares of the streams; `share` is the share of this process."""

    share: Share
    check: CheckShares


async def verify_store(
    store: LeafStore,
    artifacts: Artifacts,
    requirements: Requirements,
    *,
    progress: Progress = lambda _position, _last: None,
    helpers: Helpers | None = None,
) -> Verdict:
    """Verify the events of a store up to the currently newest one; raises `Unavailable`."""
    reads = None if helpers is None else helpers.share.holds
    verification = _Verification(store, artifacts, requirements, progress, reads)
    return verification.verdict(await verification.run(None if helpers is None else helpers.check))


class _Verification:
    def __init__(
        self,
        store: LeafStore,
        artifacts: Artifacts,
        requirements: Requirements,
        progress: Progress,
        reads: Reads | None,
    ) -> None:
        self._store = store
        self._reads = reads
        self._requirements = requirements
        self._progress = progress
        self._tree = CoveringTree(store)
        self._artifacts = ArtifactChecks(artifacts)
        self._checks = EventChecks(reads=reads)
        self._before: dict[str, bytes] = {}
        self._eras = KeyEras((), ())
        self._peaks = Peaks()
        self._heads_seen = 0
        self._newest = 0
        self._skipped = 0

    def verdict(self, first_break: Break | None) -> Verdict:
        """Return the verdict on the checked events."""
        checks, head = self._checks, self._tree.head
        return Verdict(
            events=checks.events,
            streams=checks.streams,
            position=checks.position,
            sealed=min(checks.events, max(0, self._tree.size - self._skipped)),
            heads=self._heads_seen,
            head=None if head is None else _read_head(head),
            signed_by=tuple(map(str, self._requirements.keys)),
            complete=not self._skipped,
            broken=first_break,
        )

    async def run(self, check_shares: CheckShares | None) -> Break | None:
        """Check everything, with the help of other processes; return the first break."""
        try:
            span = await self._begin()
        except LogBroken as error:
            return error.first_break
        if check_shares is None:
            return await self._first_break()
        elsewhere = asyncio.ensure_future(check_shares(span))
        try:
            return first_of(await self._first_break(), await elsewhere)
        finally:
            elsewhere.cancel()

    async def _begin(self) -> Span:
        """Read the end of the log, and return the part to check; raises `LogBroken`."""
        await self._tree.read_end()
        self._newest = await self._store.newest()
        if self._requirements.first:
            await self._skip_to(self._requirements.first)
        await self._tree.load_heads(after=self._size)
        self._eras = KeyEras(self._requirements.keys, await rotations_in(self._store))
        return Span(after=self._checks.position, last=self._newest)

    async def _first_break(self) -> Break | None:
        try:
            while await self._next_unit():
                pass
            self._check_nothing_is_missing()
            self._check_newest_key()
            if not self._skipped:
                await fold_again(self._store, self._checks.folds, self._newest)
        except LogBroken as error:
            return error.first_break
        return None

    async def _skip_to(self, first: int) -> None:
        """Trust everything before the block that holds the position `first`."""
        block = await self._store.block_at(first)
        if block is None or block.number == 0:
            return
        for root in (await self._store.roots())[: block.number]:
            self._peaks.add(root)
        (before,) = await self._store.blocks(first=block.number - 1, limit=1)
        self._checks = EventChecks(self._before, reads=self._reads)
        self._checks.position = before.last_position
        self._checks.max_at = before.max_at
        self._skipped = self._size

    @property
    def _size(self) -> int:
        """The number of leaves before the current unit."""
        return LEAVES_PER_BLOCK * self._peaks.size

    async def _next_unit(self) -> bool:
        """Check the next events, up to one block; return whether more may follow."""
        stored = await self._store.events(after=self._checks.position, limit=LEAVES_PER_BLOCK)
        events = [event for event in stored if event.position <= self._newest]
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
        """Look up the leaves before streams that began in the trusted part."""
        first: dict[str, int] = {}
        for event in events:
            first.setdefault(event.stream, event.version)
        predecessors = [
            (stream, version - 1)
            for stream, version in first.items()
            if version > 1 and not self._checks.last_of(stream)[0]
        ]
        placed_leaves = await self._store.leaves_of(predecessors)
        self._before.update({stream: placed.leaf for stream, placed in placed_leaves.items()})

    async def _check_heads(self, unit: SealedUnit) -> None:
        """Check the heads that end within a unit, and the head that was kept elsewhere."""
        begin, end = self._size, self._size + len(unit.leaves)
        while (sealed := await self._tree.next_head(up_to=end)) is not None:
            unit.check_head(sealed, sealed.size - begin, self._eras)
            self._heads_seen += 1
        since = self._requirements.since
        within = since is not None and begin < since.size <= end
        if since is not None and within and unit.root(since.size - begin) != since.root:
            broken(f"the log doesn't begin with the head of {since.size} that was given")

    def _check_newest_key(self) -> None:
        head = self._tree.head
        if head is not None and not self._eras.trusts_newest:
            names = " or ".join(map(str, self._requirements.keys))
            broken(f"the head of {head.size} is not signed by {names}", head.position)

    def _check_nothing_is_missing(self) -> None:
        """Check that the events reach as far as the tree, and as the given head."""
        counted, size = self._skipped + self._checks.events, self._tree.size
        if counted < size:
            broken(f"{size - counted} events are missing after it", self._checks.position)
        since = self._requirements.since
        if since is not None and counted < since.size:
            broken(f"the log has {counted} events, and the head that was given has {since.size}")
        if since is not None and since.size <= self._skipped:
            broken(f"the head of {since.size} is before --from: leave out --from")


def _read_head(sealed: SealedHead) -> TreeHead | None:
    try:
        return read_head(sealed.note)
    except BadNote:
        return None
