"""The work of a process that takes real time, and the changes that wake pollers.

A task works while it calls a store, a function or a server. Between two such calls it only runs on
the event loop. Virtual time may move when no task works and no callback is ready.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

_EMPTY_TURNS: Final = 2
"""The number of consecutive turns of the event loop that must end without a ready callback."""
_BLIND_TURNS: Final = 64
"""The number of turns of a loop that hides its ready callbacks, after which none is assumed."""


class Activity:
    """Counts the working tasks.

    Attributes:
        changes: Grows with every append, and with every batch of a follower of the log after which
            there may be more.
    """

    def __init__(self) -> None:
        self.changes = 0
        self._depth: dict[asyncio.Task[Any], int] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def busy(self) -> bool:
        """Whether a task works."""
        return bool(self._depth)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Count the current task as working, unless it is counted already."""
        task = _current_task()
        self._set(task, self._depth.get(task, 0) + 1)
        try:
            yield
        finally:
            self._set(task, self._depth[task] - 1)

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Count the current task as not working: it waits for virtual time, or for a free slot."""
        task = _current_task()
        depth = self._depth.get(task, 0)
        self._set(task, 0)
        try:
            yield
        finally:
            self._set(task, depth)

    async def rest(self) -> None:
        """Return when no task works and the event loop has run every ready callback."""
        while True:
            await self._idle.wait()
            await _run_ready()
            if not self.busy:
                return

    def _set(self, task: asyncio.Task[Any], depth: int) -> None:
        if depth:
            self._depth[task] = depth
            self._idle.clear()
            return
        self._depth.pop(task, None)
        if not self._depth:
            self._idle.set()


def _current_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("only a task can work")
    return task


async def _run_ready() -> None:
    """Let every ready callback of the event loop run, and the callbacks that these add.

    asyncio's own loops keep the callbacks in `_ready`. An empty queue is checked twice, because the
    loop adds timers and the results of other threads between two turns.
    """
    ready = getattr(asyncio.get_running_loop(), "_ready", None)
    needed = _BLIND_TURNS if ready is None else _EMPTY_TURNS
    quiet = 0
    while quiet < needed:
        await asyncio.sleep(0)
        quiet = 0 if ready else quiet + 1
