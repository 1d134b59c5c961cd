"""The logs of workers' functions come with their results."""

from typing import Any

import pytest

from baton import StepContext, function
from baton.backends.memory.topics import MemoryTopics
from baton.domain.run.outcome import Failed, Succeeded
from baton.eventlog.clock import SystemClock
from baton.eventlog.function_logs.lines import LogLine
from baton.executor.functions.call import Call
from baton.executor.functions.registered_functions import RegisteredFunctions
from baton.executor.workers.messages import MAX_BYTES
from baton.executor.workers.remote_workers import RemoteWorkers
from tests.executor.calls import a_call
from tests.executor.queue_ends import (
    IN_AN_HOUR,
    PREFIX,
    executor_end,
    queue_registry,
    running_worker,
    task_sender,
    within,
)


class KeptLogs:
    """Keeps the log that an executor receives for an attempt."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str] | int] = []
        self.times: list[int] = []

    def keep(self, call: Call, line: LogLine) -> None:
        self.lines.append((line.level, line.message))
        self.times.append(line.at)

    def omit(self, call: Call, lines: int) -> None:
        self.lines.append(lines)


@function("train")
async def train(payload: dict[str, Any], context: StepContext) -> str:
    context.log.info("training %s", payload["input"])
    if payload["input"] == "nothing":
        raise ValueError("nothing to learn")
    return "x" * (payload["config"] or 0)


@pytest.fixture
def topics() -> MemoryTopics:
    return MemoryTopics()


async def test_a_result_carries_the_log_of_its_attempt(topics: MemoryTopics) -> None:
    executor = await task_sender(topics)
    async with running_worker(topics, train):
        await executor.send(input="cats")
        await executor.send(input="nothing", run_id="d" * 20)
        answers = await executor.next_answers(2)

    shown = {
        one["status"]: [(line["level"], line["message"]) for line in one["logs"]] for one in answers
    }
    assert shown == {
        "succeeded": [("info", "training cats")],
        "failed": [("info", "training nothing")],
    }


async def test_a_result_that_would_be_too_large_goes_without_its_log(topics: MemoryTopics) -> None:
    executor = await task_sender(topics)
    async with running_worker(topics, train):
        await executor.send(input="cats", config=MAX_BYTES - 200)
        (answer,) = await executor.next_answers()

    assert answer["status"] == "succeeded"
    assert "logs" not in answer


async def test_an_attempt_keeps_the_log_that_comes_with_its_result(topics: MemoryTopics) -> None:
    clock, kept = SystemClock(), KeptLogs()
    remote = RemoteWorkers(topics, prefix=PREFIX, clock=clock)
    functions = RegisteredFunctions(queue_registry("train"), clock=clock, remote=remote, logs=kept)
    async with running_worker(topics, train):
        call = a_call("train", input="cats", config=3, deadline_at=clock.now() + IN_AN_HOUR)
        outcome = await within(functions.call(call))
        call = a_call(
            "train", input="nothing", run_id="d" * 20, deadline_at=clock.now() + IN_AN_HOUR
        )
        failed = await within(functions.call(call))
    await functions.close()

    assert outcome == Succeeded(output="xxx")
    assert isinstance(failed, Failed)
    assert kept.lines == [("info", "training cats"), ("info", "training nothing")]
    assert all(clock.now() - 60_000 < at <= clock.now() for at in kept.times)


SENT: list[tuple[Any, list[tuple[str, str] | int]]] = [
    (
        [
            {"at": 1_767_225_600_000, "level": "warning", "message": "by number"},
            {"omitted": 7},
            {"at": "2026-01-01T00:00:00.000Z", "level": "output", "message": "by text"},
        ],
        [("warning", "by number"), 7, ("output", "by text")],
    ),
    (
        [{"message": "alone"}, {"message": "x", "level": "loud", "at": []}],
        [("info", "alone"), ("info", "x")],
    ),
    ([{"message": 1}, {"omitted": -1}, {"omitted": True}, None, "text", 3], [1]),
    ({"message": "no list"}, []),
    ("no list", []),
    (None, []),
]


@pytest.mark.parametrize(("sent", "lines"), SENT, ids=[str(n) for n in range(len(SENT))])
async def test_logs_of_other_programs_are_read_leniently(
    sent: Any, lines: list[tuple[str, str] | int]
) -> None:
    kept = KeptLogs()
    async with executor_end(logs=kept) as end:
        pending = end.call()
        await end.answer(await end.next_task(), status="succeeded", logs=sent)
        assert await within(pending) == Succeeded()

    assert kept.lines == lines
    assert all(0 <= at <= SystemClock().now() for at in kept.times)


async def test_the_log_of_a_refused_result_is_not_kept() -> None:
    kept = KeptLogs()
    async with executor_end(logs=kept) as end:
        end.call()
        task = await end.next_task()
        line = {"message": "forged"}
        await end.answer({**task, "token": "guessed"}, status="succeeded", logs=[line])
        await end.wait_until_refused(forged=1)

    assert kept.lines == []
