"""The worker: what it does with tasks, good and bad, and what becomes of them when it ends."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Any

import pytest

from baton import NonRetryableError, StepContext, StepResult, function
from baton.backends.memory.topics import MemoryTopics
from baton.eventlog.clock import SystemClock
from baton.eventlog.ports.topics import Message, ReceivedMessage
from baton.executor.workers.queue_tasks import QueueTasks
from tests.executor.remote_working import DEADLINE_S, Flaky, giving, until, within, working


@pytest.fixture
def topics() -> MemoryTopics:
    return MemoryTopics()


@function("train")
async def train(payload: dict[str, Any], context: StepContext) -> StepResult:
    return StepResult(output=[payload["input"], context.idempotency_key], context={"by": "gpu"})


class Held:
    """Functions that wait for a word of the test."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.go = asyncio.Event()

        @function("held")
        async def held(_payload: Any, context: StepContext) -> str:
            self.begun.append(context.run_id)
            await self.go.wait()
            return "done"

        self.function = held


async def test_a_task_is_performed_and_its_result_sent(topics: MemoryTopics) -> None:
    executor = await giving(topics)
    async with working(topics, train):
        call = await executor.give(input=7)

        assert await executor.said() == [
            {
                "type": "result",
                "executionId": call.execution_id,
                "attempt": 1,
                "status": "succeeded",
                "output": [7, call.idempotency_key],
                "context": {"by": "gpu"},
            }
        ]


async def test_a_failure_is_told_with_its_code_and_whether_to_try_again(
    topics: MemoryTopics,
) -> None:
    @function("bad")
    def bad(payload: dict[str, Any]) -> None:
        if payload["input"] == "final":
            raise NonRetryableError("never", code="NEVER")
        raise ValueError("not now")

    executor = await giving(topics)
    async with working(topics, bad):
        await executor.give("bad", input="final", run_id="a" * 20)
        (final,) = await executor.said()
        await executor.give("bad", input="soon", run_id="b" * 20)
        (soon,) = await executor.said()

    assert final["status"] == soon["status"] == "failed"
    assert (final["error"]["code"], final["error"]["retryable"]) == ("NEVER", False)
    assert (soon["error"]["code"], soon["error"]["retryable"]) == ("ValueError", True)
    assert "not now" in soon["error"]["stack"]


async def test_progress_is_told_before_the_result(topics: MemoryTopics) -> None:
    go = asyncio.Event()

    @function("long")
    async def long(_payload: Any, context: StepContext) -> None:
        context.heartbeat({"rows": 1})
        await go.wait()

    executor = await giving(topics)
    async with working(topics, long):
        call = await executor.give("long")
        (beat,) = await executor.said()
        go.set()
        (end,) = await executor.said()

    assert beat == {
        "type": "heartbeat",
        "executionId": call.execution_id,
        "attempt": 1,
        "progress": {"rows": 1},
    }
    assert end["type"] == "result"


async def test_a_task_after_its_deadline_is_not_begun(topics: MemoryTopics) -> None:
    held = Held()
    executor = await giving(topics)
    async with working(topics, held.function):
        await executor.give("held", deadline_at=SystemClock().now())
        (said,) = await executor.said()

    assert said["error"]["code"] == "EXPIRED"
    assert held.begun == []


async def test_work_is_cut_off_at_its_deadline(topics: MemoryTopics) -> None:
    held = Held()
    executor = await giving(topics)
    async with working(topics, held.function):
        await executor.give("held", deadline_at=SystemClock().now() + 100)
        (said,) = await executor.said()

    assert said["error"]["code"] in {"TIMEOUT", "EXPIRED"}


async def test_no_more_than_so_many_are_performed_at_once(topics: MemoryTopics) -> None:
    held = Held()
    executor = await giving(topics)
    async with working(topics, held.function, concurrency=3):
        for number in range(10):
            await executor.give("held", run_id=f"{number:020d}")
        await until(lambda: len(held.begun) == 3)
        for _ in range(100):
            await asyncio.sleep(0)
        assert len(held.begun) == 3
        held.go.set()

        assert len(await executor.said(10)) == 10


async def test_a_slow_task_holds_up_no_other_one(topics: MemoryTopics) -> None:
    held = Held()
    executor = await giving(topics)
    async with working(topics, held.function, train):
        await executor.give("held")
        await until(lambda: bool(held.begun))
        for _ in range(3):
            await executor.give("train", step_id="other")
            (said,) = await executor.said()
            assert said["status"] == "succeeded"


async def test_an_unknown_function_is_named_in_the_result(topics: MemoryTopics) -> None:
    executor = await giving(topics)
    async with working(topics, train):
        await executor.give("tarin")
        (said,) = await executor.said()

    assert said["error"]["code"] == "FUNCTION_NOT_FOUND"
    assert not said["error"]["retryable"]


