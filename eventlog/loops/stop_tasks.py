"""Cancels a set of tasks and waits until they have ended; no other module does so."""

import asyncio
from collections.abc import Collection
from typing import Any


async def stop_tasks(
    tasks: Collection[asyncio.Task[Any]],
    *,
    grace_s: float | None = None,
    within_s: float | None = None,
) -> set[asyncio.Task[Any]]:
    """Wait for tasks, cancel the rest, and return unfinished ones; raises no error of theirs.

    Args:
        tasks: Read again after the grace period, so that tasks added meanwhile are cancelled too.
        grace_s: Seconds that tasks may take to end by themselves; None cancels them at once.
        within_s: Seconds that a cancelled task may take to end; None waits until every task has
            ended, so that the result is empty.
    """
    if tasks and grace_s is not None:
        await asyncio.wait(tuple(tasks), timeout=grace_s)
    running = tuple(tasks)
    for task in running:
        task.cancel()
    if not running:
        return set()
    ended, unfinished = await asyncio.wait(running, timeout=within_s)
    for task in ended:
        if not task.cancelled():
            task.exception()  # marks the exception as retrieved
    return unfinished
