"""Waits until every run has ended, and shows the unfinished runs when nothing moves any more."""

import time

from tests.faults.checkers import run_oracles
from tests.faults.driver import Driver, T, Target
from tests.faults.event_log import runs_of
from tests.kit.eventually import eventually_moving

BOUND_S = 60.0
"""After the last fault, every accepted run ends within this time and its own delays."""
STILL_S = 15.0
POLL_S = 0.05
SHOWN = 3


async def wait_until_all_ended(driver: Driver[T], *, bound_s: float = BOUND_S) -> float:
    """Wait until every run has ended; return the seconds that this took."""
    begun = time.monotonic()
    await eventually_moving(
        driver.unfinished,
        lambda unfinished: unfinished <= 0,
        still_s=STILL_S,
        within_s=bound_s,
        every_s=POLL_S,
        explain=lambda: describe_unfinished_runs(driver.installation),
    )
    return time.monotonic() - begun


async def describe_unfinished_runs(target: Target) -> str:
    """Return the events of some unfinished runs, and the end of the installation's log."""
    log = await target.events()
    histories = runs_of(log)
    open_ = [run_id for run_id, oracle in run_oracles(log).items() if not oracle.ended]
    shown = [
        f"{run_id}:\n"
        + "\n".join(f"  {one.version} {one.name} {one.data}" for one in histories[run_id])
        for run_id in open_[:SHOWN]
    ]
    runs = "\n".join([f"{len(open_)} runs are unfinished: {open_[:100]}", *shown])
    return f"{runs}\nstderr:\n{target.log_tail()}"
