"""Keeps all sets of views of this release up to date, and switches readers to a promoted set."""

import asyncio
import logging
from typing import Final

from baton.domain.frozen import frozen
from baton.eventlog.errors import Unavailable
from baton.eventlog.failpoints import failpoint
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.stores import Log
from baton.eventlog.ports.views import ViewSet, ViewStore
from baton.eventlog.view_sets.choice import shape_of
from baton.projector.projector import Projector
from baton.projector.sets.set_follower import SetFollower
from baton.projector.view import tables_of
from baton.projector.views import every_view

POLL_S: Final = 0.25
"""The interval between reads of the list of sets, in seconds of real time."""
SWITCH_TIMEOUT_MS: Final = 1_000
"""The longest time that the views may be paused for a promoted set to reach their position, in ms.
"""
HEAD_START_S: Final = 2.0
"""The age of a new set, in seconds, from which on this process may build it.

Until then `baton views rebuild` can take the lease: the command folds at the rate that its user
chose, and costs this process nothing.
"""
NEAR: Final = 5_000
"""The number of positions that a promoted set may be behind when the views are paused for it."""

_log = logging.getLogger("baton.views")


@frozen
class _Kept:
    """A set that this process follows."""

    store: ViewStore
    projector: Projector
    task: asyncio.Task[None]


class ViewSetKeeper:
    """Projects the live set, and follows the log into the other sets (`run`).

    `position` is the position of the set that this process reads, -1 before there is one. After a
    promotion, this process switches to the new live set when that has reached `position`.

    Args:
        stores: The stores of this process.
        clock: Paces retries.
        holder: The name under which this process holds leases.
        shared: Whether other processes share the store.
        pauses: Whether the projector of the live set pauses between commits under load.
        events_per_s: The rate limit while a set is built; 0 is no limit.
    """

    def __init__(
        self,
        stores: Stores,
        *,
        clock: Clock,
        holder: str,
        shared: bool = False,
        pauses: bool = True,
        events_per_s: int = 0,
    ) -> None:
        self._stores = stores
        self._clock = clock
        self._holder = holder
        self._tables = tables_of(every_view())
        self._shape = shape_of(self._tables)
        self._shared = shared
        self._pauses = pauses
        self._events_per_s = events_per_s
        self._kept: dict[int, _Kept] = {}
        self._reading: Projector | None = None
        self._begun = asyncio.Event()
        self._target = 0
        self._logged = False

    @property
    def position(self) -> int:
        """The position of the views that this process reads."""
        return -1 if self._reading is None else self._reading.position

    async def reached(self, position: int, timeout_ms: int) -> bool:
        """Wait until the views hold `position`; False if they don't after `timeout_ms`."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_ms / 1000
        while True:
            reading = self._reading
            if reading is None:
                return await self._begins_by(deadline) and await self.reached(position, timeout_ms)
            left_ms = max(0, int((deadline - loop.time()) * 1000))
            held = await reading.reached(position, left_ms)
            if reading is self._reading:
                return held

    async def _begins_by(self, deadline: float) -> bool:
        try:
            async with asyncio.timeout_at(deadline):
                await self._begun.wait()
        except TimeoutError:
            return False
        return True

    async def prepare(self) -> None:
        """Create the live set if there is none; raises `Unavailable`."""
        await self._stores.views.prepare(self._tables)

    async def run(self, log: Log) -> None:
        """Follow `log` into every set until cancelled; raises as `Projector.run` does."""
        await self.prepare()
        self._kept.clear()
        async with asyncio.TaskGroup() as group:
            while True:
                try:
                    await self._update(group, log)
                    self._logged = False
                except Unavailable as error:
                    if not self._logged:
                        _log.warning("the sets of views can't be read: %s", error)
                    self._logged = True
                await asyncio.sleep(POLL_S)

    async def _update(self, group: asyncio.TaskGroup, log: Log) -> None:
        """Follow new sets, stop following dropped ones, and switch to a promoted one."""
        found = {
            one.number: one
            for one in await self._stores.view_sets.every()
            if one.shape == self._shape
        }
        for one in sorted(found.values(), key=lambda one: not one.live):
            if one.number not in self._kept:
                self._kept[one.number] = await self._follow(group, log, one)
        self._target = next((one.number for one in found.values() if one.live), self._target)
        await self._switch()
        for number, kept in list(self._kept.items()):
            if number not in found and kept.projector is not self._reading:
                await self._leave(number, kept)

    async def _follow(self, group: asyncio.TaskGroup, log: Log, one: ViewSet) -> _Kept:
        store = await self._stores.view_sets.open(one.number)
        if self._kept:
            follower = SetFollower(
                self._stores,
                one.number,
                store,
                clock=self._clock,
                holder=self._holder,
                events_per_s=self._events_per_s,
            )
            new = self._clock.now() - one.created_at < HEAD_START_S * 1_000
            following = _follow_beside(follower, log, after_s=HEAD_START_S if new else 0.0)
            task = group.create_task(following, name=f"views-{one.number}")
            return _Kept(store=store, projector=follower.projector, task=task)
        projector = Projector(store, clock=self._clock, shared=self._shared, pauses=self._pauses)
        self._stores.view_sets.read(one.number)
        self._reading = projector
        self._begun.set()
        task = group.create_task(projector.run(log), name="views")
        return _Kept(store=store, projector=projector, task=task)

    async def _leave(self, number: int, kept: _Kept) -> None:
        kept.task.cancel()
        await asyncio.wait((kept.task,))
        await kept.store.close()
        del self._kept[number]

    async def _switch(self) -> None:
        """Pause commits until the promoted set has reached the position of the views; switch."""
        reading, target = self._reading, self._kept.get(self._target)
        if reading is None or target is None or target.projector is reading:
            return
        position = target.projector.position
        if position < 0 or position < reading.position - NEAR:
            return  # another process follows it, or it is still far behind
        async with reading.commit_lock:
            if await target.projector.reached(reading.position, SWITCH_TIMEOUT_MS):
                failpoint("before-switch")
                self._stores.view_sets.read(self._target)
                self._reading = target.projector
                reading.give_up()
                failpoint("after-switch")


async def _follow_beside(follower: SetFollower, log: Log, *, after_s: float) -> None:
    """Follow the log into a set; an event that can't be folded must not stop the other sets."""
    await asyncio.sleep(after_s)
    try:
        await follower.run(log)
    except Exception:  # noqa: BLE001 - the fold of any view may raise anything
        _log.exception("a set of views can't be projected any further")
