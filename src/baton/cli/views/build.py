"""Builds a set of views in this process, or watches another process that builds it."""

import asyncio
from typing import TYPE_CHECKING, Final

from baton.cli.views.set_table import Shown, load_set

if TYPE_CHECKING:
    from baton.eventlog.ports.backend import Stores
    from baton.projector.sets.comparison import Difference
    from baton.projector.sets.set_follower import SetFollower
    from baton.settings import Settings

LOOK_S: Final = 0.2
"""The interval at which the progress is read, in seconds."""


async def build(stores: "Stores", settings: "Settings", *, rate: int | None) -> Shown:
    """Create a set, and return it after its comparison with the live set.

    The process that gets the lease of the set builds it. Raises `NotPossible` and `Unavailable`.

    Args:
        stores: The stores.
        settings: The settings.
        rate: The maximum number of events per second, 0 for no limit; None takes the setting.
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
        await _watch_building(stores, number, following)
        return await _watch_comparison(stores, follower, following)
    finally:
        await follower.stop()
        await stop_tasks([following])


async def compare_with_live(stores: "Stores", number: int) -> "list[Difference]":
    """Compare a set with the live one, and show the progress; return the first differences."""
    from baton.cli.terminal.progress import progress_bar
    from baton.projector.sets.set_follower import compare_set

    compared = await stores.view_sets.open(number)
    with progress_bar(_comparing(number), "rows") as show:
        return await compare_set(stores, number, compared, lambda rows: show(rows, None))


async def _watch_building(stores: "Stores", number: int, following: asyncio.Task[None]) -> None:
    """Show the progress until the set has caught up; raises the error that ended the following."""
    from baton.cli.terminal.progress import progress_bar
    from baton.projector.sets.set_follower import NEAR

    with progress_bar(f"Building set {number}", "events") as show:
        while True:
            head = await stores.events.head()
            current = (await load_set(stores, number)).view_set
            show(current.checkpoint, head)
            if current.compared_at is not None or current.checkpoint >= head - NEAR:
                return
            await _look_again(following)


async def _watch_comparison(
    stores: "Stores", follower: "SetFollower", following: asyncio.Task[None]
) -> Shown:
    """Show the progress until the set is compared; raises the error that ended the following."""
    from baton.cli.terminal.progress import progress_bar

    number = follower.number
    with progress_bar(_comparing(number), "rows") as show:
        while True:
            current = await load_set(stores, number)
            show(follower.compared_rows, None)
            if current.view_set.compared_at is not None:
                return current
            await _look_again(following)


def _comparing(number: int) -> str:
    return f"Comparing set {number} with the live one"


async def _look_again(following: asyncio.Task[None]) -> None:
    if following.done():
        following.result()
    await asyncio.sleep(LOOK_S)
