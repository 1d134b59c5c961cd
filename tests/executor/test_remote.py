"""Functions of a queue, seen from the executor: what workers are asked, which answers count."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from baton.domain.run.messages import Failed, Succeeded
from baton.executor.functions.registered_functions import NoWorkers, RegisteredFunctions
from baton.executor.workers.messages import MAX_BYTES
from tests.executor.remote_working import (
    RESULTS,
    TASKS,
    Asking,
    Flaky,
    asking,
    queue_registry,
    until,
    within,
)
from tests.kit.clock import SkippingClock


@pytest.fixture
async def end() -> AsyncIterator[Asking]:
    async with asking() as made:
        yield made


async def test_a_worker_is_told_all_it_needs(end: Asking) -> None:
    end.ask("id of train", attempt=2, config={"gpu": 1}, traceparent="00-1-2-01", deadline_at=9)

    assert await end.task() == {
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


async def test_a_result_is_the_outcome(end: Asking) -> None:
    asked = end.ask()
    await end.answer(await end.task(), status="succeeded", output=[1], context={"seen": True})

    assert await within(asked) == Succeeded(output=[1], context={"seen": True})


async def test_a_result_without_an_output_is_a_success_with_null(end: Asking) -> None:
    asked = end.ask()
    await end.answer(await end.task(), status="succeeded")

    assert await within(asked) == Succeeded(output=None)


@pytest.mark.parametrize(
    ("more", "retryable"), [({}, True), ({"retryable": True}, True), ({"retryable": False}, False)]
)
async def test_a_failure_says_whether_it_is_worth_another_try(
    end: Asking, more: dict[str, bool], retryable: bool
) -> None:
    asked = end.ask()
    error = {"code": "OUT_OF_MEMORY", "message": "no", "stack": "line 1", **more}
    await end.answer(await end.task(), status="failed", error=error)

    outcome = await within(asked)

    assert isinstance(outcome, Failed)
    assert (outcome.error.code, outcome.error.message) == ("OUT_OF_MEMORY", "no")
    assert (outcome.error.stack, outcome.retryable) == ("line 1", retryable)


async def test_heartbeats_are_heard_until_the_result(end: Asking) -> None:
    asked = end.ask()
    task = await end.task()
    names = {"executionId": task["executionId"], "attempt": 1}
    await end.say({"type": "heartbeat", **names, "progress": {"done": 0.5}})
    await end.say({"type": "heartbeat", **names})
    await until(lambda: len(end.heard) == 2)
    await end.answer(task, status="succeeded")
    await within(asked)
    await end.say({"type": "heartbeat", **names, "progress": 1})

    await end.refused(duplicate=1)
    assert end.heard == [(task["executionId"], {"done": 0.5}), (task["executionId"], None)]


async def test_the_first_result_counts_and_a_second_one_is_refused(end: Asking) -> None:
    asked = end.ask()
    task = await end.task()
    await end.answer(task, status="succeeded", output="first")
    await end.answer(task, status="succeeded", output="second")

    assert await within(asked) == Succeeded(output="first")
    await end.refused(duplicate=1)


async def test_what_comes_after_the_attempt_was_cut_off_is_refused(end: Asking) -> None:
    asked = end.ask()
    task = await end.task()
    asked.cancel()
    await asyncio.wait([asked])
    names = {"executionId": task["executionId"], "attempt": 1}
    await end.say({"type": "heartbeat", **names})
    await end.answer(task, status="succeeded")

    await end.refused(late=2)
    assert end.heard == []


async def test_the_result_of_an_older_attempt_is_refused(end: Asking) -> None:
    first = end.ask(attempt=1)
    old = await end.task()
    first.cancel()
    second = end.ask(attempt=2)
    new = await end.task()
    await end.answer(old, status="succeeded", output="old")
    await end.refused(superseded=1)
    await end.answer(new, status="succeeded", output="new")

    assert await within(second) == Succeeded(output="new")


async def test_a_result_for_an_attempt_of_nobody_here_is_refused(end: Asking) -> None:
    asked = end.ask()
    task = await end.task()
    execution = task["idempotencyKey"] + ".2"
    await end.answer({"executionId": execution, "attempt": 2}, status="succeeded")
    await end.answer({"executionId": "a.b.1.1", "attempt": 1}, status="succeeded")

    await end.refused(unmatched=2)
    assert not asked.done()


@pytest.mark.parametrize(
    "said",
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
async def test_garbage_among_the_results_is_refused_and_stops_nothing(
    end: Asking, said: Any
) -> None:
    asked = end.ask()
    task = await end.task()
    if isinstance(said, dict) and said.get("executionId") == "EXECUTION":
        said = {**said, "executionId": task["executionId"]}
    await end.say(said)
    await end.refused(malformed=1)
    await end.answer(task, status="succeeded")

    assert await within(asked) == Succeeded()


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
    end: Asking, members: dict[str, Any]
) -> None:
    asked = end.ask()
    await end.answer(await end.task(), **members)

    outcome = await within(asked)

    assert isinstance(outcome, Failed)
    assert (outcome.error.code, outcome.retryable) == ("INVALID_ANSWER", True)


async def test_many_tasks_at_once_share_their_sends() -> None:
    topics = Flaky()
    async with asking(topics) as end:
        for number in range(500):
            end.ask(run_id=f"{number:020d}")
        seen = 0
        while seen < 500:
            seen += len(await within(end.tasks.next()))

    assert sum(count for _, count in topics.sends) == 500
    assert len(topics.sends) < 10


async def test_topics_that_are_away_are_waited_for() -> None:
    topics = Flaky(away=2)
    async with asking(topics) as end:
        asked = end.ask()
        task = await end.task()
        await end.answer(task, status="succeeded")

        assert await within(asked) == Succeeded()

    assert [topic for topic, _ in topics.sends] == [TASKS, RESULTS]


async def test_a_task_that_nobody_waits_for_any_more_is_not_sent() -> None:
    topics = Flaky(away=1)
    async with asking(topics) as end:
        given_up = end.ask(run_id="a" * 20)
        await until(lambda: topics.away == 0)
        given_up.cancel()
        end.ask(run_id="b" * 20)

        assert (await end.task())["runId"] == "b" * 20


async def test_a_task_too_large_for_a_message_fails_at_once(end: Asking) -> None:
    outcome = await within(end.ask(input="x" * MAX_BYTES))

    assert outcome.error.code == "PAYLOAD_TOO_LARGE"
    assert not outcome.retryable


async def test_a_task_that_topics_refuse_fails_and_costs_no_other_one() -> None:
    async with asking(Flaky(largest=2_000)) as end:
        asked = [end.ask(run_id=f"{n:020d}", input="x" * n * 1_000) for n in (1, 3, 0)]
        seen: list[Any] = []
        while len(seen) < 2:
            seen += await within(end.tasks.next())
        refused = await within(asked[1])

    assert refused.error.code == "PAYLOAD_TOO_LARGE"
    assert not refused.retryable


async def test_a_function_of_a_queue_is_refused_where_no_topics_lead_to_workers() -> None:
    with pytest.raises(NoWorkers, match=r"'train' .* queue 'gpu'.* set BATON_LOG=kafka://"):
        RegisteredFunctions(queue_registry("train"), clock=SkippingClock())
