"""Many worlds, each of them a seed: whatever befalls the roles, every run ends as the model says.

`--seeds N` plays N of them; `python -m tests.simulation.play SEED` shows what becomes of one.
"""

import logging
import random
from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest

from baton.domain.definition.validation import faults_of
from tests.domain.examples import body
from tests.simulation.plans import draw
from tests.simulation.play import play

PARTS = 4
"""So that several processes can share the work."""
EVERYBODYS = 1_000
"""Seeds that every test run plays; with more of them, half are drawn anew."""
FAULTS = (
    "process killed",
    "projector killed",
    "executor killed",
    "scheduler killed",
    "executor suspended",
    "scheduler suspended",
    "went on",
    "repeated",
    "unavailable before",
    "unavailable after",
    "conflict",
    "takeover",
    "performed again",
    "timed out",
    "CancelRun",
)
ENOUGH = 200
"""Seeds among which every fault strikes."""


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    """Roles tell of every fault that is made here."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("part", range(PARTS))
def test_every_run_ends_as_the_model_says_under_any_faults(
    part: int, request: pytest.FixtureRequest
) -> None:
    count = int(request.config.getoption("seeds") or 0) // PARTS
    # What everybody runs is the same for everybody; a longer search looks where nobody did.
    searching = count * PARTS > EVERYBODYS
    known = range(part * count, part * count + (count // 2 if searching else count))
    fresh = [random.getrandbits(32) for _ in range(count - len(known))]
    wrong: dict[int, list[str]] = {}
    seen: Counter[str] = Counter()
    for seed in (*known, *fresh):
        played = play(seed)
        seen += played.seen
        if played.complaints:
            wrong[seed] = played.complaints
    assert wrong == {}
    assert [fault for fault in FAULTS if not seen[fault]] == [] or count < ENOUGH, seen


def test_a_seed_leads_to_the_same_log_again() -> None:
    seed = random.getrandbits(32)

    assert play(seed).log == play(seed).log


def test_the_drawn_graphs_are_such_as_may_be_published() -> None:
    for seed in range(500):
        plan = draw(Random(seed))

        assert faults_of(body(plan.graph)) == []
