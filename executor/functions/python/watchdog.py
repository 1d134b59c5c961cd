"""Logs the name of a function that blocks the event loop, while it blocks it.

A coroutine that blocks stops everything in the process, including timeouts. A thread therefore
schedules a callback on the loop at intervals. If the callback doesn't run in time, the thread
inspects what the loop's thread executes.
"""

import asyncio
import logging
import sys
import time
import traceback
from collections.abc import Callable
from threading import Event, Thread
from typing import Final, TypeAlias

from baton.executor.functions.call import Call

BLOCKED_S: Final = 0.1
"""The time without an answer after which the loop counts as blocked, in seconds."""
PAUSE_S: Final = 0.05
"""The pause between two checks, in seconds."""
LOG_INTERVAL_S: Final = 60.0
"""The shortest time between two log lines about the same function, in seconds."""

CallOfTask: TypeAlias = "Callable[[asyncio.Task[object]], Call | None]"

_log = logging.getLogger("baton.functions")


class LoopWatchdog:
    """Watches one event loop from a thread of its own.

    Args:
        loop: The loop, which runs in the thread that calls `start`.
        call_of: Returns the call that a task performs; called in the watchdog's thread.

    Attributes:
        blocked: How often a function has blocked the loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, call_of: CallOfTask) -> None:
        self.blocked = 0
        self._loop = loop
        self._call_of = call_of
        self._stop = Event()
        self._logged: dict[str, float] = {}
        self._thread: int | None = None

    def start(self, thread: int) -> None:
        """Watch the loop, which runs in the thread with the identifier `thread`."""
        self._thread = thread
        Thread(target=self._watch, name="baton-watchdog", daemon=True).start()

    def close(self) -> None:
        """End the thread soon."""
        self._stop.set()

    def _watch(self) -> None:
        while not self._stop.wait(PAUSE_S):
            alive = Event()
            try:
                self._loop.call_soon_threadsafe(alive.set)
            except RuntimeError:  # the loop is closed
                return
            if not self._answers(alive):
                alive.wait()

    def _answers(self, alive: Event) -> bool:
        """Return whether the loop answers in time; if not, log the function that blocks it.

        A busy loop executes many tasks in that time. A single function blocks the loop if the same
        task is executed at two instants.
        """
        if alive.wait(BLOCKED_S / 2):
            return True
        before = asyncio.current_task(self._loop)
        if alive.wait(BLOCKED_S / 2):
            return True
        task = asyncio.current_task(self._loop)
        call = None if task is None or task is not before else self._call_of(task)
        if call is not None:
            self.blocked += 1
            self._report(call)
        return False

    def _report(self, call: Call) -> None:
        now = time.monotonic()
        if now - self._logged.get(call.function, -LOG_INTERVAL_S) < LOG_INTERVAL_S:
            return
        self._logged[call.function] = now
        frame = sys._current_frames().get(self._thread or 0)  # noqa: SLF001 - the documented name
        stack = "" if frame is None else "".join(traceback.format_stack(frame))
        _log.error(
            "function %s has blocked the event loop for more than %d ms, which stops everything "
            "in this process: await in it, or make it a def (run %s, step %s, attempt %d)\n%s",
            call.function,
            BLOCKED_S * 1000,
            call.run_id,
            call.step_id,
            call.attempt,
            stack,
        )
