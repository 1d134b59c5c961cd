"""Threads that still run their function after its attempt has ended: threads can't be killed.

Such a thread holds no slot, so that other calls get a new thread. If the function still runs a
moment later, its name and stack are logged, and `AttemptOver` is raised in the thread. That ends a
loop in Python, but not a call that blocks in C.
"""

import asyncio
import logging
from typing import Any, Final

from baton.executor.functions.call import Call
from baton.executor.functions.python.thread_pool import Job
from baton.executor.sdk import AttemptOver

HUNG_AFTER_S: Final = 1.0
"""A function that runs for this time after the end of its attempt counts as hung, in seconds."""

_log = logging.getLogger("baton.functions")


class HungThreads:
    """The threads that still run after the end of their attempt.

    Args:
        ceiling: Number of such threads from which on a slot stays taken until its thread is free.
            The process then reports that it isn't ready, because it should be restarted.

    Attributes:
        found: The number of functions that have hung so far.
    """

    def __init__(self, ceiling: int) -> None:
        self.found = 0
        self._ceiling = ceiling
        self._jobs: set[Job[Any]] = set()

    @property
    def count(self) -> int:
        """The number of threads that run after the end of their attempt."""
        self._jobs = {job for job in self._jobs if job.running}
        return len(self._jobs)

    @property
    def full(self) -> bool:
        """Whether the ceiling is reached, so that no further thread is replaced."""
        return self.count >= self._ceiling

    async def below_ceiling(self) -> bool:
        """Return whether fewer threads hang than the ceiling; only then is the process ready."""
        return not self.full

    def add(self, job: Job[Any], call: Call) -> bool:
        """Watch a thread whose attempt has ended; return whether another thread may replace it."""
        if not job.running:
            return True
        if self.full:
            return False
        job.abandon()
        self._jobs.add(job)
        asyncio.get_running_loop().call_later(HUNG_AFTER_S, self._check, job, call)
        return True

    def _check(self, job: Job[Any], call: Call) -> None:
        stack = job.stack()
        if not job.running:
            return
        self.found += 1
        _log.error(
            "function %s still runs in its thread although its attempt is over (run %s, step %s, "
            "attempt %d); another thread takes its place, %d hang\n%s",
            call.function,
            call.run_id,
            call.step_id,
            call.attempt,
            self.count,
            stack,
        )
        job.interrupt(AttemptOver)
