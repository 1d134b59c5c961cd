"""Keeps what functions log: in memory while an attempt runs, then as an artifact of its tenant.

The artifact is stored before the event that names it, so no reference is lost. An attempt without
a line costs nothing: its log is made with the first one.
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
from baton.domain.run.messages import KeepLogs, Token
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
"""Pauses between the tries to record the log of an attempt whose end isn't recorded yet."""
STOP_S: Final = 1.0
"""Seconds that the logs of attempts cut off by a stop may take to be stored."""
_RETRY: Final = RetryPolicy(factor=4)

_log = logging.getLogger("baton.executor")


class AttemptLogs:
    """Implements `LogSink`.

    Args:
        store: Holds the streams of runs.
        values: Holds the artifacts.
        live: Finds the logs of the attempts that run here.
        clock: Times the events and the retries.
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
        """Add a line to the log of an attempt, unless the attempt is over."""
        log = self._log_of(call)
        if log is not None:
            log.add(line)

    def omit(self, call: Call, lines: int) -> None:
        """Note that `lines` were left out of the log of an attempt."""
        log = self._log_of(call)
        if log is not None:
            log.omit(lines)

    async def store(self, log: AttemptLog) -> Artifact:
        """Return the artifact of a closed log, once it is stored."""
        store = partial(self._values.store_raw, log.tenant, log.to_json())
        doing = f"storing the log of {log.run_id}, step {log.token.step_id}"
        return await retry(store, clock=self._clock, log=_log, doing=doing, policy=_RETRY)

    def keep_late(self, log: AttemptLog) -> None:
        """Store the closed log of an attempt whose end is recorded without it.

        Another process has cancelled the attempt, for example, or this one releases it.
        """
        self.spawn(self._keep_late(log))

    def spawn(self, storing: Coroutine[None, None, None]) -> None:
        """Run a coroutine in a task that `close` waits for."""
        task = asyncio.get_running_loop().create_task(storing)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Wait for the logs that are being stored, for up to `STOP_S`."""
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
                done = await retry(append, clock=self._clock, log=_log, doing=doing, policy=_RETRY)
            except Rejected as error:
                _log.warning("the log of an attempt of %s was not kept: %s", stream, error)
                return
            if not done.state.is_running(log.token):
                return
            await self._clock.idle(pause_ms)
