"""A worker: consumes tasks of queues, performs them with its own functions, and sends results.

A task is acknowledged only after its result was sent: if the worker dies, another worker performs
the task again. Functions avoid repeated effects by the idempotency key.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final, cast

from baton.domain.json import Json
from baton.eventlog.errors import Unavailable
from baton.eventlog.function_logs.attempt_log import AttemptLog
from baton.eventlog.loops.retry import RetryPolicy, retry
from baton.eventlog.metrics.histogram import Histogram
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.topics import Message, ReceivedMessage, TopicConsumer, Topics
from baton.executor.functions.call import Call, CallOutcome
from baton.executor.functions.registered_functions import CallLimits, RegisteredFunctions
from baton.executor.functions.registry import Registry
from baton.executor.functions.results import INVALID_OUTPUT, failure, outcome_of_exception
from baton.executor.workers.messages import (
    MAX_BYTES,
    MalformedMessage,
    TaskAttempt,
    decode_task,
    encode_heartbeat,
    encode_result,
    results_topic,
    tasks_topic,
    workers_group,
)
from baton.executor.workers.queue_tasks import QueueTasks
from baton.executor.workers.sender import Sender, Undeliverable
from baton.executor.workers.task_logs import TaskLogs

EXPIRED: Final = "EXPIRED"
TIMEOUT: Final = "TIMEOUT"
INVALID_TASK: Final = "INVALID_TASK"
GRACE_S: Final = 8.0
"""The time that running functions have to finish when the worker stops, in seconds."""
_RETRY: Final = RetryPolicy(first_ms=1_000, max_ms=1_000)

_log = logging.getLogger("baton.worker")


class Worker:
    """Performs the tasks of any number of queues in one process.

    Attributes:
        functions: The functions that the worker calls.
        task_waits: The times from the sending of tasks to their start here, by function.
    """

    def __init__(
        self,
        topics: Topics,
        registry: Registry,
        *,
        prefix: str,
        clock: Clock,
        concurrency: int = 100,
        limits: CallLimits | None = None,
    ) -> None:
        """Describe the worker; nothing connects before `run`.

        Args:
            topics: Carries tasks and results.
            registry: The functions.
            prefix: The prefix of topic and group names.
            clock: Checks deadlines and sleeps between retries.
            concurrency: The limit of functions that run at once, over all queues.
            limits: The further limits; those on concurrent calls are replaced by `concurrency`.
        """
        self._topics = topics
        self._prefix = prefix
        self._clock = clock
        self._concurrency = concurrency
        self._results = results_topic(prefix)
        self._slots = asyncio.Semaphore(concurrency)
        self._sender = Sender(topics, clock=clock)
        self._logs = TaskLogs()
        self._registry = registry
        self.functions = RegisteredFunctions(
            registry,
            clock=clock,
            limits=replace(
                limits or CallLimits(),
                total=concurrency,
                per_function=concurrency,
                threads=concurrency,
            ),
            on_heartbeat=self._on_heartbeat,
            logs=self._logs,
        )
        self.task_waits: defaultdict[str, Histogram] = defaultdict(Histogram)
        self._running: dict[str, TaskAttempt] = {}  # by execution id
        self._heartbeats: dict[str, Message] = {}  # by execution id, only the newest unsent one
        self._sending_heartbeats: asyncio.Task[None] | None = None

    async def run(
        self, queues: Sequence[str], stop: asyncio.Event, *, grace_s: float = GRACE_S
    ) -> None:
        """Process `queues` until `stop` is set, then drain them.

        Args:
            queues: Names of the queues.
            stop: Set by the caller, on the event loop of this call.
            grace_s: Time that running functions have to finish; then they are cancelled, and other
                workers get their tasks.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for queue in queues:
                    group.create_task(
                        self._process_queue(queue, stop, grace_s), name=f"queue {queue}"
                    )
        finally:
            await self._sender.close()
            await self.functions.close()

    async def _process_queue(self, queue: str, stop: asyncio.Event, grace_s: float) -> None:
        consumer = await self._join(queue, stop)
        if consumer is None:
            return
        tasks = QueueTasks(consumer, self._perform, limit=self._concurrency)
        try:
            await tasks.process(stop)
        finally:
            await tasks.drain(grace_s=grace_s)

    async def _join(self, queue: str, stop: asyncio.Event) -> TopicConsumer | None:
        """Return a consumer of the queue's tasks, None if `stop` is set before."""
        topic, group = tasks_topic(self._prefix, queue), workers_group(self._prefix, queue)

        async def join() -> TopicConsumer | None:
            return None if stop.is_set() else await self._topics.consume(topic, group=group)

        doing = f"joining queue {queue}"
        return await retry(join, clock=self._clock, log=_log, doing=doing, policy=_RETRY)

    async def _perform(self, task: ReceivedMessage) -> None:
        """Perform a task and send its result; drop a repetition of a running task."""
        try:
            call, attempt = decode_task(task.message.value)
        except MalformedMessage as error:
            await self._reject(task, error)
            return
        if call.execution_id in self._running:
            return
        self._running[call.execution_id] = attempt
        try:
            async with self._slots:
                self._observe_wait(task, call)
                self._logs.begin(call)
                outcome = await self._call(call)
            await self._send_result(task, attempt, outcome, self._logs.end(call))
        finally:
            self._logs.end(call)
            del self._running[call.execution_id]

    def _observe_wait(self, task: ReceivedMessage, call: Call) -> None:
        function = self._registry.find(call.function)
        if function is not None:  # the number of names in messages has no bound
            self.task_waits[function.name].observe_ms(self._clock.now() - task.at)

    async def _call(self, call: Call) -> CallOutcome:
        remaining_ms = call.deadline_at - self._clock.now()
        if remaining_ms <= 0:
            _log.warning("%s arrived %d ms after its deadline", call.execution_id, -remaining_ms)
            return failure(EXPIRED, "the task arrived after its deadline", retryable=True)
        task = cast("asyncio.Task[None]", asyncio.current_task())
        calling = asyncio.create_task(self._call_function(call))
        try:
            async with asyncio.timeout(remaining_ms / 1000):
                return await calling
        except TimeoutError:
            return failure(TIMEOUT, "the deadline has passed", retryable=True)
        except asyncio.CancelledError as error:
            if task.cancelling():
                raise
            return outcome_of_exception(error)

    async def _call_function(self, call: Call) -> CallOutcome:
        """Call the function in a task of its own, because it may cancel its task."""
        outcome = await self.functions.call(call)
        with suppress(asyncio.CancelledError):  # a request may be undelivered
            await asyncio.sleep(0)
        return outcome

    async def _send_result(
        self,
        task: ReceivedMessage,
        attempt: TaskAttempt,
        outcome: CallOutcome,
        log: AttemptLog | None,
    ) -> None:
        """Send a result; one that is too large goes without the log, or as a failure with it."""
        raw = encode_result(attempt, outcome, log)
        if len(raw) > MAX_BYTES and log is not None:
            raw = encode_result(attempt, outcome)
        if len(raw) > MAX_BYTES:
            reason = f"the result has {len(raw)} bytes, the maximum is {MAX_BYTES}"
            raw = encode_result(attempt, failure(INVALID_OUTPUT, reason), log)
        self._heartbeats.pop(attempt.execution_id, None)
        try:
            await self._send(task, raw)
        except Undeliverable as error:
            refused = failure(INVALID_OUTPUT, str(error))
            await self._send(task, encode_result(attempt, refused))

    async def _reject(self, task: ReceivedMessage, error: MalformedMessage) -> None:
        """Answer a malformed task with a failure, if it names its attempt."""
        _log.error("the task at %s is malformed: %s", task.position, error)
        if error.attempt is not None:
            raw = encode_result(error.attempt, failure(INVALID_TASK, str(error)))
            await self._send(task, raw)

    async def _send(self, task: ReceivedMessage, raw: bytes) -> None:
        await self._sender.send(self._results, Message(value=raw, key=task.message.key))

    def _on_heartbeat(self, call: Call, progress: Json) -> None:
        """Queue the progress of a running call; it replaces an unsent heartbeat."""
        attempt = self._running.get(call.execution_id)
        if attempt is None:
            return
        heartbeat = Message(value=encode_heartbeat(attempt, progress))
        self._heartbeats[call.execution_id] = heartbeat
        if self._sending_heartbeats is None:
            self._sending_heartbeats = asyncio.create_task(self._send_heartbeats())

    async def _send_heartbeats(self) -> None:
        """Send the queued heartbeats; if the send fails, drop them, because newer ones follow."""
        try:
            while self._heartbeats:
                heartbeats, self._heartbeats = self._heartbeats, {}
                await self._topics.send(self._results, tuple(heartbeats.values()))
        except Unavailable as error:
            _log.warning("sending heartbeats failed: %s", error)
        finally:
            self._sending_heartbeats = None
