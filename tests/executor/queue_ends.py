"""The two ends of the topics between executors and workers: a test plays one, Baton the other."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from baton.backends.memory.topics import MemoryTopics
from baton.domain.run.outcome import Failed, Succeeded
from baton.eventlog.clock import SystemClock
from baton.eventlog.errors import Unavailable, Unwritable
from baton.eventlog.ports.topics import Message, TopicConsumer
from baton.executor.functions.attempt_logger import LogSink
from baton.executor.functions.call import Call
from baton.executor.functions.loading import describe
from baton.executor.functions.registered_functions import RegisteredFunctions
from baton.executor.functions.registry import QueueFunction, Registry
from baton.executor.workers.remote_workers import RemoteWorkers
from baton.executor.workers.worker import Worker
from tests.executor.calls import a_call
from tests.kit.eventually import eventually

PREFIX = "test."
TASKS = "test.tasks.gpu"
RESULTS = "test.results"
DEADLINE_S = 10
IN_AN_HOUR = 3_600_000
TOKEN = "the token of the task"


class FlakyTopics(MemoryTopics):
    """Topics in memory that fail as a broker does, and record their sends.

    Attributes:
        sends: Topic and number of messages of each successful send.
    """

    def __init__(self, *, unavailable: int = 0, max_bytes: int = 10**9) -> None:
        """Set the failures.

        Args:
            unavailable: Number of sends that fail first.
            max_bytes: Size from which on a message is refused, with all messages of its send.
        """
        super().__init__()
        self.unavailable = unavailable
        self.max_bytes = max_bytes
        self.sends: list[tuple[str, int]] = []

    async def send(self, topic: str, messages: Sequence[Message]) -> None:
        await asyncio.sleep(0)  # a server doesn't answer at once either
        if self.unavailable:
            self.unavailable -= 1
            raise Unavailable("no broker")
        if any(len(message.value or b"") > self.max_bytes for message in messages):
            raise Unwritable("too large")
        self.sends.append((topic, len(messages)))
        await super().send(topic, messages)


@dataclass(eq=False)
class ExecutorEnd:
    """Functions of the queue "gpu"; the test reads their tasks and answers as a worker does."""

    topics: MemoryTopics
    remote: RemoteWorkers
    functions: RegisteredFunctions
    tasks: TopicConsumer
    heartbeats: list[object]
    calls: list[asyncio.Task[Succeeded | Failed]] = field(default_factory=list)

    def call(self, function: str = "train", **members: Any) -> asyncio.Task[Succeeded | Failed]:
        members.setdefault("deadline_at", SystemClock().now() + IN_AN_HOUR)
        call = a_call(function, **members)
        self.calls.append(asyncio.create_task(self.functions.call(call)))
        return self.calls[-1]

    async def next_task(self) -> dict[str, Any]:
        """Return the members of the next task."""
        (received,) = await within(self.tasks.next())
        members: dict[str, Any] = orjson.loads(received.message.value or b"")
        return members

    async def answer(self, task: dict[str, Any], **members: Any) -> None:
        """Send a result of `task`."""
        await self.send_raw({"type": "result", **names_of(task), **members})

    async def send_raw(self, answer: object) -> None:
        value = answer if isinstance(answer, bytes) or answer is None else orjson.dumps(answer)
        await self.topics.send(RESULTS, [Message(value=value)])

    async def wait_until_refused(self, **counts: int) -> None:
        """Wait until as many answers were refused for each reason."""
        refused = self.remote.refused_answers
        await eventually(lambda: all(getattr(refused, name) == n for name, n in counts.items()))


def names_of(task: dict[str, Any]) -> dict[str, Any]:
    """Return the members by which an answer names the attempt of `task`."""
    return {name: task[name] for name in ("executionId", "attempt", "token") if name in task}


@asynccontextmanager
async def executor_end(
    topics: MemoryTopics | None = None, logs: LogSink | None = None
) -> AsyncIterator[ExecutorEnd]:
    topics = topics or MemoryTopics()
    remote = RemoteWorkers(topics, prefix=PREFIX, clock=SystemClock())
    heartbeats: list[object] = []
    functions = RegisteredFunctions(
        queue_registry("train"),
        clock=SystemClock(),
        remote=remote,
        logs=logs,
        on_heartbeat=lambda call, progress: heartbeats.append((call.execution_id, progress)),
    )
    tasks = await topics.consume(TASKS, group="test")
    end = ExecutorEnd(topics, remote, functions, tasks, heartbeats)
    try:
        yield end
    finally:
        for call in end.calls:
            call.cancel()
        await asyncio.gather(*end.calls, return_exceptions=True)
        await functions.close()


def queue_registry(*names: str) -> Registry:
    registry = Registry()
    for name in names:
        registry.add(QueueFunction(name=name, id=f"id of {name}", queue="gpu"))
    return registry


@dataclass(eq=False)
class WorkerUnderTest:
    """A worker under test, running on the event loop of the test."""

    worker: Worker
    stopping: asyncio.Event
    running: asyncio.Task[None]

    async def stop(self) -> None:
        self.stopping.set()
        await within(self.running)

    async def crash(self) -> None:
        """End the worker as a crash does: its tasks stay unfinished for other workers."""
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)


@asynccontextmanager
async def running_worker(
    topics: MemoryTopics, *known: Callable[..., object], grace_s: float = 0, **options: Any
) -> AsyncIterator[WorkerUnderTest]:
    registry = Registry()
    for one in known:
        registry.add(describe(one, origin=__file__))
    options.setdefault("clock", SystemClock())
    worker = Worker(topics, registry, prefix=PREFIX, **options)
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(["gpu"], stop, grace_s=grace_s))
    under_test = WorkerUnderTest(worker, stop, running)
    try:
        yield under_test
    finally:
        await under_test.crash()


@dataclass(eq=False)
class TaskSender:
    """The executor's end of the topics, played by a test: sends tasks and reads answers."""

    topics: MemoryTopics
    results: TopicConsumer

    async def send(self, function: str = "train", **members: Any) -> Call:
        members.setdefault("deadline_at", SystemClock().now() + IN_AN_HOUR)
        call = a_call(function, **members)
        raw = {
            "type": "task",
            "executionId": call.execution_id,
            "token": TOKEN,
            "idempotencyKey": call.idempotency_key,
            "runId": call.run_id,
            "stepId": call.step_id,
            "visit": call.visit,
            "attempt": call.attempt,
            "tenant": call.tenant,
            "function": function,
            "deadline": call.deadline_at,
            "payload": call.payload,
            "traceparent": call.traceparent,
        }
        await self.send_raw(orjson.dumps(raw), key=call.run_id.encode())
        return call

    async def send_raw(self, raw: bytes | None, *, key: bytes | None = None) -> None:
        await self.topics.send(TASKS, [Message(value=raw, key=key)])

    async def next_answers(self, count: int = 1) -> list[dict[str, Any]]:
        """Return the next `count` results and heartbeats."""
        found: list[dict[str, Any]] = []
        while len(found) < count:
            messages = await within(self.results.next())
            found += [orjson.loads(one.message.value or b"") for one in messages]
        return found


async def task_sender(topics: MemoryTopics) -> TaskSender:
    return TaskSender(topics, await topics.consume(RESULTS, group=None))


async def within(awaited: Any) -> Any:
    return await asyncio.wait_for(awaited, DEADLINE_S)
