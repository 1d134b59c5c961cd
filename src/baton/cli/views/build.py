"""Builds a set of views in this process, or watches another process that builds it."""

import asyncio
from typing import TYPE_CHECKING, Final

from baton.cli.views.set_table import Shown, load_set

if TYPE_CHECKING:
    from baton.eventlog.ports.backend import Stores
    from baton.projector.sets.comparison import Difference
    from baton.settings import Settings

LOOK_S: Final = 0.2
"""The interval in which the progress is read, in seconds."""


async def build(stores: "Stores", settings: "Settings", *, rate: int | None) -> Shown:
    """Create a set and return it once it is compared with the live one.

    The process that gets the lease of the set builds it. Raises `NotPossible` and `Unavailable`.

    Args:
        stores: The stores.
        settings: The settings.
        rate: The events per second at most, 0 for no limit; None takes the setting.
    """
    from baton.eventlog.clock import SystemClock
    from baton.eventlog.ids import new_id
    from baton.eventlog.loops.stop_tasks import stop_tasks
    from baton.projector.sets.changes import begin_set
    from baton.projector.sets.set_follower import SetFollower

    clock = SystemClock()
    number = await begin_set(stores.view_sets, at=clock.now())
    follower = SetFollower(
        stores,
        number,
        await stores.view_sets.open(number),
        clock=clock,
        holder=new_id(clock.now()),
        events_per_s=settings.views_rebuild_rate if rate is None else rate,
    )
    following = asyncio.create_task(follower.run(stores.log))
    try:
        return await _watch(stores, number, following)
    finally:
        await follower.stop()
        await stop_tasks([following])


async def compare_with_live(stores: "Stores", number: int) -> "list[Difference]":
    """Compare a set with the live one; return the first differences."""
    from baton.projector.sets.set_follower import compare_set

    return await compare_set(stores, number, await stores.view_sets.open(number))


async def _watch(stores: "Stores", number: int, following: asyncio.Task[None]) -> Shown:
    """Show the progress until the set is compared; raises the error that ended the following."""
    from baton.cli.terminal.progress import progress_bar

    with progress_bar(f"Building set {number}", "events") as show:
        while True:
            head = await stores.events.head()
            current = await load_set(stores, number)
            show(current.view_set.checkpoint, head)
            if current.view_set.compared_at is not None:
                return current
            if following.done():
                following.result()
            await asyncio.sleep(LOOK_S)
