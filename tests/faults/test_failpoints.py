"""The process ends at each named place of the two loops, one after the other on the same data."""

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
from tests.faults.quiescence import quiesced
from tests.faults.replaying import views_equal_a_rebuild
from tests.faults.server import DiedAtStart, Installation
from tests.faults.side_effect_log import read_side_effects
from tests.faults.workloads import OF_EVERY_KIND, OF_EVERY_KIND_NEEDS

RUNS = 40
LATEST = 25
"""The workload passes every place at least so often."""
ENDS_S = 60

_log = logging.getLogger(__name__)


@pytest.mark.timeout(300)
async def test_a_crash_at_any_named_place_loses_and_doubles_nothing(tmp_path: Path) -> None:
    rng = Random(random.getrandbits(32))
    places = [
        place for place in get_args(Failpoint) if place != "after-publish"
    ]  # there's no relay
    rng.shuffle(places)
    operations: list[Operation] = []
    inputs: dict[str, object] = {}
    async with Installation(tmp_path) as installation, driving(installation) as driver:
        await installation.start()
        definition = await driver.create(OF_EVERY_KIND)
        assert await installation.stop() == 0
        for place in places:
            failpoint = f"{place}:{rng.randint(1, LATEST)}"
            _log.warning("crashing at %s", failpoint)
            fresh = {f"{place}-{index}": _input(rng) for index in range(RUNS)}
            inputs.update(fresh)
            assert await _crashed(driver, failpoint, definition, fresh, operations) == CRASHED
            driver.history.fault("failpoint", place=failpoint)
        await installation.start()
        operations = await _settled(driver, definition, inputs, operations)
        await quiesced(driver)
        assert await installation.stop() == 0
    _check(installation, definition, operations)
    await views_equal_a_rebuild(installation)


def _input(rng: Random) -> object:
    return {"seconds": rng.uniform(0.0, 0.3)}


async def _crashed(
    driver: Driver[Installation],
    failpoint: str,
    definition: str,
    inputs: Mapping[str, object],
    operations: list[Operation],
) -> int:
    """Return what the process exits with, at its start or under new work."""
    try:
        await driver.installation.start(BATON_FAILPOINT=failpoint)
    except DiedAtStart as died:
        return int(died.args[0])
    starting = asyncio.create_task(driver.start(definition, inputs))
    async with asyncio.timeout(ENDS_S):
        exited = await driver.installation.ended()
    operations += await starting
    return exited


async def _settled(
    driver: Driver[Installation],
    definition: str,
    inputs: Mapping[str, object],
    operations: list[Operation],
) -> list[Operation]:
    """Send what was not answered until it is; return the answer that each key got."""
    answered = {one.key: one for one in operations if one.outcome == "ok"}
    rest = {key: given for key, given in inputs.items() if key not in answered}
    again = await driver.start(definition, rest)
    assert {one.outcome for one in again} == {"ok"}
    return [*answered.values(), *again]


def _check(installation: Installation, definition: str, operations: list[Operation]) -> None:
    log = read_log(installation.data)
    needs = {definition: OF_EVERY_KIND_NEEDS}
    violations = [
        *checkers.broken_laws(log),
        *checkers.acknowledged_is_logged(log, operations),
        *checkers.refused_left_nothing(log, operations),
        *checkers.runs_end(log, "completed"),
        *checkers.needs_come_first(log, needs),
        *checkers.every_step_succeeded(log, needs),
        *checkers.side_effects_agree(log, read_side_effects(installation.side_effect_log)),
        *checkers.outputs_are_of_their_attempt(log),
    ]
    assert violations == []
