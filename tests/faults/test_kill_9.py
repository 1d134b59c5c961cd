"""Repeated `kill -9` under load, on the same data, loses and repeats nothing."""

import asyncio
import logging
import os
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
from tests.faults.quiescence import wait_until_all_ended
from tests.faults.replaying import views_equal_a_rebuild
from tests.faults.server import Installation
from tests.faults.side_effect_log import read_side_effects
from tests.faults.workloads import THREE_STEPS, THREE_STEPS_NEEDS

REPETITIONS = int(os.environ.get("BATON_TEST_KILL_9_REPETITIONS", "7"))
"""The kills that must interrupt work, each within its own share of all attempts; 20 take 150 s."""
EXTRA = 1 + REPETITIONS // 2
"""The most repetitions whose kill interrupted no work; they don't count."""
RUNS = 200
ATTEMPTS = 3 * RUNS

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class RepeatedKills:
    """Repetitions on one installation, each checked by itself.

    `position` and `entries` are the ends of the log and of the side-effect log before the next one.
    """

    driver: Driver[Installation]
    rng: Random
    definition: str
    position: int = 0
    entries: int = 0
    kills: list[UnfinishedWork] = field(default_factory=list)
    repeated_requests: int = 0

    @property
    def installation(self) -> Installation:
        return self.driver.installation

    async def repetition(self, number: int) -> None:
        """Start runs, kill and restart the process, wait for all runs and run the checkers."""
        inputs = {
            f"{number}-{index}": {"seconds": self.rng.uniform(0.1, 0.4)} for index in range(RUNS)
        }
        starting = asyncio.create_task(self.driver.start(self.definition, inputs))
        point = self._point()
        exit_code = await kill_at(self.installation, self.entries + point)
        operations = await starting
        unfinished = unfinished_work(read_log(self.installation.data, after=self.position))
        self.driver.history.record_fault(
            "kill -9", point=point, runs=unfinished.runs, steps=unfinished.steps
        )
        await self.installation.start()
        operations = await self._repeat_requests(operations, inputs)
        recovered = await wait_until_all_ended(self.driver)
        _log.warning(
            "repetition %d: killed at %d, %s, all runs ended after %.2f s",
            number,
            point,
            unfinished,
            recovered,
        )
        assert exit_code == -9
        self._check(operations)
        self.kills.append(unfinished)

    @property
    def hits(self) -> int:
        """The number of kills that interrupted work."""
        return sum(unfinished.hit for unfinished in self.kills)

    def _point(self) -> int:
        """Return a random attempt to kill at, within the first share of attempts not hit yet."""
        part = ATTEMPTS / REPETITIONS
        return 1 + int((self.hits + self.rng.random()) * part * 0.99)

    async def _repeat_requests(
        self, operations: list[Operation], inputs: Mapping[str, object]
    ) -> list[Operation]:
        """Repeat the requests without an answer and some with one: a key has one effect."""
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
        self.repeated_requests += len(unanswered)
        return [*answered, *(one for one in again if one.key not in repeated)]

    def _check(self, operations: list[Operation]) -> None:
        log = read_log(self.installation.data, after=self.position)
        side_effects = read_side_effects(self.installation.side_effect_log)
        needs = {self.definition: THREE_STEPS_NEEDS}
        violations = [
            *checkers.broken_invariants(log),
            *checkers.acknowledged_runs_are_logged(log, operations),
            *checkers.no_unknown_runs(log, operations),
            *checkers.runs_ended(log, "completed"),
            *checkers.needs_are_done_first(log, needs),
            *checkers.every_step_succeeded(log, needs),
            *checkers.side_effects_match(log, side_effects[self.entries :]),
            *checkers.outputs_match_their_attempt(log),
        ]
        assert violations == []
        assert len({one.run_id for one in operations}) == RUNS
        self.position, self.entries = log[-1].position, len(side_effects)


@pytest.mark.timeout(900)
async def test_unfinished_runs_survive_kill_9_at_any_point(tmp_path: Path) -> None:
    seed = random.getrandbits(32)
    _log.warning("seed %d", seed)
    async with Installation(tmp_path) as installation, driving(installation) as driver:
        await installation.start()
        repeated = RepeatedKills(driver, Random(seed), await driver.create(THREE_STEPS))
        repeated.position = read_log(installation.data)[-1].position
        for number in range(REPETITIONS + EXTRA):
            await repeated.repetition(number)
            if repeated.hits == REPETITIONS:
                break
        assert repeated.hits == REPETITIONS
        assert repeated.repeated_requests > 0, "no kill hit a command before its answer"
        assert max(unfinished.runs for unfinished in repeated.kills) > RUNS / 2
        assert await driver.count("completed") == RUNS * len(repeated.kills)
        assert await installation.stop() == 0
    assert checkers.broken_invariants(read_log(installation.data)) == []
    await views_equal_a_rebuild(installation)
