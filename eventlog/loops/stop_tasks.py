"""Cancels tasks and waits until they have ended: the only place that does so for a set of tasks."""

import asyncio
from collections.abc import Collection
from typing import Any


async def stop_tasks(tasks: Collection[asyncio.Task[Any]], *, grace_s: float | None = None) -> None:
    """Return when every task has ended; their errors are not raised.

    Args:
        tasks: Read again after the grace period, so that tasks added meanwhile are cancelled too.
        grace_s: Seconds that tasks may take to end by themselves; None: cancel them at once.
    """
    if tasks and grace_s is not None:
        await asyncio.wait(tuple(tasks), timeout=grace_s)
    rest = tuple(tasks)
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