async def test_a_bad_task_that_names_its_attempt_is_answered(topics: MemoryTopics) -> None:
    executor = await giving(topics)
    async with working(topics, train):
        await executor.throw(b'{"type": "task", "executionId": "r.s.1.3", "payload": []}')
        (said,) = await executor.said()

    assert (said["executionId"], said["attempt"]) == ("r.s.1.3", 3)
    assert (said["error"]["code"], said["error"]["retryable"]) == ("INVALID_TASK", False)


@pytest.mark.parametrize(
    "raw", [None, b"", b"{", b"[]", b'{"executionId": 1}', b'{"executionId": "r.s.1.x"}']
)
async def test_a_task_that_cannot_be_read_stops_nothing(
    topics: MemoryTopics, raw: bytes | None
) -> None:
    executor = await giving(topics)
    async with working(topics, train):
        await executor.throw(raw, key=b"k")
        await executor.give()
        (said,) = await executor.said()

    assert said["status"] == "succeeded"


async def test_the_tasks_of_a_worker_that_is_gone_are_given_to_another(
    topics: MemoryTopics,
) -> None:
    first, second = Held(), Held()
    second.go.set()
    executor = await giving(topics)
    async with working(topics, first.function) as crashing:
        given = {(await executor.give("held", run_id=f"{n:020d}")).execution_id for n in range(5)}
        await until(lambda: len(first.begun) == 5)
        await crashing.crash()
    async with working(topics, second.function):
        said = await executor.said(5)

    assert {one["executionId"] for one in said} == given


async def test_what_was_answered_is_not_performed_again(topics: MemoryTopics) -> None:
    held = Held()
    executor = await giving(topics)
    async with working(topics, held.function, train) as first:
        await executor.give("train", run_id="a" * 20)
        await executor.said()
        slow = await executor.give("held", run_id="b" * 20)
        await until(lambda: len(held.begun) == 1)
        await first.stop()
    held.go.set()
    async with working(topics, held.function):
        (said,) = await executor.said()

    assert said["executionId"] == slow.execution_id
    assert said["status"] == "succeeded"


async def test_a_task_given_twice_is_performed_once_at_a_time(topics: MemoryTopics) -> None:
    held = Held()
    executor = await giving(topics)
    async with working(topics, held.function, train):
        for _ in range(3):
            await executor.give("held")
        await executor.give("train", step_id="after")
        await executor.said()

        assert len(held.begun) == 1


async def test_a_stop_lets_what_is_under_way_end(topics: MemoryTopics) -> None:
    held = Held()
    executor = await giving(topics)
    async with working(topics, held.function, grace_s=DEADLINE_S) as worker:
        await executor.give("held")
        await until(lambda: bool(held.begun))
        worker.stopping.set()
        held.go.set()
        (said,) = await executor.said()
        await within(worker.running)

    assert said["output"] == "done"


async def test_a_result_too_large_for_a_message_fails(topics: MemoryTopics) -> None:
    @function("large")
    def large() -> str:
        return "x" * 1_000_000

    executor = await giving(topics)
    async with working(topics, large):
        await executor.give("large")
        (said,) = await executor.said()

    assert said["error"]["code"] == "INVALID_OUTPUT"


async def test_a_result_that_topics_refuse_is_a_failure() -> None:
    topics = Flaky(largest=2_000)
    executor = await giving(topics)

    @function("large")
    def large() -> str:
        return "x" * 2_000

    async with working(topics, large):
        await executor.give("large")
        (said,) = await executor.said()

    assert said["error"]["code"] == "INVALID_OUTPUT"
    assert "too large" in said["error"]["message"]


async def test_topics_that_are_away_are_waited_for_with_the_result() -> None:
    topics = Flaky()
    executor = await giving(topics)
    async with working(topics, train):
        await executor.give()
        topics.away = 2
        (said,) = await executor.said()

    assert said["status"] == "succeeded"
    assert topics.away == 0


class LastMoment:
    """A consumption whose message comes in the moment in which nobody waits for it any more."""

    def __init__(self) -> None:
        self.left: Collection[ReceivedMessage] | None = None
        self.message = ReceivedMessage(
            topic="t", partition=0, offset=7, at=0, message=Message(value=b"")
        )

    async def next(
        self, *, unfinished: Collection[ReceivedMessage] = ()
    ) -> Sequence[ReceivedMessage]:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return (self.message,)

    async def close(self, *, unfinished: Collection[ReceivedMessage] | None = None) -> None:
        self.left = unfinished


async def test_a_task_that_came_while_it_stopped_is_left_to_others() -> None:
    consumption, stop, performed = LastMoment(), asyncio.Event(), list[ReceivedMessage]()

    async def perform(delivered: ReceivedMessage) -> None:
        performed.append(delivered)

    tasks = QueueTasks(consumption, perform, limit=1)
    serving = asyncio.create_task(tasks.process(stop))
    await asyncio.sleep(0)
    stop.set()
    await within(serving)
    await tasks.drain(grace_s=0)

    assert performed == []
    assert consumption.left == (consumption.message,)
