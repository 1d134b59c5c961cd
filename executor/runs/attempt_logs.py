"""Keeps the log lines of functions: in memory during an attempt, then as an artifact of the tenant.

The artifact is stored before the event that names it, so no event names a missing artifact. The log
of an attempt is created with its first line, so an attempt without a line costs nothing.
"""

import asyncio
import logging
from collections.abc import Coroutine
from functools import partial
from threading import Lock
from typing import Final

from baton.domain.artifact import Artifact
from baton.domain.errors import Rejected
from baton.domain.run.decisions import DECIDER
from baton.domain.run.messages.commands import KeepLogs
from baton.domain.run.outcome import Token
from baton.domain.stream import stream_name
from baton.eventlog.function_logs.attempt_log import AttemptLog
from baton.eventlog.function_logs.lines import LogLine
from baton.eventlog.function_logs.live_logs import LiveLogs
from baton.eventlog.loops.retry import RetryPolicy, retry
from baton.eventlog.loops.stop_tasks import stop_tasks
from baton.eventlog.loops.transact import transact
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.stores import EventStore
from baton.eventlog.run_values import RunValues
from baton.executor.functions.call import Call, CallTimer

PAUSES_MS: Final = (50, 100, 200, 400, 800, 1_600)
"""The pauses between the tries to record the log of an attempt whose end isn't recorded yet, in ms.
"""
STOP_S: Final = 1.0
"""The time in which the logs of attempts that a stop cancelled must be stored, in seconds."""
_RETRY: Final = RetryPolicy(factor=4)

_log = logging.getLogger("baton.executor")


class AttemptLogs:
    """Implements `LogSink`.

    Args:
        store: Holds the streams of runs.
        values: Holds the artifacts.
        live: Finds the logs of the attempts that run here.
        clock: Gives events their times, and paces the retries.
    """

    def __init__(
        self, store: EventStore, values: RunValues, live: LiveLogs, *, clock: Clock
    ) -> None:
        self._store = store
        self._values = values
        self._live = live
        self._clock = clock
        self._opening = Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def keep(self, call: Call, line: LogLine) -> None:
        """Add a line to the log of an attempt, unless the attempt has ended."""
        log = self._log_of(call)
        if log is not None:
            log.add(line)

    def omit(self, call: Call, lines: int) -> None:
        """Record that `lines` lines are missing in the log of an attempt."""
        log = self._log_of(call)
        if log is not None:
            log.omit(lines)

    async def store(self, log: AttemptLog) -> Artifact:
        """Store a closed log and return its artifact."""
        store = partial(self._values.store_raw, log.tenant, log.to_json())
        doing = f"storing the log of {log.run_id}, step {log.token.step_id}"
        return await retry(store, clock=self._clock, log=_log, doing=doing, policy=_RETRY)

    def keep_late(self, log: AttemptLog) -> None:
        """Store the closed log of an attempt whose end is recorded without it.

        This happens when another process has cancelled the attempt, or this process releases it.
        """
        self.spawn(self._keep_late(log))

    def spawn(self, storing: Coroutine[None, None, None]) -> None:
        """Run a coroutine in a task that `close` waits for."""
        task = asyncio.get_running_loop().create_task(storing)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Wait up to `STOP_S` for the logs that are being stored."""
        await stop_tasks(self._tasks, grace_s=STOP_S)

    def _log_of(self, call: Call) -> AttemptLog | None:
        attempt = call.timer
        if attempt is None:
            return None
        log = attempt.log
        if log is None:
            with self._opening:
                log = attempt.log or self._open(call, attempt)
        return log

    def _open(self, call: Call, attempt: CallTimer) -> AttemptLog | None:
        if attempt.over:
            return None
        token = Token(call.step_id, call.visit, call.attempt)
        log = attempt.log = AttemptLog(call.tenant, call.run_id, token)
        self._live.add(log)
        return log

    async def _keep_late(self, log: AttemptLog) -> None:
        artifact = await self.store(log)
        command = KeepLogs(token=log.token, logs=artifact, at=self._clock.now())
        stream = stream_name(log.tenant, DECIDER.name, log.run_id)
        append = partial(transact, self._store, DECIDER, stream, command)
        doing = f"appending to {stream}"
        for pause_ms in PAUSES_MS:
            try:
                result = await retry(
                    append, clock=self._clock, log=_log, doing=doing, policy=_RETRY
                )
            except Rejected as error:
                _log.warning("the log of an attempt of %s was not kept: %s", stream, error)
                return
            if not result.state.is_running(log.token):
                return
            await self._clock.idle(pause_ms)
