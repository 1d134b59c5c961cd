"""An executor performs the steps of runs in order, and stops when it no longer owns them."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from baton.domain.definition.graph import Delay, Retry
from baton.domain.definition.state import State as Definition
from baton.domain.run.messages.commands import (
    CancelRun,
    FireTimer,
    PauseRun,
    ResumeRun,
    RetryRun,
    TakeOver,
)
from baton.domain.run.outcome import Error, Failed, Succeeded, Token
from baton.domain.run.state import State as Run
from baton.domain.run.trigger import Branch, CopiedStep
from baton.domain.stream import stream_name
from baton.executor.executor import Limits
from tests.executor.world import World, compute, open_world
from tests.kit.actors import ANN
from tests.kit.definitions import request_run
from tests.kit.eventually import eventually


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world() as made:
        yield made


def boom(*, retryable: bool = True) -> Failed:
    return Failed(error=Error(code="Boom", message="no"), retryable=retryable, jitter=0.0)


async def test_a_step_gets_the_outputs_of_the_steps_before_it(
    world: World,
) -> None:
    await world.executor()
    await world.request(await world.define(compute("a", next="b"), compute("b")))

    run = await world.finished()

    assert run.status == "completed"
    assert [call.step_id for call in world.functions.calls] == ["a", "b"]
    assert world.functions.calls[1].payload["steps"] == {"a": {"output": "a"}}


async def test_the_next_step_gets_the_patched_context(world: World) -> None:
    world.functions.hold("a")
    world.functions.end("a", Succeeded(output=1, context={"seen": True}))
    await world.executor()
    await world.request(await world.define(compute("a", next="b"), compute("b")))

    await world.finished()

    assert world.functions.calls[1].payload["context"] == {"seen": True}


async def test_a_wide_fan_out_joins_once(world: World) -> None:
    wide = [compute(f"w{n}", needs=("root",)) for n in range(100)]
    join = compute("join", needs=tuple(step.id for step in wide))
    await world.executor()
    await world.request(await world.define(compute("root"), *wide, join, flow="needs"))

    run = await world.finished()

    assert run.status == "completed"
    assert len(world.functions.calls) == 102
    assert world.functions.calls[-1].step_id == "join"


async def test_a_failed_attempt_is_retried_with_the_same_idempotency_key(
    world: World,
) -> None:
    world.functions.hold("a")
    world.functions.end("a", boom())
    await world.executor()
    retry = Retry(max_attempts=3, backoff_ms=1)
    await world.request(await world.define(compute("a", retry=retry)))

    run = await world.finished()

    assert run.status == "failed"
    assert [call.attempt for call in world.functions.calls] == [1, 2, 3]
    assert len({call.idempotency_key for call in world.functions.calls}) == 1


async def test_an_attempt_is_performed_after_its_backoff(world: World) -> None:
    world.functions.hold("a")
    world.functions.end(
        "a", Failed(error=Error(code="Boom", message="no"), retryable=True, jitter=1.0)
    )
    definition = await world.define(compute("a", retry=Retry(max_attempts=2, backoff_ms=1_000)))
    await world.executor()
    await world.request(definition)
    waiting = await world.until(lambda run: bool(run.steps) and not _running(run))

    await world.clock.advance(1_000)
    due = FireTimer(
        token=Token("a", 1, 2), graph=definition.body.graph, at=waiting.steps["a"].due_at
    )
    await world.command(due)

    assert (await world.finished()).status == "failed"
    assert [call.attempt for call in world.functions.calls] == [1, 2]


async def test_an_attempt_is_cancelled_at_its_deadline(world: World) -> None:
    world.functions.hold("a")
    await world.executor()
    await world.request(await world.define(compute("a", timeout_ms=1)))

    run = await world.finished()

    assert run.errors["a"].code == "TIMEOUT"
    assert [call.step_id for call in world.functions.cancelled] == ["a"]


async def test_cancelling_a_run_cancels_its_attempts_in_flight(world: World) -> None:
    world.functions.hold("a")
    executor = await world.executor()
    await world.request(await world.define(compute("a", next="b"), compute("b")))
    await world.called(1)

    await world.command(CancelRun(actor=ANN, at=world.clock.now()))
    await world.finished()
    await executor.stop(grace_s=1)

    assert [call.step_id for call in world.functions.cancelled] == ["a"]
    assert [call.step_id for call in world.functions.calls] == ["a"]


async def test_an_evicted_run_in_a_delay_continues_when_its_timer_fires(world: World) -> None:
    definition = await world.define(Delay(id="wait", delay_ms=50, next="b"), compute("b"))
    await world.executor(limits=Limits(live_runs=1))
    await world.request(definition, "r")
    await world.request(definition, "s")
    await world.until(lambda run: "wait" in run.steps, "s")

    await world.clock.advance(50)
    for run_id in ("r", "s"):
        due = FireTimer(
            token=Token("wait", 1, 1), graph=definition.body.graph, at=world.clock.now()
        )
        await world.command(due, run_id)

    assert (await world.finished("r")).status == "completed"
    assert (await world.finished("s")).status == "completed"
    assert len(world.functions.calls) == 2


async def test_a_finished_run_that_is_reopened_is_performed(world: World) -> None:
    world.functions.hold("a")
    world.functions.end("a", boom(retryable=False))
    definition = await world.define(compute("a", next="b"), compute("b"))
    await world.executor()
    await world.request(definition)
    await world.finished()

    del world.functions.held["a"]
    await world.command(RetryRun(graph=definition.body.graph, actor=ANN, at=world.clock.now()))

    run = await world.until(lambda run: run.status == "completed")
    assert run.steps["a"].attempt == 2


def resume_of(definition: Definition, world: World) -> ResumeRun:
    return ResumeRun(graph=definition.body.graph, actor=ANN, at=world.clock.now())


async def test_a_paused_run_is_performed_after_it_is_resumed(world: World) -> None:
    world.functions.hold("a")
    await world.executor()
    definition = await world.define(compute("a", next="b"), compute("b"))
    await world.request(definition)
    await world.called(1)

    await world.command(PauseRun(actor=ANN, at=world.clock.now()))
    world.functions.end("a", Succeeded(output=1))
    await world.until(lambda run: run.steps["a"].done)
    assert len(world.functions.calls) == 1
    await world.command(resume_of(definition, world))

    assert (await world.finished()).status == "completed"
    assert [call.step_id for call in world.functions.calls] == ["a", "b"]


async def test_a_run_paused_before_its_executor_saw_it_is_performed_after_the_resume(
    world: World,
) -> None:
    definition = await world.define(compute("a"))
    await world.request(definition)
    await world.command(PauseRun(actor=ANN, at=world.clock.now()))
    first = await world.executor()
    await world.request(definition, "s")
    await world.finished("s")
    await eventually(lambda: first.live_runs == 1, every_s=0)
    assert len(world.functions.calls) == 1
    await world.command(resume_of(definition, world))

    assert (await world.finished()).status == "completed"
    assert len(world.functions.calls) == 2


async def test_attempts_that_a_pause_cancels_are_performed_again_by_the_next_executor(
    world: World,
) -> None:
    world.functions.hold("a")
    first = await world.executor()
    definition = await world.define(compute("a"))
    await world.request(definition)
    await world.called(1)

    await world.command(PauseRun(actor=ANN, at=world.clock.now(), inflight="cancel"))
    await eventually(lambda: len(world.functions.cancelled) == 1, every_s=0)
    await world.stop_following()
    await first.stop(grace_s=0)
    del world.functions.held["a"]
    second = await world.executor(after=await world.stores.events.head())
    await second.take_over_runs([stream_name("acme", "run", "r")])
    assert (await world.run()).steps["a"].status == "released"
    await world.command(resume_of(definition, world))

    run = await world.finished()
    assert (run.status, run.steps["a"].attempt, run.steps["a"].failures) == ("completed", 2, 0)


async def test_the_next_executor_takes_over_an_unfinished_run(world: World) -> None:
    world.functions.hold("a")
    first = await world.executor()
    await world.request(await world.define(compute("a", next="b"), compute("b")))
    await world.called(1)
    await world.stop_following()
    await first.stop(grace_s=0)
    del world.functions.held["a"]

    second = await world.executor(after=await world.stores.events.head())
    await second.take_over_runs([stream_name("acme", "run", "r")])

    run = await world.finished()
    assert run.status == "completed"
    assert (run.steps["a"].attempt, run.steps["a"].takeovers) == (2, 0)
    assert second.counts.runs_taken_over == 1


async def test_a_run_whose_executor_was_lost_continues_after_a_backoff_and_is_named_in_the_log(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.functions.hold("a")
    await world.executor()
    definition = await world.define(compute("a", next="b"), compute("b"))
    await world.request(definition)
    await world.called(1)
    await world.stop_following()
    del world.functions.held["a"]

    second = await world.executor(after=await world.stores.events.head())
    with caplog.at_level("WARNING", logger="baton.executor"):
        await second.take_over_runs([stream_name("acme", "run", "r")])
        run = await world.until(lambda run: run.steps["a"].status == "backing_off")
    assert run.steps["a"].due_at == world.clock.now() + 1_000
    assert "run r: its executor was lost during attempt 1 of step a" in caplog.text
    await world.backoff_over(definition)

    run = await world.finished()
    assert run.status == "completed"
    assert run.steps["a"].takeovers == 1
    assert second.counts.runs_taken_over == 1


async def test_the_next_executor_starts_a_run_that_was_only_requested(world: World) -> None:
    await world.request(await world.define(compute("a")))

    executor = await world.executor(after=await world.stores.events.head())
    await executor.take_over_runs([stream_name("acme", "run", "r")])

    assert (await world.finished()).status == "completed"


async def test_the_outcome_of_a_zombie_is_refused_and_it_abandons_the_run(world: World) -> None:
    world.functions.hold("a")
    zombie = await world.executor()
    definition = await world.define(compute("a", next="b"), compute("b"))
    await world.request(definition)
    await world.called(1)
    await world.stop_following()

    await world.command(TakeOver(graph=definition.body.graph, at=world.clock.now()))
    world.functions.end("a", Succeeded(output="late"))
    await zombie.stop(grace_s=5)

    run = await world.run()
    assert run.steps["a"].status == "backing_off"
    assert "a" not in run.outputs
    assert zombie.counts.late_outcomes_refused == 1
    assert zombie.counts.runs_lost_to_another == 1


async def test_repeated_events_start_nothing(world: World) -> None:
    executor = await world.executor()
    await world.request(await world.define(compute("a")))
    await world.finished()

    everything = await world.stores.events.read_all(after=0, limit=100)
    await executor.handle(everything)
    await executor.stop(grace_s=5)

    assert len(world.functions.calls) == 1


async def test_runs_beyond_the_limit_wait_in_the_backlog(world: World) -> None:
    world.functions.hold("a")
    executor = await world.executor(limits=Limits(tasks=2))
    definition = await world.define(compute("a"))
    for number in range(5):
        await world.request(definition, f"r{number}")
    await world.called(2)

    await world.backlog_of(executor, 3)
    world.functions.end("a", Succeeded())
    for number in range(5):
        assert (await world.finished(f"r{number}")).status == "completed"


def _running(run: Run) -> bool:
    return any(step.status == "running" for step in run.steps.values())


async def test_a_finished_run_that_is_published_again_is_not_started(
    world: World,
) -> None:
    await world.request(await world.define(compute("a", next="b"), compute("b")))
    await world.executor()
    await world.finished()
    everything = await world.stores.events.read_all(after=0, limit=100)
    head = await world.stores.events.head()

    late = world.new_executor()
    await late.handle(everything)
    await late.stop(grace_s=5)

    assert late.counts.runs_started == 0
    assert late.live_runs == 0
    assert await world.stores.events.head() == head
    assert all(
        late.already_seen(one.stream, one.version) for one in everything if "/run/" in one.stream
    )


async def test_a_rerun_is_performed_from_its_entry(world: World) -> None:
    definition = await world.define(compute("a", next="b"), compute("b"))
    copied = CopiedStep(step_id="a", visit=1, kind="compute", output="copied", size=8)
    branch = Branch(source="q", source_version=4, position=9, copied=(copied,), entry="b")
    request = replace(request_run(definition, "r", at=world.clock.now()), branch=branch)
    await world.command(request)
    await world.executor()

    assert (await world.finished()).status == "completed"
    assert [call.step_id for call in world.functions.calls] == ["b"]
    assert world.functions.calls[0].payload["steps"] == {"a": {"output": "copied"}}


async def test_a_rerun_waits_in_the_backlog_like_any_run(world: World) -> None:
    world.functions.hold("a")
    executor = await world.executor(limits=Limits(tasks=1))
    definition = await world.define(compute("a", next="b"), compute("b"))
    await world.request(definition, "q")
    await world.called(1)
    branch = Branch(source="q", source_version=4, position=9, entry="b")
    await world.command(replace(request_run(definition, "r", at=world.clock.now()), branch=branch))
    await world.backlog_of(executor, 1)
    world.functions.end("a", Succeeded())

    assert (await world.finished()).status == "completed"
    assert [call.step_id for call in world.functions.calls if call.run_id == "r"] == ["b"]
