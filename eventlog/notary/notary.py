"""The notary: a follower that seals stored events with leaves and signed heads of their tree.

It reads events without decoding them. Where several processes share the store, the holder of a
lease works. Events wait for at most about a second until a head covers them; a clean stop leaves
none behind.
"""

import asyncio
import logging
from typing import Final

from baton.eventlog.loops.leader_election import Leader
from baton.eventlog.loops.retry import RetryPolicy, retry
from baton.eventlog.notary.anchors import Anchor
from baton.eventlog.notary.signed_note import SigningKey
from baton.eventlog.notary.tree_writer import TreeBroken, TreeWriter, resume_tree
from baton.eventlog.ports.audit.leaf_store import LeafStore, SealedHead
from baton.eventlog.ports.clock import Clock

NAME: Final = "notary"
"""The name of the notary's lease."""
PACE_MS: Final = 1_000
"""The pause between two looks at the log; the longest time that an event stays unsealed."""
ANCHOR_MS: Final = 60 * 60_000
"""The interval between two heads that are anchored."""
RETRY: Final = RetryPolicy(max_ms=5_000)

_log = logging.getLogger("baton.notary")


class Notary:
    """Seals events while it may: always in a process that has the store to itself, else as leader.

    `sealed` counts the events that this process sealed. `broken` says why the tree can't be
    extended, None while it can.
    """

    def __init__(
        self,
        store: LeafStore,
        key: SigningKey,
        *,
        clock: Clock,
        leader: Leader | None = None,
        anchor: Anchor | None = None,
    ) -> None:
        """Seal events of `store` with `key`.

        Args:
            store: The events, and the tree over them.
            key: Signs the heads.
            clock: Paces the work and dates the heads.
            leader: Contends for the lease `NAME`, None where one process has the store.
            anchor: Keeps heads in another place, None for nowhere.
        """
        self._store = store
        self._key = key
        self._clock = clock
        self._leader = leader
        self._anchor = anchor
        self._sealing = asyncio.Lock()
        self._writer: TreeWriter | None = None
        self._anchored: SealedHead | None = None
        self._anchor_at = 0
        self.sealed = 0
        self.broken: str | None = None

    @property
    def working(self) -> bool:
        """Whether this process is the one that seals."""
        return self._writer is not None

    @property
    def position(self) -> int:
        """The last position that a head of this process covers, 0 before the first."""
        head = None if self._writer is None else self._writer.head
        return 0 if head is None else head.position

    async def run(self) -> None:
        """Seal what is appended, until stopped or cancelled."""
        if self._leader is not None:
            await self._leader.run(self._turn)
            return
        await retry(self._turn, clock=self._clock, log=_log, doing="sealing", policy=RETRY)

    async def stop(self) -> None:
        """Seal and anchor what is left, and release the lease; raises `Unavailable`."""
        try:
            if self._writer is not None:
                await self.seal()
                await self._put_anchor()
        finally:
            if self._leader is not None:
                await self._leader.stop()

    async def seal(self) -> None:
        """Seal every event that is stored now; does nothing while another process seals."""
        async with self._sealing:
            while self._writer is not None:
                count = await self._writer.seal()
                self.sealed += count
                if not count:
                    break

    async def _turn(self) -> None:
        try:
            self._writer = await resume_tree(self._store, self._key)
            while True:
                await self.seal()
                await self._anchor_if_due()
                await self._clock.sleep(PACE_MS)
        except TreeBroken as error:
            self.broken = str(error)
            _log.error("no event is sealed any more: %s; run `baton audit verify`", error)
            self._writer = None
            await asyncio.Event().wait()
        finally:
            self._writer = None

    async def _anchor_if_due(self) -> None:
        if self._anchor_at <= self._clock.now():
            await self._put_anchor()

    async def _put_anchor(self) -> None:
        """Anchor the newest head, unless that was done; a failure is logged and repeated later."""
        head = None if self._writer is None else self._writer.head
        if self._anchor is None or head is None or head == self._anchored:
            return
        try:
            await self._anchor.put(head)
        except OSError as error:
            _log.warning("the head of %d can't be anchored: %s", head.size, error)
        else:
            self._anchored = head
            self._anchor_at = self._clock.now() + ANCHOR_MS
