"""The process crashes at each failpoint of the two loops, one after the other on the same data."""

import asyncio
import logging
import random
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import get_args

import pytest

from baton.eventlog.failpoints import CRASHED, Failpoint
from tests.faults import checkers
from tests.faults.driver import Driver, driving
from tests.faults.event_log import read_log
from tests.faults.history import Operation
from tests.faults.quiescence import wait_until_all_ended
from tests.faults.replaying import views_equal_a_rebuild
from tests.faults.server import DiedAtStart, Installation
from tests.faults.side_effect_log import read_side_effects
from tests.faults.workloads import OF_EVERY_KIND, OF_EVERY_KIND_NEEDS

RUNS = 40
MAX_PASSES = 25
"""The workload passes every failpoint at least this often."""
ENDS_S = 60
OF_SETS = ("set-begun", "set-compared", "before-promotion", "after-promotion")
ELSEWHERE = (
    *("after-publish", "before-seal", "after-seal", "before-switch", "after-switch", "in-drop"),
    *OF_SETS,
)
"""The failpoints of the relay, of the notary and of view sets have tests of their own."""

_log = logging.getLogger(__name__)


@pytest.mark.timeout(300)
async def test_a_crash_at_any_failpoint_loses_and_doubles_nothing(tmp_path: Path) -> None:
    rng = Random(random.getrandbits(32))
    names = [name for name in get_args(Failpoint) if name not in ELSEWHERE]
    rng.shuffle(names)
    operations: list[Operation] = []
    inputs: dict[str, object] = {}
    async with Installation(tmp_path) as installation, driving(installation) as driver:
        await installation.start()
        definition = await driver.create(OF_EVERY_KIND)
        assert await installation.stop() == 0
        for name in names:
            failpoint = f"{name}:{rng.randint(1, MAX_PASSES)}"
            _log.warning("crashing at %s", failpoint)
            fresh = {f"{name}-{index}": _input(rng) for index in range(RUNS)}
            inputs.update(fresh)
            assert await _crash(driver, failpoint, definition, fresh, operations) == CRASHED
            driver.history.record_fault("failpoint", failpoint=failpoint)
        await installation.start()
        operations = await _repeat_unanswered(driver, definition, inputs, operations)
        await wait_until_all_ended(driver)
        assert await installation.stop() == 0
    _check(installation, definition, operations)
    await views_equal_a_rebuild(installation)


def _input(rng: Random) -> object:
    return {"seconds": rng.uniform(0.0, 0.3)}


async def _crash(
    driver: Driver[Installation],
    failpoint: str,
    definition: str,
    inputs: Mapping[str, object],
    operations: list[Operation],
) -> int:
    """Return the exit code of a process that crashes at its start or under new work."""
    try:
        await driver.installation.start(BATON_FAILPOINT=failpoint)
    except DiedAtStart as died:
        return int(died.args[0])
    starting = asyncio.create_task(driver.start(definition, inputs))
    async with asyncio.timeout(ENDS_S):
        exit_code = await driver.installation.ended()
    operations += await starting
    return exit_code


async def _repeat_unanswered(
    driver: Driver[Installation],
    definition: str,
    inputs: Mapping[str, object],
    operations: list[Operation],
) -> list[Operation]:
    """Repeat the requests without an answer; return one answered operation for each key."""
    answered = {one.key: one for one in operations if one.outcome == "ok"}
    rest = {key: run_input for key, run_input in inputs.items() if key not in answered}
    again = await driver.start(definition, rest)
    assert {one.outcome for one in again} == {"ok"}
    return [*answered.values(), *again]


def _check(installation: Installation, definition: str, operations: list[Operation]) -> None:
    log = read_log(installation.data)
    needs = {definition: OF_EVERY_KIND_NEEDS}
    violations = [
        *checkers.broken_invariants(log),
        *checkers.acknowledged_runs_are_logged(log, operations),
        *checkers.no_unknown_runs(log, operations),
        *checkers.runs_ended(log, "completed"),
        *checkers.needs_are_done_first(log, needs),
        *checkers.every_step_succeeded(log, needs),
        *checkers.side_effects_match(log, read_side_effects(installation.side_effect_log)),
        *checkers.outputs_match_their_attempt(log),
    ]
    assert violations == []
