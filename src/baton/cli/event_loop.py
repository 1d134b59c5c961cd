"""Runs a verb's coroutine on an event loop: uvloop's, unless the verb needs asyncio's own."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

import uvloop

T = TypeVar("T")

CANCEL_S: Final = 1.0
"""The time that cancelled tasks may take to end, at the end of the verb, in seconds."""

_left: list[object] = []
"""Tasks that ignore their cancellation, kept until the process exits."""


def run_async(
    work: Coroutine[Any, Any, T],
    new_loop: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop,
) -> T:
    """Run `work` to its end on a new event loop and return its result.

    A task that ignores its cancellation doesn't keep the process from exiting.
    """
    runner = asyncio.Runner(loop_factory=new_loop)
    try:
        return runner.run(work)
    finally:
        if _cancel_all(runner.get_loop()):
            runner.close()
        else:
            _left.append(runner)


def _cancel_all(loop: asyncio.AbstractEventLoop) -> bool:
    """Cancel every task of the loop; return whether all of them have ended."""
    tasks = asyncio.all_tasks(loop)
    if not tasks:
        return True
    for task in tasks:
        task.cancel()
    _, pending = loop.run_until_complete(asyncio.wait(tasks, timeout=CANCEL_S))
    _left.extend(pending)
    return not pending
