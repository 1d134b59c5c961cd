"""Both ends of the topics between executors and workers, with a test at one of them."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from baton.backends.memory.topics import MemoryTopics
from baton.domain.run.messages import Failed, Succeeded
from baton.eventlog.clock import SystemClock
from baton.eventlog.errors import Unavailable, Unwritable
from baton.eventlog.ports.topics import Message, TopicConsumer
from baton.executor.functions.call import Call
from baton.executor.functions.loading import describe
from baton.executor.functions.registered_functions import RegisteredFunctions
from baton.executor.functions.registry import QueueFunction, Registry
from baton.executor.workers.remote_workers import RemoteWorkers
from baton.executor.workers.worker import Worker
from tests.executor.calls import a_call

PREFIX = "test."
TASKS = "test.tasks.gpu"
RESULTS = "test.results"
DEADLINE_S = 10
IN_AN_HOUR = 3_600_000


class Flaky(MemoryTopics):
    """Topics that don't answer so many times, and count what was sent together.

    A message of more than `largest` bytes is refused with all that are sent beside it.
    """

    def __init__(self, *, away: int = 0, largest: int = 10**9) -> None:
        super().__init__()
        self.away = away
        self.largest = largest
        self.sends: list[tuple[str, int]] = []

    async def send(self, topic: str, messages: Sequence[Message]) -> None:
        await asyncio.sleep(0)  # as a server would take its time
        if self.away:
            self.away -= 1
            raise Unavailable("away")
        if any(len(message.value or b"") > self.largest for message in messages):
            raise Unwritable("too large")
        self.sends.append((topic, len(messages)))
        await super().send(topic, messages)


@dataclass(eq=False)
class Asking:
    """An executor's end: functions of the queue "gpu", and what a test says to it as a worker."""

    topics: MemoryTopics
    remote: RemoteWorkers
    functions: RegisteredFunctions
    tasks: TopicConsumer
    heard: list[object]
    calls: list[asyncio.Task[Succeeded | Failed]] = field(default_factory=list)

    def ask(self, function: str = "train", **members: Any) -> asyncio.Task[Succeeded | Failed]:
        members.setdefault("deadline_at", SystemClock().now() + IN_AN_HOUR)
        call = a_call(function, **members)
        self.calls.append(asyncio.create_task(self.functions.call(call)))
        return self.calls[-1]

    async def task(self) -> dict[str, Any]:
        """Return the next task, as a worker reads it."""
        (delivered,) = await within(self.tasks.next())
        members: dict[str, Any] = orjson.loads(delivered.message.value or b"")
        return members

    async def answer(self, task: dict[str, Any], **members: Any) -> None:
        """Answer `task` as its worker does."""
        names = {"executionId": task["executionId"], "attempt": task["attempt"]}
        await self.say({"type": "result", **names, **members})

    async def say(self, said: object) -> None:
        value = said if isinstance(said, bytes) or said is None else orjson.dumps(said)
        await self.topics.send(RESULTS, [Message(value=value)])

    async def refused(self, **counts: int) -> None:
        """Wait until so many answers were refused, each for its reason."""
        refused = self.remote.refused_answers
        await until(lambda: all(getattr(refused, name) == n for name, n in counts.items()))


@asynccontextmanager
async def asking(topics: MemoryTopics | None = None) -> AsyncIterator[Asking]:
    topics = topics or MemoryTopics()
    remote = RemoteWorkers(topics, prefix=PREFIX, clock=SystemClock())
    heard: list[object] = []
    functions = RegisteredFunctions(
        queue_registry("train"),
        clock=SystemClock(),
        remote=remote,
        on_heartbeat=lambda call, progress: heard.append((call.execution_id, progress)),
    )
    tasks = await topics.consume(TASKS, group="looking on")
    end = Asking(topics, remote, functions, tasks, heard)
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
class Working:
    """A worker under test, and what it says."""

    stopping: asyncio.Event
    running: asyncio.Task[None]

    async def stop(self) -> None:
        self.stopping.set()
        await within(self.running)

    async def crash(self) -> None:
        """End it as a killed process does: nothing is finished, and the group goes on without."""
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)


@asynccontextmanager
async def working(
    topics: MemoryTopics, *known: Callable[..., object], grace_s: float = 0, **options: Any
) -> AsyncIterator[Working]:
    registry = Registry()
    for one in known:
        registry.add(describe(one, origin=__file__))
    options.setdefault("clock", SystemClock())
    worker = Worker(topics, registry, prefix=PREFIX, **options)
    stop = asyncio.Event()
    made = Working(stop, asyncio.create_task(worker.run(["gpu"], stop, grace_s=grace_s)))
    try:
        yield made
    finally:
        await made.crash()


@dataclass(eq=False)
class Giving:
    """An executor's side played by a test: it gives tasks and reads the results."""

    topics: MemoryTopics
    results: TopicConsumer

    async def give(self, function: str = "train", **members: Any) -> Call:
        members.setdefault("deadline_at", SystemClock().now() + IN_AN_HOUR)
        call = a_call(function, **members)
        raw = {
            "type": "task",
            "executionId": call.execution_id,
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
        await self.throw(orjson.dumps(raw), key=call.run_id.encode())
        return call

    async def throw(self, raw: bytes | None, *, key: bytes | None = None) -> None:
        await self.topics.send(TASKS, [Message(value=raw, key=key)])

    async def said(self, count: int = 1) -> list[dict[str, Any]]:
        """Return the next results and heartbeats."""
        found: list[dict[str, Any]] = []
        while len(found) < count:
            messages = await within(self.results.next())
            found += [orjson.loads(one.message.value or b"") for one in messages]
        return found


async def giving(topics: MemoryTopics) -> Giving:
    return Giving(topics, await topics.consume(RESULTS, group=None))


async def within(awaited: Any) -> Any:
    return await asyncio.wait_for(awaited, DEADLINE_S)


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0)
