"""The notary: a follower that seals stored events with leaves and signed heads of their tree.

It reads events without decoding them. If several processes share the store, the holder of a lease
works. A head covers an event after about a second at most; a clean stop leaves no event uncovered.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from baton.eventlog.errors import Unavailable, Unwritable
from baton.eventlog.loops.leader_election import Leader
from baton.eventlog.loops.retry import RetryPolicy, retry
from baton.eventlog.notary.anchors import Anchor
from baton.eventlog.notary.key_rotation import KeyRotation
from baton.eventlog.notary.signed_note import SigningKey
from baton.eventlog.notary.tree_writer import EVENTS_PER_SEAL, TreeWriter, resume_tree
from baton.eventlog.ports.audit.leaf_store import LeafStore, SealedHead, TreeBroken
from baton.eventlog.ports.clock import Clock

NAME: Final = "notary"
"""The name of the notary's lease."""
PACE_MS: Final = 1_000
"""The pause between two reads of the log, in ms; the longest time that an event stays unsealed."""
ANCHOR_MS: Final = 60 * 60_000
"""The interval between two anchored heads, in ms."""
RETRY_MS: Final = 60_000
"""The interval after an anchor failed, in ms."""
ANCHOR_TIMEOUT_S: Final = 15.0
"""The time in which an anchor must accept a head, in seconds."""
RETRY: Final = RetryPolicy(max_ms=5_000)

_log = logging.getLogger("baton.notary")


class Notary:
    """Seals events: always in a process with a store of its own, else while it leads.

    `sealed` counts the events that this process sealed. `broken` says why the tree can't be
    extended, None while it can.
    """

    def __init__(
        self,
        store: LeafStore,
        key: SigningKey,
        *,
        clock: Clock,
        rotation: KeyRotation | None = None,
        leader: Leader | None = None,
        anchors: Sequence[Anchor] = (),
    ) -> None:
        """Seal events of `store` with `key`.

        Args:
            store: The events, and the tree over them.
            key: Signs the heads.
            clock: Paces the work and gives heads their times.
            rotation: Records a change of the key, None for no record.
            leader: Competes for the lease `NAME`, None for a process with a store of its own.
            anchors: Keep heads in other places.
        """
        self._store = store
        self._key = key
        self._clock = clock
        self._rotation = rotation
        self._leader = leader
        self._anchors = [_Anchoring(anchor, clock) for anchor in anchors]
        self._anchoring: asyncio.Task[None] | None = None
        self._sealing = asyncio.Lock()
        self._writer: TreeWriter | None = None
        self.sealed = 0
        self.broken: str | None = None

    @property
    def working(self) -> bool:
        """Whether this process seals events now."""
        return self._writer is not None

    @property
    def position(self) -> int:
        """The last position that a head of this process covers, 0 before the first."""
        head = None if self._writer is None else self._writer.head
        return 0 if head is None else head.position

    async def run(self) -> None:
        """Seal appended events, until stopped or cancelled."""
        if self._leader is not None:
            await self._leader.run(self._turn)
            return
        await retry(self._turn, clock=self._clock, log=_log, doing="sealing", policy=RETRY)

    async def stop(self) -> None:
        """Seal and anchor the rest, and release the lease; raises `Unavailable`."""
        try:
            if self._writer is not None:
                await self.seal()
                if self._anchoring is not None:
                    await self._anchoring
                await self._anchor(self._anchors)
        finally:
            if self._leader is not None:
                await self._leader.stop()

    async def seal(self) -> None:
        """Seal every event that is stored now; does nothing while another process seals."""
        while await self._seal_some():
            pass

    async def _seal_some(self) -> int:
        """Seal up to `EVENTS_PER_SEAL` events under one head; return their number."""
        async with self._sealing:
            count = 0 if self._writer is None else await self._writer.seal()
            self.sealed += count
            return count

    async def _turn(self) -> None:
        try:
            writer = await resume_tree(self._store, self._key)
            if self._rotation is not None:
                await self._rotation.announce(writer.head)
            self._writer = writer
            while True:
                # Under load there are always some more: a head for each few would cost a lot.
                while await self._seal_some() >= EVENTS_PER_SEAL:
                    pass
                self._begin_anchoring()
                await self._clock.idle(PACE_MS)
        except TreeBroken as error:
            self.broken = str(error)
            _log.error("no event is sealed any more: %s; run `baton audit verify`", error)
            self._writer = None
            await asyncio.Event().wait()
        finally:
            self._writer = None
            if self._anchoring is not None:
                self._anchoring.cancel()

    def _begin_anchoring(self) -> None:
        """Begin to anchor the newest head where that is due; a slow anchor doesn't stop sealing."""
        due = [anchor for anchor in self._anchors if anchor.is_due]
        if due and (self._anchoring is None or self._anchoring.done()):
            self._anchoring = asyncio.create_task(self._anchor(due), name="anchoring")

    async def _anchor(self, anchors: "Sequence[_Anchoring]") -> None:
        """Anchor the newest head."""
        head = None if self._writer is None else self._writer.head
        if head is not None:
            for anchor in anchors:
                await anchor.put(head)


class _Anchoring:
    """An anchor, its last head, and the time at which it gets the next one."""

    def __init__(self, anchor: Anchor, clock: Clock) -> None:
        self._anchor, self._clock = anchor, clock
        self._last: SealedHead | None = None
        self._next_at = 0

    @property
    def is_due(self) -> bool:
        return self._next_at <= self._clock.now()

    async def put(self, head: SealedHead) -> None:
        """Keep a head, unless the anchor has it; a failure is logged, and retried soon."""
        if head == self._last:
            return
        try:
            async with asyncio.timeout(ANCHOR_TIMEOUT_S):
                await self._anchor.put(head)
        except (OSError, Unavailable, Unwritable) as error:
            reason = str(error) or type(error).__name__
            _log.warning("the head of %d can't be anchored: %s", head.size, reason)
            self._next_at = self._clock.now() + RETRY_MS
        else:
            self._last = head
            self._next_at = self._clock.now() + ANCHOR_MS
