"""`kill -9` while runs are paused, resumed or run again loses and repeats nothing."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import aiohttp

from tests.faults import checkers
from tests.faults.driver import Driver, driving
from tests.faults.event_log import read_log
from tests.faults.quiescence import wait_until_all_ended
from tests.faults.replaying import views_equal_a_rebuild
from tests.faults.server import Installation
from tests.faults.side_effect_log import read_side_effects
from tests.faults.workloads import OF_EVERY_KIND, OF_EVERY_KIND_NEEDS, THREE_STEPS
from tests.kit.eventually import eventually

RUNS = 60
SIDE_BY_SIDE = 4
"""Requests in flight, few enough for a kill to leave some without an answer."""
IN_FLIGHT = ("RunStarted", "StepStarted", "DelayElapsed", "DecisionTaken", "RunCompleted")
"""Events that a paused run doesn't have."""


async def change(driver: Driver[Installation], verb: str, runs: Sequence[str]) -> list[int]:
    """Send one request for each run; return the statuses, 0 for no answer."""
    slots = asyncio.Semaphore(SIDE_BY_SIDE)

    async def one(run_id: str) -> int:
        try:
            async with slots:
                return (await driver.call("POST", f"/runs/{run_id}/{verb}"))[0]
        except (aiohttp.ClientError, ConnectionError, TimeoutError):
            return 0

    return list(await asyncio.gather(*map(one, runs)))


async def killed_during(driver: Driver[Installation], verb: str, runs: Sequence[str]) -> list[int]:
    """Kill the process while it changes runs, restart it and return the statuses before."""
    changing = asyncio.create_task(change(driver, verb, runs))
    topic = {"pause": "RunPaused", "resume": "RunResumed"}[verb]

    async def under_way() -> bool:
        log = await driver.installation.events()
        return any(one.name == topic for one in log)

    await eventually(under_way, within_s=30)
    assert await driver.installation.kill() == -9
    await driver.installation.start()
    return await changing


def count(installation: Installation, *names: str) -> int:
    return sum(one.name in names for one in read_log(installation.data))


async def test_paused_runs_survive_kill_9_and_end_after_the_resume(tmp_path: Path) -> None:
    async with Installation(tmp_path) as installation, driving(installation) as driver:
        await installation.start()
        definition = await driver.create(OF_EVERY_KIND)
        inputs = {str(number): {"seconds": 1.0} for number in range(RUNS)}
        operations = await driver.start(definition, inputs)
        runs = [str(one.run_id) for one in operations]

        await killed_during(driver, "pause", runs)
        assert set(await change(driver, "pause", runs)) <= {200, 409}
        paused = await driver.count("paused")
        before = count(installation, *IN_FLIGHT)
        await installation.kill()
        await installation.start()
        assert await driver.count("paused") == paused
        resumed = await killed_during(driver, "resume", runs)
        while_paused = count(installation, *IN_FLIGHT)
        await change(driver, "resume", runs)
        await wait_until_all_ended(driver)

        log = read_log(installation.data)
        assert paused > RUNS / 2
        assert while_paused >= before
        assert resumed.count(0) > 0
        assert count(installation, "RunResumed") == paused
        assert [
            *checkers.broken_invariants(log),
            *checkers.runs_ended(log, "completed"),
            *checkers.needs_are_done_first(log, {definition: OF_EVERY_KIND_NEEDS}),
            *checkers.every_step_succeeded(log, {definition: OF_EVERY_KIND_NEEDS}),
            *checkers.side_effects_match(log, read_side_effects(installation.side_effect_log)),
        ] == []
        assert await installation.stop() == 0
    await views_equal_a_rebuild(installation)


async def rerun(driver: Driver[Installation], runs: Sequence[str]) -> list[str | None]:
    """Run each run again from its second step; return the new ids, None for no answer."""
    slots = asyncio.Semaphore(SIDE_BY_SIDE)

    async def one(run_id: str) -> str | None:
        path, key = f"/runs/{run_id}/rerun", {"Idempotency-Key": run_id}
        try:
            async with slots:
                status, answer = await driver.call("POST", path, json={"from": "b"}, headers=key)
        except (aiohttp.ClientError, ConnectionError, TimeoutError):
            return None
        assert status == 201, answer
        return str(answer["id"])

    return list(await asyncio.gather(*map(one, runs)))


async def test_a_rerun_that_kill_9_interrupts_is_started_once(tmp_path: Path) -> None:
    async with Installation(tmp_path) as installation, driving(installation) as driver:
        await installation.start()
        definition = await driver.create(THREE_STEPS)
        inputs = {str(number): {"seconds": 0.01} for number in range(RUNS)}
        runs = [str(one.run_id) for one in await driver.start(definition, inputs)]
        await wait_until_all_ended(driver)
        before = read_log(installation.data)

        rerunning = asyncio.create_task(rerun(driver, runs))
        await eventually(lambda: count(installation, "RunBranched") > 0, within_s=30)
        await installation.kill()
        await installation.start()
        first = await rerunning
        again = await rerun(driver, runs)
        await wait_until_all_ended(driver)

        log = read_log(installation.data)
        side_effects = read_side_effects(installation.side_effect_log)
        needs = {definition: {"b": (), "c": ("b",)}}
        reruns = [one for one in log[len(before) :] if one.kind == "run"]
        assert first.count(None) > 0
        assert len(set(again)) == RUNS
        assert all(one in (None, other) for one, other in zip(first, again, strict=True))
        assert {one.entity_id for one in reruns} == set(again)
        assert "a" not in {one.data["step_id"] for one in reruns if one.name == "StepStarted"}
        assert [
            *checkers.broken_invariants(log),
            *checkers.runs_ended(log, "completed"),
            *checkers.needs_are_done_first(reruns, needs),
            *checkers.side_effects_match(log, side_effects),
        ] == []
        assert await installation.stop() == 0


async def test_a_held_server_stays_held_through_kill_9_and_loses_no_run(tmp_path: Path) -> None:
    async with Installation(tmp_path) as installation, driving(installation) as driver:
        await installation.start()
        definition = await driver.create(OF_EVERY_KIND)
        inputs = {str(number): {"seconds": 0.3} for number in range(RUNS)}
        await driver.start(definition, inputs)
        assert (await driver.call("POST", "/system/hold"))[0] == 200
        requested = await driver.start(definition, {"during": {"seconds": 0.0}})
        assert await installation.kill() == -9
        await installation.start()
        status, system = await driver.call("GET", "/system")
        before = count(installation, *IN_FLIGHT)
        more = await driver.start(definition, {"after": {"seconds": 0.0}})
        while_held = count(installation, *IN_FLIGHT)
        assert (status, system["hold"]["held"]) == (200, True)
        assert {one.status for one in (*requested, *more)} == {201}
        assert while_held == before
        assert (await driver.call("POST", "/system/release"))[0] == 200
        await wait_until_all_ended(driver)

        log = read_log(installation.data)
        assert [
            *checkers.broken_invariants(log),
            *checkers.runs_ended(log, "completed"),
            *checkers.needs_are_done_first(log, {definition: OF_EVERY_KIND_NEEDS}),
            *checkers.side_effects_match(log, read_side_effects(installation.side_effect_log)),
        ] == []
        assert await installation.stop() == 0
    await views_equal_a_rebuild(installation)
