"""A worker: takes the tasks of queues, performs them with functions of its own, sends the results.

A task is given back only after its result was sent, so that the task of a worker that was killed is
performed by another one; what must not happen twice goes by the idempotency key.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from baton.eventlog.errors import Unavailable
from baton.eventlog.loops.retry import RetryPolicy, retry
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.topics import Message, ReceivedMessage, TopicConsumer, Topics
from baton.executor.functions.call import Call, CallOutcome
from baton.executor.functions.registered_functions import CallLimits, RegisteredFunctions
from baton.executor.functions.registry import Registry
from baton.executor.functions.results import INVALID_OUTPUT, InvalidOutput, failure
from baton.executor.workers.messages import (
    MAX_BYTES,
    MalformedMessage,
    decode_task,
    encode_heartbeat,
    encode_result,
    results_topic,
    tasks_topic,
    workers_group,
)
from baton.executor.workers.queue_tasks import QueueTasks
from baton.executor.workers.sender import Sender, Undeliverable

EXPIRED: Final = "EXPIRED"
TIMEOUT: Final = "TIMEOUT"
INVALID_TASK: Final = "INVALID_TASK"
GRACE_S: Final = 10.0
"""How long a stop waits for functions under way."""
_RETRY: Final = RetryPolicy(first_ms=1_000, max_ms=1_000)

_log = logging.getLogger("baton.worker")


class Worker:
    """Performs tasks with the functions of `registry`, `concurrency` at once over all queues."""

    def __init__(
        self,
        topics: Topics,
        registry: Registry,
        *,
        prefix: str,
        clock: Clock,
        concurrency: int = 100,
    ) -> None:
        self._topics = topics
        self._prefix = prefix
        self._clock = clock
        self._most = concurrency
        self._results = results_topic(prefix)
        self._room = asyncio.Semaphore(concurrency)
        self._sender = Sender(topics, clock=clock)
        self._functions = RegisteredFunctions(
            registry,
            clock=clock,
            limits=CallLimits(total=concurrency, per_function=concurrency, threads=2 * concurrency),
            on_heartbeat=self._heard,
        )
        self._under_way: set[str] = set()
        self._beats: dict[str, Message] = {}
        self._beating: asyncio.Task[None] | None = None

    async def run(
        self, queues: Sequence[str], stop: asyncio.Event, *, grace_s: float = GRACE_S
    ) -> None:
        """Serve `queues` until `stop` is set; what is under way then has `grace_s` to end."""
        try:
            async with asyncio.TaskGroup() as group:
                for queue in queues:
                    group.create_task(self._serve(queue, stop, grace_s), name=f"queue {queue}")
        finally:
            await self._sender.close()
            await self._functions.close()

    async def _serve(self, queue: str, stop: asyncio.Event, grace_s: float) -> None:
        consumption = await self._joined(queue, stop)
        if consumption is None:
            return
        tasks = QueueTasks(consumption, self._perform, most=self._most)
        try:
            await tasks.serve(stop)
        finally:
            await tasks.leave(grace_s=grace_s)

    async def _joined(self, queue: str, stop: asyncio.Event) -> TopicConsumer | None:
        topic, group = tasks_topic(self._prefix, queue), workers_group(self._prefix, queue)

        async def join() -> TopicConsumer | None:
            return None if stop.is_set() else await self._topics.consume(topic, group=group)

        doing = f"joining queue {queue}"
        return await retry(join, clock=self._clock, log=_log, doing=doing, policy=_RETRY)

    async def _perform(self, delivered: ReceivedMessage) -> None:
        try:
            call = decode_task(delivered.message.value)
        except MalformedMessage as fault:
            await self._refuse(delivered, fault)
            return
        if call.execution_id in self._under_way:
            return
        self._under_way.add(call.execution_id)
        try:
            async with self._room:
                outcome = await self._outcome(call)
            await self._answer(delivered, call, outcome)
        finally:
            self._under_way.discard(call.execution_id)

    async def _outcome(self, call: Call) -> CallOutcome:
        left_ms = call.deadline_at - self._clock.now()
        if left_ms <= 0:
            _log.warning("%s came %d ms after its deadline", call.execution_id, -left_ms)
            return failure(EXPIRED, "the task came after its deadline", retryable=True)
        try:
            async with asyncio.timeout(left_ms / 1000):
                return await self._functions.call(call)
        except TimeoutError:
            return failure(TIMEOUT, "the deadline has passed", retryable=True)

    async def _answer(self, delivered: ReceivedMessage, call: Call, outcome: CallOutcome) -> None:
        raw = encode_result(call.execution_id, outcome)
        if len(raw) > MAX_BYTES:
            fault = f"the result has {len(raw)} bytes, at most {MAX_BYTES} can be sent"
            raw = encode_result(call.execution_id, failure(INVALID_OUTPUT, fault))
        self._beats.pop(call.execution_id, None)
        try:
            await self._send(delivered, raw)
        except Undeliverable as fault:
            await self._send(
                delivered, encode_result(call.execution_id, failure(INVALID_OUTPUT, str(fault)))
            )

    async def _refuse(self, delivered: ReceivedMessage, fault: MalformedMessage) -> None:
        _log.error("the task at %s can't be read: %s", delivered.position, fault)
        if fault.execution_id is not None:
            raw = encode_result(fault.execution_id, failure(INVALID_TASK, str(fault)))
            await self._send(delivered, raw)

    async def _send(self, task: ReceivedMessage, raw: bytes) -> None:
        await self._sender.send(self._results, Message(value=raw, key=task.message.key))

    def _heard(self, call: Call, progress: object) -> None:
        """Send the newest progress of each attempt; one that is lost is no loss."""
        try:
            raw = encode_heartbeat(call.execution_id, progress)
        except InvalidOutput as error:
            raise ValueError(f"no progress to report: {error}") from None
        if call.execution_id in self._under_way:
            self._beats[call.execution_id] = Message(value=raw)
            if self._beating is None:
                self._beating = asyncio.create_task(self._beat())

    async def _beat(self) -> None:
        try:
            while self._beats:
                beats, self._beats = self._beats, {}
                await self._topics.send(self._results, tuple(beats.values()))
        except Unavailable as error:
            _log.warning("heartbeats were not sent: %s", error)
        finally:
            self._beating = None
