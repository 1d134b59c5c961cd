"""Remote functions on the executor's side: the tasks it sends, and the answers it accepts."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from baton.domain.run.outcome import Failed, Succeeded
from baton.executor.functions.registered_functions import NoWorkers, RegisteredFunctions
from baton.executor.workers.messages import MAX_BYTES
from tests.executor.queue_ends import (
    RESULTS,
    TASKS,
    ExecutorEnd,
    FlakyTopics,
    executor_end,
    names_of,
    queue_registry,
    within,
)
from tests.kit.clock import SkippingClock
from tests.kit.eventually import eventually


@pytest.fixture
async def end() -> AsyncIterator[ExecutorEnd]:
    async with executor_end() as opened:
        yield opened


async def test_a_task_has_all_members_of_its_call(end: ExecutorEnd) -> None:
    end.call("id of train", attempt=2, config={"gpu": 1}, traceparent="00-1-2-01", deadline_at=9)

    task = await end.next_task()

    token = task.pop("token")
    assert len(token) >= 22, "128 random bits"
    assert task == {
        "type": "task",
        "executionId": f"{'c' * 20}.check.1.2",
        "idempotencyKey": f"{'c' * 20}.check.1",
        "runId": "c" * 20,
        "stepId": "check",
        "visit": 1,
        "attempt": 2,
        "tenant": "acme",
        "function": "train",
        "deadline": 9,
        "payload": {"input": {"recordId": "r-1"}, "context": {}, "steps": {}, "config": {"gpu": 1}},
        "traceparent": "00-1-2-01",
    }


async def test_a_result_is_the_outcome_of_the_call(end: ExecutorEnd) -> None:
    pending = end.call()
    task = await end.next_task()
    assert end.remote.tasks == {"gpu": 1}
    await end.answer(task, status="succeeded", output=[1], context={"seen": True})

    assert await within(pending) == Succeeded(output=[1], context={"seen": True})
    assert dict(end.remote.tasks) == {"gpu": 0}


async def test_a_result_without_output_is_a_success_with_null(end: ExecutorEnd) -> None:
    pending = end.call()
    await end.answer(await end.next_task(), status="succeeded")

    assert await within(pending) == Succeeded(output=None)


@pytest.mark.parametrize(
    ("more", "retryable"), [({}, True), ({"retryable": True}, True), ({"retryable": False}, False)]
)
async def test_a_failure_is_retryable_by_default(
    end: ExecutorEnd, more: dict[str, bool], retryable: bool
) -> None:
    pending = end.call()
    error = {"code": "OUT_OF_MEMORY", "message": "no", "stack": "line 1", **more}
    await end.answer(await end.next_task(), status="failed", error=error)

    outcome = await within(pending)

    assert isinstance(outcome, Failed)
    assert (outcome.error.code, outcome.error.message) == ("OUT_OF_MEMORY", "no")
    assert (outcome.error.stack, outcome.retryable) == ("line 1", retryable)


async def test_heartbeats_are_reported_until_the_result(end: ExecutorEnd) -> None:
    pending = end.call()
    task = await end.next_task()
    names = names_of(task)
    await end.send_raw({"type": "heartbeat", **names, "progress": {"done": 0.5}})
    await end.send_raw({"type": "heartbeat", **names})
    await eventually(lambda: len(end.heartbeats) == 2)
    await end.answer(task, status="succeeded")
    await within(pending)
    await end.send_raw({"type": "heartbeat", **names, "progress": 1})

    await end.wait_until_refused(duplicate=1)
    assert end.heartbeats == [(task["executionId"], {"done": 0.5}), (task["executionId"], None)]


async def test_a_second_result_is_refused_as_a_duplicate(end: ExecutorEnd) -> None:
    pending = end.call()
    task = await end.next_task()
    await end.answer(task, status="succeeded", output="first")
    await end.answer(task, status="succeeded", output="second")

    assert await within(pending) == Succeeded(output="first")
    await end.wait_until_refused(duplicate=1)


async def test_answers_to_a_cancelled_attempt_are_refused_as_late(end: ExecutorEnd) -> None:
    pending = end.call()
    task = await end.next_task()
    pending.cancel()
    await asyncio.wait([pending])
    names = names_of(task)
    await end.send_raw({"type": "heartbeat", **names})
    await end.answer(task, status="succeeded")

    await end.wait_until_refused(late=2)
    assert end.heartbeats == []


async def test_the_result_of_an_older_attempt_is_refused_as_superseded(end: ExecutorEnd) -> None:
    first = end.call(attempt=1)
    old = await end.next_task()
    first.cancel()
    second = end.call(attempt=2)
    new = await end.next_task()
    await end.answer(old, status="succeeded", output="old")
    await end.wait_until_refused(superseded=1)
    await end.answer(new, status="succeeded", output="new")

    assert await within(second) == Succeeded(output="new")


async def test_a_result_of_an_unknown_attempt_is_refused_as_unmatched(end: ExecutorEnd) -> None:
    pending = end.call()
    task = await end.next_task()
    execution = task["idempotencyKey"] + ".2"
    await end.answer({**task, "executionId": execution, "attempt": 2}, status="succeeded")
    await end.answer({"executionId": "a.b.1.1", "attempt": 1}, status="succeeded")

    await end.wait_until_refused(unmatched=2)
    assert not pending.done()


@pytest.mark.parametrize("token", [None, "", "guessed", 1, [], "\u00e9"])
async def test_an_answer_without_the_token_of_its_task_is_refused_as_forged(
    end: ExecutorEnd, token: object
) -> None:
    pending = end.call()
    task = await end.next_task()
    names = {**names_of(task), "token": token}
    await end.send_raw({"type": "heartbeat", **names, "progress": 1})
    await end.send_raw({"type": "result", **names, "status": "succeeded", "output": "forged"})
    del names["token"]
    await end.send_raw({"type": "result", **names, "status": "failed"})
    await end.wait_until_refused(forged=3)
    await end.answer(task, status="succeeded", output="true")

    assert await within(pending) == Succeeded(output="true")
    assert end.heartbeats == []


async def test_the_token_of_another_attempt_is_refused_as_forged(end: ExecutorEnd) -> None:
    first = end.call(attempt=1)
    old = await end.next_task()
    first.cancel()
    second = end.call(attempt=2)
    new = await end.next_task()
    await end.answer({**new, "token": old["token"]}, status="succeeded", output="forged")
    await end.wait_until_refused(forged=1)
    await end.answer(new, status="succeeded", output="new")

    assert await within(second) == Succeeded(output="new")


async def test_a_token_of_a_former_executor_is_worthless_after_a_takeover() -> None:
    async with executor_end() as former:
        former.call(attempt=1)
        old = await former.next_task()
    async with executor_end() as end:
        pending = end.call(attempt=1)
        new = await end.next_task()
        await end.answer(old, status="succeeded", output="forged")
        await end.wait_until_refused(forged=1)
        await end.answer(new, status="succeeded", output="new")

        assert await within(pending) == Succeeded(output="new")


@pytest.mark.parametrize(
    "answer",
    [
        None,
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 2_000,
        b"null",
        [],
        {},
        {"type": "result", "status": "succeeded"},
        {"type": "result", "executionId": 1, "attempt": 1, "status": "succeeded"},
        {"type": "result", "executionId": "EXECUTION", "attempt": "1", "status": "succeeded"},
        {"type": "result", "executionId": "EXECUTION", "attempt": 2, "status": "succeeded"},
        {"type": "result", "executionId": "EXECUTION", "attempt": 1, "status": "done"},
        {"type": "result", "executionId": "EXECUTION", "attempt": 1},
        {"executionId": "EXECUTION", "attempt": 1, "status": "succeeded"},
        {"type": "result", "executionId": "", "attempt": 1, "status": "succeeded"},
        {"type": "result", "executionId": "a." + "9" * 5_000, "attempt": 1, "status": "failed"},
    ],
)
async def test_a_malformed_answer_is_refused_and_does_not_affect_others(
    end: ExecutorEnd, answer: Any
) -> None:
    pending = end.call()
    task = await end.next_task()
    if isinstance(answer, dict) and answer.get("executionId") == "EXECUTION":
        answer = {**answer, "executionId": task["executionId"]}
    await end.send_raw(answer)
    await end.wait_until_refused(malformed=1)
    await end.answer(task, status="succeeded")

    assert await within(pending) == Succeeded()


@pytest.mark.parametrize(
    "members",
    [
        {"status": "succeeded", "output": "\0"},
        {"status": "succeeded", "context": [1]},
        {"status": "failed"},
        {"status": "failed", "error": {"code": "", "message": "no"}},
        {"status": "failed", "error": {"code": 1, "message": "no"}},
    ],
)
async def test_a_result_that_cannot_be_recorded_fails_its_attempt(
    end: ExecutorEnd, members: dict[str, Any]
) -> None:
    pending = end.call()
    await end.answer(await end.next_task(), **members)

    outcome = await within(pending)

    assert isinstance(outcome, Failed)
    assert (outcome.error.code, outcome.retryable) == ("INVALID_ANSWER", True)


async def test_concurrent_tasks_are_sent_in_batches() -> None:
    topics = FlakyTopics()
    async with executor_end(topics) as end:
        for number in range(500):
            end.call(run_id=f"{number:020d}")
        seen = 0
        while seen < 500:
            seen += len(await within(end.tasks.next()))

    assert sum(count for _, count in topics.sends) == 500
    assert len(topics.sends) < 10


async def test_a_call_waits_while_topics_are_unavailable() -> None:
    topics = FlakyTopics(unavailable=2)
    async with executor_end(topics) as end:
        pending = end.call()
        task = await end.next_task()
        await end.answer(task, status="succeeded")

        assert await within(pending) == Succeeded()

    assert [topic for topic, _ in topics.sends] == [TASKS, RESULTS]


async def test_the_task_of_a_cancelled_call_is_not_sent() -> None:
    topics = FlakyTopics(unavailable=1)
    async with executor_end(topics) as end:
        cancelled = end.call(run_id="a" * 20)
        await eventually(lambda: topics.unavailable == 0, every_s=0)
        cancelled.cancel()
        end.call(run_id="b" * 20)

        assert (await end.next_task())["runId"] == "b" * 20


async def test_a_task_larger_than_a_message_fails_at_once(end: ExecutorEnd) -> None:
    outcome = await within(end.call(input="x" * MAX_BYTES))

    assert outcome.error.code == "PAYLOAD_TOO_LARGE"
    assert not outcome.retryable


async def test_a_refused_task_fails_without_affecting_its_batch() -> None:
    async with executor_end(FlakyTopics(max_bytes=2_000)) as end:
        pending = [end.call(run_id=f"{n:020d}", input="x" * n * 1_000) for n in (1, 3, 0)]
        seen: list[Any] = []
        while len(seen) < 2:
            seen += await within(end.tasks.next())
        refused = await within(pending[1])

    assert refused.error.code == "PAYLOAD_TOO_LARGE"
    assert not refused.retryable


async def test_a_function_with_a_queue_is_refused_without_topics() -> None:
    with pytest.raises(NoWorkers, match=r"'train' .* queue 'gpu'.* set BATON_LOG=kafka://"):
        RegisteredFunctions(queue_registry("train"), clock=SkippingClock())
