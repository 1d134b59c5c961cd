"""Cancels tasks and waits until they have ended: the only place that does so for a set of tasks."""

import asyncio
from collections.abc import Collection
from typing import Any


async def stop_tasks(
    tasks: Collection[asyncio.Task[Any]],
    *,
    grace_s: float | None = None,
    within_s: float | None = None,
) -> set[asyncio.Task[Any]]:
    """Return the tasks that have not ended, when no more are waited for; errors are not raised.

    Args:
        tasks: Read again after the grace period, so that tasks added meanwhile are cancelled too.
        grace_s: Seconds that tasks may take to end by themselves; None: cancel them at once.
        within_s: Seconds that a cancelled task may take to end; None: wait until every task has
            ended, so that the result is empty.
    """
    if tasks and grace_s is not None:
        await asyncio.wait(tuple(tasks), timeout=grace_s)
    rest = tuple(tasks)
    for task in rest:
        task.cancel()
    if not rest:
        return set()
    ended, left = await asyncio.wait(rest, timeout=within_s)
    for task in ended:
        if not task.cancelled():
            task.exception()  # marks it as retrieved
    return left
