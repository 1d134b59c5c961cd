"""`kill -9` in the middle of the work, again and again on the same data: nothing is lost."""

import asyncio
import logging
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from tests.faults import checkers
from tests.faults.driver import Driver, driving
from tests.faults.event_log import read_log
from tests.faults.history import Operation
from tests.faults.nemesis import UnfinishedWork, kill_at, unfinished_work
from tests.faults.quiescence import quiesced
from tests.faults.replaying import views_equal_a_rebuild
from tests.faults.server import Installation
from tests.faults.side_effect_log import read_side_effects
from tests.faults.workloads import THREE_STEPS, THREE_STEPS_NEEDS

REPETITIONS = 20
DRAWN_AGAIN = 10
"""Repetitions whose kill hit nothing are drawn again, so many in all."""
RUNS = 200
ATTEMPTS = 3 * RUNS

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Siege:
    """Repetitions on one installation; `position` is where the log stood before the next one."""

    driver: Driver[Installation]
    rng: Random
    definition: str
    position: int = 0
    noted: int = 0
    blows: list[UnfinishedWork] = field(default_factory=list)
    resent: int = 0

    @property
    def installation(self) -> Installation:
        return self.driver.installation

    async def repetition(self, number: int) -> None:
        """Start runs, kill, start again, and hold everything that is there against the promises."""
        inputs = {
            f"{number}-{index}": {"seconds": self.rng.uniform(0.1, 0.4)} for index in range(RUNS)
        }
        starting = asyncio.create_task(self.driver.start(self.definition, inputs))
        point = self._point(number)
        exited = await kill_at(self.installation, self.noted + point)
        operations = await starting
        blow = unfinished_work(read_log(self.installation.data, after=self.position))
        self.driver.history.fault("kill -9", point=point, runs=blow.runs, steps=blow.steps)
        await self.installation.start()
        operations = await self._ask_again(operations, inputs)
        recovered = await quiesced(self.driver)
        _log.warning(
            "repetition %d: killed at %d, %s, over in %.2f s", number, point, blow, recovered
        )
        assert exited == -9
        self._check(operations)
        self.blows.append(blow)

    def _point(self, number: int) -> int:
        """Draw from one twentieth of the work after the other, so that all of it is hit."""
        part = ATTEMPTS / REPETITIONS
        return 1 + int((number % REPETITIONS + self.rng.random()) * part * 0.99)

    async def _ask_again(
        self, operations: list[Operation], inputs: Mapping[str, object]
    ) -> list[Operation]:
        """Send again what had no answer, and some that had one: a key has one effect."""
        answered = [one for one in operations if one.outcome == "ok"]
        unanswered = [one.key for one in operations if one.outcome == "info"]
        assert len(answered) + len(unanswered) == RUNS, operations
        repeated = {one.key: one for one in answered[:5]}
        keys = [*unanswered, *repeated]
        again = await self.driver.start(self.definition, {key: inputs[key] for key in keys})
        assert {one.outcome for one in again} <= {"ok"}, again
        for one in again:
            first = repeated.get(one.key)
            assert first is None or one.answer == first.answer
        self.resent += len(unanswered)
        return [*answered, *(one for one in again if one.key not in repeated)]

    def _check(self, operations: list[Operation]) -> None:
        log = read_log(self.installation.data, after=self.position)
        side_effects = read_side_effects(self.installation.side_effect_log)
        needs = {self.definition: THREE_STEPS_NEEDS}
        violations = [
            *checkers.broken_laws(log),
            *checkers.acknowledged_is_logged(log, operations),
            *checkers.refused_left_nothing(log, operations),
            *checkers.runs_end(log, "completed"),
            *checkers.needs_come_first(log, needs),
            *checkers.every_step_succeeded(log, needs),
            *checkers.side_effects_agree(log, side_effects[self.noted :]),
            *checkers.outputs_are_of_their_attempt(log),
        ]
        assert violations == []
        assert len({one.ident for one in operations}) == RUNS
        self.position, self.noted = log[-1].position, len(side_effects)


@pytest.mark.timeout(900)
async def test_runs_under_way_survive_kill_9_wherever_it_hits(tmp_path: Path) -> None:
    seed = random.getrandbits(32)
    _log.warning("seed %d", seed)
    async with Installation(tmp_path) as installation, driving(installation) as driver:
        await installation.start()
        siege = Siege(driver, Random(seed), await driver.create(THREE_STEPS))
        siege.position = read_log(installation.data)[-1].position
        for number in range(REPETITIONS + DRAWN_AGAIN):
            await siege.repetition(number)
            if sum(blow.hit for blow in siege.blows) == REPETITIONS:
                break
        assert sum(blow.hit for blow in siege.blows) == REPETITIONS
        assert siege.resent > 0, "no kill ever came between a command and its answer"
        assert max(blow.runs for blow in siege.blows) > RUNS / 2
        assert await driver.count("completed") == RUNS * len(siege.blows)
        assert await installation.stop() == 0
    assert checkers.broken_laws(read_log(installation.data)) == []
    await views_equal_a_rebuild(installation)
