"""`kill -9` of the writer processes while the main process runs on."""

import asyncio
import logging
import random
from pathlib import Path
from random import Random

import pytest

from tests.faults import checkers
from tests.faults.driver import Driver, driving
from tests.faults.event_log import read_log
from tests.faults.history import Operation, acknowledged
from tests.faults.nemesis import kill_writers_at
from tests.faults.quiescence import wait_until_all_ended
from tests.faults.replaying import views_equal_a_rebuild
from tests.faults.server import Installation
from tests.faults.side_effect_log import read_side_effects
from tests.faults.workloads import THREE_STEPS, THREE_STEPS_NEEDS

RUNS = 200
KILLS_WHILE_STARTING = 2
KILLS = 10

_log = logging.getLogger(__name__)


@pytest.mark.timeout(180)
async def test_runs_continue_when_the_writer_processes_are_killed(tmp_path: Path) -> None:
    seed = random.getrandbits(32)
    _log.warning("seed %d", seed)
    rng = Random(seed)
    async with Installation(tmp_path) as installation, driving(installation) as driver:
        await installation.start()
        definition = await driver.create(THREE_STEPS)
        starting = asyncio.create_task(driver.start(definition, _inputs(rng)))
        await _kill(driver, sorted(rng.sample(range(1, 40), KILLS_WHILE_STARTING)))
        operations = await starting
        attempts = 3 * len(acknowledged(operations))
        started = len(read_side_effects(installation.side_effect_log))
        await _kill(driver, sorted(rng.sample(range(started, attempts - 10), KILLS)))
        await wait_until_all_ended(driver)
        assert await installation.stop() == 0
    _check(installation, definition, operations)
    await views_equal_a_rebuild(installation)


def _inputs(rng: Random) -> dict[str, object]:
    return {str(number): {"seconds": rng.uniform(0.1, 0.5)} for number in range(RUNS)}


async def _kill(driver: Driver[Installation], points: list[int]) -> None:
    """Kill the writer processes each time that so many attempts have started."""
    for point in points:
        unfinished = await kill_writers_at(driver.installation, point)
        driver.history.record_fault(
            "kill -9 of writers", point=point, runs=unfinished.runs, steps=unfinished.steps
        )
        assert unfinished.hit


def _check(installation: Installation, definition: str, operations: list[Operation]) -> None:
    log = read_log(installation.data)
    needs = {definition: THREE_STEPS_NEEDS}
    violations = [
        *checkers.broken_invariants(log),
        *checkers.acknowledged_runs_are_logged(log, operations),
        *checkers.no_unknown_runs(log, operations),
        *checkers.runs_ended(log, "completed"),
        *checkers.every_step_succeeded(log, needs),
        *checkers.side_effects_match(log, read_side_effects(installation.side_effect_log)),
        *checkers.outputs_match_their_attempt(log),
    ]
    assert violations == []
