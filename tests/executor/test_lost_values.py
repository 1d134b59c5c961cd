"""Runs whose large values are lost, or whose store of them is down for a while."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import cast

import pytest

from baton.domain.artifact import ARTIFACT_UNREADABLE, Artifact
from baton.domain.definition.graph import Case, Condition, Decision, Step
from baton.domain.run.messages.commands import RequestRun
from baton.domain.run.outcome import Succeeded, Token
from baton.domain.run.state import State as Run
from baton.eventlog.errors import Unavailable, Unreadable
from baton.eventlog.run_values import RunValues
from baton.executor.functions.call import Call
from baton.executor.functions.large_values import LargeValues
from baton.executor.runs.deadlines import Attempt, Deadlines
from baton.protocols.canonical_json import canonical, digest
from tests.executor.world import World, compute, open_world
from tests.kit.definitions import request_run
from tests.kit.faulty_artifacts import FaultyArtifacts

RAW = b'{"paid":true}'
INPUT = Artifact(digest(RAW), 70_000)
PAID = Condition(path="input.paid", op="eq", value=True)
CHOICE: tuple[Step, ...] = (
    Decision(id="choose", cases=(Case(conditions=(PAID,), next="ship"),), default_next="reject"),
    compute("ship"),
    compute("reject"),
)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world() as made:
        yield made


async def run_of(world: World, *steps: Step) -> Run:
    """Run `steps` with the large input `INPUT` to the end."""
    await start(world, *steps)
    return await world.finished()


async def start(world: World, *steps: Step) -> None:
    await world.executor(after=await world.stores.events.head())
    definition = await world.define(*steps)
    request: RequestRun = replace(request_run(definition, "r", data=INPUT), size=INPUT.bytes)
    await world.command(request)


async def test_a_decision_on_a_missing_value_fails_the_run_and_names_it(world: World) -> None:
    run = await run_of(world, *CHOICE)

    assert run.status == "failed"
    error = run.errors["choose"]
    assert error.code == ARTIFACT_UNREADABLE
    assert (
        error.message
        == f"input.paid can't be read: artifact {INPUT.sha256} of tenant acme is missing"
    )
    assert world.functions.calls == []


async def test_a_decision_on_a_damaged_value_fails_the_run(world: World) -> None:
    damaged = Unreadable(f"artifact {INPUT.sha256} is damaged: its bytes have another hash")
    world.stores = replace(world.stores, artifacts=FaultyArtifacts(world.stores.artifacts, damaged))
    run = await run_of(world, *CHOICE)

    assert "input.paid can't be read" in run.errors["choose"].message
    assert "is damaged" in run.errors["choose"].message


async def test_a_step_that_is_given_a_missing_value_fails_and_names_it(world: World) -> None:
    run = await run_of(world, compute("a"))

    assert run.errors["a"].code == ARTIFACT_UNREADABLE
    assert run.errors["a"].message.startswith(f"input can't be read: artifact {INPUT.sha256}")
    assert world.functions.calls == []


@pytest.mark.parametrize("steps", [CHOICE, (compute("ship"),)], ids=["decision", "step"])
async def test_a_run_waits_for_a_store_of_values_that_is_down(
    world: World, steps: tuple[Step, ...]
) -> None:
    await world.stores.artifacts.put("acme", INPUT.sha256, RAW)
    down = [Unavailable("no connection")] * 3
    world.stores = replace(world.stores, artifacts=FaultyArtifacts(world.stores.artifacts, *down))
    await start(world, *steps)
    await world.clock.advance_until(lambda: world.functions.calls, step_ms=1_000)

    assert (await world.finished()).status == "completed"
    assert [call.step_id for call in world.functions.calls] == ["ship"]


async def test_the_outcome_of_a_call_that_was_cut_off_stores_no_value(world: World) -> None:
    output = "x" * 100_000
    world.functions.hold("late")
    world.functions.end("late", Succeeded(output=output))
    artifacts = world.stores.artifacts
    functions = LargeValues(world.functions, RunValues(artifacts), clock=world.clock)
    call = Call(
        function="late",
        payload={"input": None, "context": {}, "steps": {}, "config": None},
        run_id="r",
        step_id="late",
        visit=1,
        attempt=1,
        tenant="acme",
        deadline_at=0,
    )

    task = cast("asyncio.Task[None]", asyncio.current_task())
    deadlines = Deadlines[str](lambda _: None)
    late = Attempt(deadlines, "r", task, Token("late", 1, 1), 60_000)
    late.expired = True
    await functions.call(replace(call, timer=late))
    assert await artifacts.get("acme", digest(canonical(output))) is None
    await functions.call(call)
    assert await artifacts.get("acme", digest(canonical(output))) is not None
