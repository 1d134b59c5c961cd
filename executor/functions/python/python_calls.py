"""Performs calls of Python functions: on the event loop, in a thread or in a process."""

import asyncio
import contextlib
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from threading import Event, get_ident
from typing import Final, cast

import orjson

from baton.domain.json import JsonObject
from baton.domain.run.outcome import Failed
from baton.eventlog.ports.clock import Clock
from baton.executor.functions.attempt_logger import LOGGER, AttemptLogger, LogSink
from baton.executor.functions.call import Call, CallOutcome, PerformCall
from baton.executor.functions.concurrency import ConcurrencyLimit
from baton.executor.functions.python.call_python import call_async, call_blocking
from baton.executor.functions.python.forks import release_ports_in_forks
from baton.executor.functions.python.hung_threads import HungThreads
from baton.executor.functions.python.process_pool import PROCESS_DIED, ProcessPool
from baton.executor.functions.python.process_receiver import ProcessReceiver
from baton.executor.functions.python.thread_pool import DaemonThreadPool, Job
from baton.executor.functions.python.watchdog import LoopWatchdog
from baton.executor.functions.registry import PythonFunction
from baton.executor.functions.slot_waits import SlotWaits, limited
from baton.executor.functions.step_context import (
    build_step_context,
    context_members,
    log_members,
)
from baton.executor.sdk import AttemptOver

MAX_LOGGED_STACK: Final = 8_192
"""The number of characters of a traceback in the log, from its end; the step keeps more."""


class PythonCalls:
    """Calls Python functions.

    Args:
        waits: Lets calls wait for slots.
        hung_threads: The number of threads that may hang and be replaced.
        on_heartbeat: Called on the event loop with a call and the progress its function reports.
        logs: Keeps the lines that the functions log and print.
        clock: Gives the lines of the logs their times.
    """

    def __init__(
        self,
        waits: SlotWaits,
        hung_threads: int,
        on_heartbeat: Callable[[Call, object], None],
        *,
        logs: LogSink,
        clock: Clock,
    ) -> None:
        self.hung_threads = HungThreads(hung_threads)
        self._waits = waits
        self._on_heartbeat = on_heartbeat
        self._logs = logs
        self._clock = clock
        self._threads = DaemonThreadPool()
        self._processes = ProcessPool()
        self._on_loop_calls: dict[asyncio.Task[object], Call] = {}
        self._watchdog: LoopWatchdog | None = None

    @property
    def loop_blocked(self) -> int:
        """The number of times that a function has blocked the event loop."""
        return 0 if self._watchdog is None else self._watchdog.blocked

    def performer(self, function: PythonFunction, limit: ConcurrencyLimit) -> PerformCall:
        """Return a performer of the calls of `function`, within `limit`."""
        self._watch_loop()
        if function.runs_in == "thread":
            return partial(self._in_thread, function, limit)
        perform = self._on_loop if function.runs_in == "loop" else self._in_process
        return limited(limit, self._waits, partial(perform, function))

    async def close(self) -> None:
        """End threads and processes, without waiting for blocking functions."""
        self._threads.close()
        if self._watchdog is not None:
            self._watchdog.close()
        await self._processes.close()

    def _watch_loop(self) -> None:
        """Start the watchdog of the running loop, with the first function."""
        if self._watchdog is None:
            release_ports_in_forks()
            loop, call_of = asyncio.get_running_loop(), self._on_loop_calls.get
            self._watchdog = LoopWatchdog(loop, call_of)
            self._watchdog.start(get_ident())

    async def _on_loop(self, function: PythonFunction, call: Call) -> CallOutcome:
        log = self._logger(function, call)
        context = build_step_context(call, log, partial(self._on_heartbeat, call))
        task = cast("asyncio.Task[object]", asyncio.current_task())
        self._on_loop_calls[task] = call
        try:
            outcome = await call_async(function, copy_payload(call.payload), context)
        finally:
            del self._on_loop_calls[task]
        if call.timer is not None:
            call.timer.check()
        return _logged(outcome, function, call)

    async def _in_process(self, function: PythonFunction, call: Call) -> CallOutcome:
        message: JsonObject = {
            "origin": function.origin,
            "name": function.name,
            "payload": call.payload,
            "context": context_members(call),
        }
        receiver = ProcessReceiver(
            call, log_members(function, call), self._on_heartbeat, self._logs, self._clock
        )
        outcome = await self._processes.perform(message, receiver)
        return _logged(outcome, function, call)

    async def _in_thread(
        self, function: PythonFunction, limit: ConcurrencyLimit, call: Call
    ) -> CallOutcome:
        """Call the function in a thread. A thread that goes on after a cancellation is replaced."""
        payload = copy_payload(call.payload)
        slot = None
        if not limit.try_acquire():
            call, slot = await self._waits.acquire(limit, call)
        loop, over = asyncio.get_running_loop(), Event()

        def report(progress: object) -> None:
            if over.is_set():
                raise AttemptOver
            loop.call_soon_threadsafe(self._on_heartbeat, call, progress)

        context = build_step_context(call, self._logger(function, call), report)
        work = partial(call_blocking, function, payload, context)
        job = self._threads.submit(partial(copy_context().run, work))
        try:
            return _logged(await asyncio.wrap_future(job.future), function, call)
        finally:
            over.set()
            self._free_slot(job, call, partial(limit.release, slot))

    def _free_slot(self, job: Job[CallOutcome], call: Call, release: Callable[[], None]) -> None:
        """Release the slot of an ended call; with too many hung threads, when its thread is free.

        The thread may still run; another thread then takes its place.
        """
        loop = asyncio.get_running_loop()

        def release_soon(_done: object) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed, no call waits for a slot
                loop.call_soon_threadsafe(release)

        if self.hung_threads.add(job, call):
            release()
        else:
            job.future.add_done_callback(release_soon)

    def _logger(self, function: PythonFunction, call: Call) -> AttemptLogger:
        return AttemptLogger(call, log_members(function, call), self._logs, self._clock)


def _logged(outcome: CallOutcome, function: PythonFunction, call: Call) -> CallOutcome:
    """Return the outcome; log an exception with its traceback, and the death of a process."""
    if isinstance(outcome, Failed) and (outcome.error.stack or outcome.error.code == PROCESS_DIED):
        LOGGER.warning(
            "function %s failed with %s in step %s of run %s, attempt %d\n%s",
            function.name,
            outcome.error.code,
            call.step_id,
            call.run_id,
            call.attempt,
            (outcome.error.stack or outcome.error.message)[-MAX_LOGGED_STACK:].rstrip(),
            extra=log_members(function, call),
        )
    return outcome


def copy_payload(payload: JsonObject) -> JsonObject:
    """Return a deep copy that a function may change; the original is part of the run's state."""
    copied: JsonObject = orjson.loads(orjson.dumps(payload))
    return copied
