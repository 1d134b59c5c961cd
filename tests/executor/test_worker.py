"""The worker: valid and invalid tasks, concurrency, deadlines, and its stop or crash."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Any

import pytest

from baton import NonRetryableError, StepContext, StepResult, function
from baton.backends.memory.topics import MemoryTopics
from baton.eventlog.clock import SystemClock
from baton.eventlog.ports.topics import Message, ReceivedMessage
from baton.executor.functions.registered_functions import CallLimits
from baton.executor.workers.queue_tasks import QueueTasks
from tests.executor.queue_ends import (
    DEADLINE_S,
    TOKEN,
    FlakyTopics,
    running_worker,
    task_sender,
    within,
)
from tests.kit.clock import ManualClock
from tests.kit.eventually import eventually


@pytest.fixture
def topics() -> MemoryTopics:
    return MemoryTopics()


@function("train")
async def train(payload: dict[str, Any], context: StepContext) -> StepResult:
    return StepResult(output=[payload["input"], context.idempotency_key], context={"by": "gpu"})


class HeldFunction:
    """A function whose calls wait until the test sets `release`."""

    def __init__(self, limit: int | None = None) -> None:
        self.started: list[str] = []
        self.release = asyncio.Event()

        @function("held", limit=limit)
        async def held(_payload: Any, context: StepContext) -> str:
            self.started.append(context.run_id)
            await self.release.wait()
            return "done"

        self.function = held


async def test_a_task_is_performed_and_its_result_sent(topics: MemoryTopics) -> None:
    executor = await task_sender(topics)
    async with running_worker(topics, train):
        call = await executor.send(input=7)

        assert await executor.next_answers() == [
            {
                "type": "result",
                "executionId": call.execution_id,
                "attempt": 1,
                "token": TOKEN,
                "status": "succeeded",
                "output": [7, call.idempotency_key],
                "context": {"by": "gpu"},
            }
        ]


async def test_a_failure_is_sent_with_its_code_and_whether_it_is_retryable(
    topics: MemoryTopics,
) -> None:
    @function("bad")
    def bad(payload: dict[str, Any]) -> None:
        if payload["input"] == "final":
            raise NonRetryableError("never", code="NEVER")
        raise ValueError("not now")

    executor = await task_sender(topics)
    async with running_worker(topics, bad):
        await executor.send("bad", input="final", run_id="a" * 20)
        (final,) = await executor.next_answers()
        await executor.send("bad", input="soon", run_id="b" * 20)
        (soon,) = await executor.next_answers()

    assert final["status"] == soon["status"] == "failed"
    assert (final["error"]["code"], final["error"]["retryable"]) == ("NEVER", False)
    assert (soon["error"]["code"], soon["error"]["retryable"]) == ("ValueError", True)
    assert "not now" in soon["error"]["stack"]


@function("cancel-itself")
async def cancel_itself(payload: dict[str, Any]) -> str:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    if payload["input"] == "notice":
        await asyncio.sleep(0)
    return "done"


async def test_a_function_that_cancels_its_own_task_is_answered(topics: MemoryTopics) -> None:
    executor = await task_sender(topics)
    async with running_worker(topics, cancel_itself):
        await executor.send("cancel-itself", input="ignore", run_id="a" * 20)
        (ended,) = await executor.next_answers()
        await executor.send("cancel-itself", input="notice", run_id="b" * 20)
        (cancelled,) = await executor.next_answers()

    assert (ended["status"], ended["output"]) == ("succeeded", "done")
    assert (cancelled["status"], cancelled["error"]["code"]) == ("failed", "CancelledError")


async def test_progress_is_sent_before_the_result(topics: MemoryTopics) -> None:
    go = asyncio.Event()

    @function("long")
    async def long(_payload: Any, context: StepContext) -> None:
        context.heartbeat({"rows": 1})
        await go.wait()

    executor = await task_sender(topics)
    async with running_worker(topics, long):
        call = await executor.send("long")
        (beat,) = await executor.next_answers()
        go.set()
        (end,) = await executor.next_answers()

    assert beat == {
        "type": "heartbeat",
        "executionId": call.execution_id,
        "attempt": 1,
        "token": TOKEN,
        "progress": {"rows": 1},
    }
    assert end["type"] == "result"


async def test_a_task_after_its_deadline_is_not_started(topics: MemoryTopics) -> None:
    held = HeldFunction()
    executor = await task_sender(topics)
    async with running_worker(topics, held.function):
        await executor.send("held", deadline_at=SystemClock().now())
        (answer,) = await executor.next_answers()

    assert answer["error"]["code"] == "EXPIRED"
    assert held.started == []


async def test_a_call_is_cancelled_at_its_deadline(topics: MemoryTopics) -> None:
    held = HeldFunction()
    executor = await task_sender(topics)
    async with running_worker(topics, held.function):
        await executor.send("held", deadline_at=SystemClock().now() + 100)
        (answer,) = await executor.next_answers()

    assert answer["error"]["code"] in {"TIMEOUT", "EXPIRED"}


async def test_concurrency_limits_the_running_calls(topics: MemoryTopics) -> None:
    held = HeldFunction()
    executor = await task_sender(topics)
    async with running_worker(topics, held.function, concurrency=3):
        for number in range(10):
            await executor.send("held", run_id=f"{number:020d}")
        await eventually(lambda: len(held.started) == 3)
        for _ in range(100):
            await asyncio.sleep(0)
        assert len(held.started) == 3
        held.release.set()

        assert len(await executor.next_answers(10)) == 10


async def test_a_call_that_waits_too_long_for_a_slot_of_its_function_fails(
    topics: MemoryTopics,
) -> None:
    held = HeldFunction(limit=1)
    executor = await task_sender(topics)
    async with running_worker(topics, held.function, limits=CallLimits(wait_ms=1)):
        for number in range(2):
            await executor.send("held", run_id=f"{number:020d}")
        (answer,) = await executor.next_answers()

    assert answer["error"]["code"] == "NO_FREE_SLOT"
    assert len(held.started) == 1


async def test_the_wait_of_a_task_begins_when_it_is_sent(topics: MemoryTopics) -> None:
    in_a_minute = ManualClock(SystemClock().now() + 60_000)
    executor = await task_sender(topics)
    async with running_worker(topics, train, clock=in_a_minute) as under_test:
        for name in ("train", "tarin"):
            await executor.send(name, run_id=name)
        await executor.next_answers(2)
    (waits,) = under_test.worker.task_waits.items()

    assert waits[0] == "train"
    assert sum(waits[1].buckets) == 1
    assert 60 - DEADLINE_S < waits[1].sum <= 60


async def test_a_slow_task_does_not_delay_others(topics: MemoryTopics) -> None:
    held = HeldFunction()
    executor = await task_sender(topics)
    async with running_worker(topics, held.function, train):
        await executor.send("held")
        await eventually(lambda: bool(held.started))
        for _ in range(3):
            await executor.send("train", step_id="other")
            (answer,) = await executor.next_answers()
            assert answer["status"] == "succeeded"


async def test_a_task_of_an_unknown_function_fails(topics: MemoryTopics) -> None:
    executor = await task_sender(topics)
    async with running_worker(topics, train):
        await executor.send("tarin")
        (answer,) = await executor.next_answers()

    assert answer["error"]["code"] == "FUNCTION_NOT_FOUND"
    assert not answer["error"]["retryable"]


async def test_a_malformed_task_that_names_its_attempt_is_answered(topics: MemoryTopics) -> None:
    executor = await task_sender(topics)
    async with running_worker(topics, train):
        await executor.send_raw(b'{"type": "task", "executionId": "r.s.1.3", "payload": []}')
        (answer,) = await executor.next_answers()

    assert (answer["executionId"], answer["attempt"]) == ("r.s.1.3", 3)
    assert (answer["error"]["code"], answer["error"]["retryable"]) == ("INVALID_TASK", False)


@pytest.mark.parametrize(
    "raw", [None, b"", b"{", b"[]", b'{"executionId": 1}', b'{"executionId": "r.s.1.x"}']
)
async def test_a_malformed_task_does_not_stop_the_queue(
    topics: MemoryTopics, raw: bytes | None
) -> None:
    executor = await task_sender(topics)
    async with running_worker(topics, train):
        await executor.send_raw(raw, key=b"k")
        await executor.send()
        (answer,) = await executor.next_answers()

    assert answer["status"] == "succeeded"


async def test_the_tasks_of_a_crashed_worker_are_performed_by_another(
    topics: MemoryTopics,
) -> None:
    first, second = HeldFunction(), HeldFunction()
    second.release.set()
    executor = await task_sender(topics)
    async with running_worker(topics, first.function) as crashing:
        given = {(await executor.send("held", run_id=f"{n:020d}")).execution_id for n in range(5)}
        await eventually(lambda: len(first.started) == 5)
        await crashing.crash()
    async with running_worker(topics, second.function):
        answer = await executor.next_answers(5)

    assert {one["executionId"] for one in answer} == given


async def test_an_answered_task_is_not_redelivered(topics: MemoryTopics) -> None:
    held = HeldFunction()
    executor = await task_sender(topics)
    async with running_worker(topics, held.function, train) as first:
        await executor.send("train", run_id="a" * 20)
        await executor.next_answers()
        slow = await executor.send("held", run_id="b" * 20)
        await eventually(lambda: len(held.started) == 1)
        await first.stop()
    held.release.set()
    async with running_worker(topics, held.function):
        (answer,) = await executor.next_answers()

    assert answer["executionId"] == slow.execution_id
    assert answer["status"] == "succeeded"


async def test_a_repeat_of_a_running_task_is_dropped(topics: MemoryTopics) -> None:
    held = HeldFunction()
    executor = await task_sender(topics)
    async with running_worker(topics, held.function, train):
        for _ in range(3):
            await executor.send("held")
        await executor.send("train", step_id="after")
        await executor.next_answers()

        assert len(held.started) == 1


async def test_a_stop_lets_running_calls_finish(topics: MemoryTopics) -> None:
    held = HeldFunction()
    executor = await task_sender(topics)
    async with running_worker(topics, held.function, grace_s=DEADLINE_S) as worker:
        await executor.send("held")
        await eventually(lambda: bool(held.started))
        worker.stopping.set()
        held.release.set()
        (answer,) = await executor.next_answers()
        await within(worker.running)

    assert answer["output"] == "done"


async def test_a_result_larger_than_a_message_is_a_failure(topics: MemoryTopics) -> None:
    @function("large")
    def large() -> str:
        return "x" * 1_000_000

    executor = await task_sender(topics)
    async with running_worker(topics, large):
        await executor.send("large")
        (answer,) = await executor.next_answers()

    assert answer["error"]["code"] == "INVALID_OUTPUT"


async def test_a_result_that_topics_refuse_is_a_failure() -> None:
    topics = FlakyTopics(max_bytes=2_000)
    executor = await task_sender(topics)

    @function("large")
    def large() -> str:
        return "x" * 2_000

    async with running_worker(topics, large):
        await executor.send("large")
        (answer,) = await executor.next_answers()

    assert answer["error"]["code"] == "INVALID_OUTPUT"
    assert "too large" in answer["error"]["message"]


async def test_a_result_is_retried_while_topics_are_unavailable() -> None:
    topics = FlakyTopics()
    executor = await task_sender(topics)
    async with running_worker(topics, train):
        await executor.send()
        topics.unavailable = 2
        (answer,) = await executor.next_answers()

    assert answer["status"] == "succeeded"
    assert topics.unavailable == 0


class ConsumerThatReceivesOnCancel:
    """A consumer that receives its message at the moment its `next` is cancelled."""

    def __init__(self) -> None:
        self.unfinished: Collection[ReceivedMessage] | None = None
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
        self.unfinished = unfinished


async def test_a_task_received_during_the_stop_stays_unacknowledged() -> None:
    consumer, stop, performed = (
        ConsumerThatReceivesOnCancel(),
        asyncio.Event(),
        list[ReceivedMessage](),
    )

    async def perform(task: ReceivedMessage) -> None:
        performed.append(task)

    tasks = QueueTasks(consumer, perform, limit=1)
    processing = asyncio.create_task(tasks.process(stop))
    await asyncio.sleep(0)
    stop.set()
    await within(processing)
    await tasks.drain(grace_s=0)

    assert performed == []
    assert consumer.unfinished == (consumer.message,)
