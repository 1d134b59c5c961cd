"""Waits until every run is over; says what is stuck when nothing moves any more."""

import asyncio
import time

from tests.faults.checkers import run_oracles
from tests.faults.driver import Driver, T, Target
from tests.faults.event_log import runs_of

BOUND_S = 60.0
"""Every accepted run is over this long after faults have stopped, besides its own delays."""
STILL_S = 15.0
POLL_S = 0.05
SHOWN = 3


class Stuck(AssertionError):
    """Runs that are not over although nothing happens any more; shows their events."""


async def quiesced(driver: Driver[T], *, bound_s: float = BOUND_S) -> float:
    """Return how many seconds it took until every run was over; raises Stuck."""
    begun = moved = time.monotonic()
    left = -1
    while (now_left := await driver.left()) > 0:
        now = time.monotonic()
        if now_left != left:
            left, moved = now_left, now
        if now - moved > STILL_S or now - begun > bound_s:
            raise Stuck(await stuck(driver.installation))
        await asyncio.sleep(POLL_S)
    return time.monotonic() - begun


async def stuck(target: Target) -> str:
    """Return the histories of some runs that are not over, and what was logged last."""
    log = await target.events()
    histories = runs_of(log)
    open_ = [ident for ident, oracle in run_oracles(log).items() if not oracle.over]
    shown = [
        f"{ident}:\n"
        + "\n".join(f"  {one.version} {one.name} {one.data}" for one in histories[ident])
        for ident in open_[:SHOWN]
    ]
    told = "\n".join([f"{len(open_)} runs are stuck: {open_[:100]}", *shown])
    return f"{told}\nstderr:\n{target.log_tail()}"
