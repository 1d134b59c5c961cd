"""Follows the log into one set of views beside the live set.

The holder of the set's lease does so: `baton views rebuild`, or else a projector process, which
takes over when that command ends or crashes.
"""

import asyncio
import logging
from typing import Final

from baton.eventlog.errors import Unavailable
from baton.eventlog.failpoints import failpoint
from baton.eventlog.loops.leader_election import Leader
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.stores import Log
from baton.eventlog.ports.views import ViewStore
from baton.eventlog.view_sets.choice import last_promoted, set_of, tables_of
from baton.projector.projector import Projector
from baton.projector.sets.comparison import Comparison, Difference, OnRows, common_tables

MAX_DIFFERENCES: Final = 20
"""The number of differences at which a comparison ends."""
SAMPLE: Final = 10_000
"""The number of rows of each table that are compared with a set of another release."""
NEAR: Final = 1_000
"""A set has caught up when it is at most this many positions behind; under load both sets move."""
POLL_MS: Final = 200
"""The interval between checks whether the set has caught up, in ms."""

_log = logging.getLogger("baton.views")


class SetFollower:
    """Projects one set while this process has its lease, and compares it once it has caught up.

    `compared_rows` is the number of rows compared so far by the current comparison.
    """

    def __init__(
        self,
        stores: Stores,
        number: int,
        store: ViewStore,
        *,
        clock: Clock,
        holder: str,
        events_per_s: int = 0,
    ) -> None:
        """`store` holds the set; the other arguments are those of `Projector`."""
        self.store = store
        self.compared_rows = 0
        self.projector = Projector(store, clock=clock, events_per_s=events_per_s)
        self._stores = stores
        self.number = number
        self._clock = clock
        self._leader = Leader(stores.leases, f"views-{number}", holder=holder, clock=clock)

    async def run(self, log: Log) -> None:
        """Follow the log until cancelled; raises the error of an event that can't be folded."""
        await self._leader.run(lambda: self._follow(log))

    async def stop(self) -> None:
        """Release the lease, so that another process can continue at once."""
        await self._leader.stop()

    async def _follow(self, log: Log) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self.projector.run(log))
            group.create_task(self._compare_once())

    async def _compare_once(self) -> None:
        """Compare the set once it has caught up, unless it was compared or live before."""
        while not await self._compared():
            await self._clock.idle(POLL_MS)

    async def _compared(self) -> bool:
        try:
            if not await self._caught_up():
                return False
            self.projector.remove_rate_limit()
            found = set_of(await self._stores.view_sets.every(), self.number)
            if not found.epoch and found.compared_at is None:
                await compare_set(self._stores, self.number, self.store, self._on_rows)
        except Unavailable as error:
            _log.warning("set %d of views can't be compared yet: %s", self.number, error)
            return False
        return True

    def _on_rows(self, compared: int) -> None:
        self.compared_rows = compared

    async def _caught_up(self) -> bool:
        live = last_promoted(await self._stores.view_sets.every())
        position = self.projector.position
        return position >= 0 and (live is None or position >= live.checkpoint - NEAR)


async def compare_set(
    stores: Stores, number: int, store: ViewStore, on_rows: OnRows = lambda _: None
) -> list[Difference]:
    """Compare a set with the set that was promoted last; save and return the first differences.

    If the two are of different releases, only a sample is compared. Raises `Unavailable`.

    Args:
        stores: The stores of this process.
        number: The number of the set.
        store: The views of the set.
        on_rows: Called with the number of rows compared so far.
    """
    sets = await stores.view_sets.every()
    live, found = last_promoted(sets), set_of(sets, number)
    if live is None or live.number == number:
        return []
    comparison = Comparison(
        await stores.view_sets.open(live.number),
        store,
        common_tables(tables_of(found.shape), tables_of(live.shape)),
        sample=None if found.shape == live.shape else SAMPLE,
        resting=True,
        on_rows=on_rows,
    )
    differences = await comparison.first(MAX_DIFFERENCES)
    failpoint("set-compared")
    await stores.view_sets.record_comparison(
        number, position=await store.checkpoint(), differences=len(differences)
    )
    for one in differences[:1]:
        _log.warning(
            "set %d of views differs from the live set at %s %s of tenant %s",
            number,
            one.table,
            one.key,
            one.tenant,
        )
    return differences
