"""The counts of runs by status equal those of the view of runs at each position."""

from collections import Counter
from random import Random
from typing import get_args

import pytest

from baton.projector.as_of import run_counts
from baton.projector.as_of.history import HISTORY_VIEWS
from baton.projector.folding import fold_event
from baton.projector.view import Key
from baton.projector.views.runs.view import VIEW as RUNS
from baton.projector.views.runs.view import Document as Run
from baton.projector.views.runs.view import Status
from tests.projector.histories import events_of
from tests.projector.projection import batches_of, empty_store, fold_into


@pytest.mark.parametrize("forgetful", [True, False])
async def test_the_counts_as_of_each_position_match_the_runs_at_it(
    forgetful: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_counts, "POSITIONS", 64)
    events, random = events_of(3, 200), Random(3)
    store = await empty_store(HISTORY_VIEWS)
    batches = batches_of(events, random, below=90)
    await fold_into(store, batches, forgetful=forgetful, views=HISTORY_VIEWS)
    runs: dict[Key, Run] = {}
    expected: dict[Key, Counter[str]] = {}
    for recorded in events:
        fold_event(runs, RUNS, recorded)
        expected = {}
        for (tenant, _), run in runs.items():
            for of in (run_counts.OF_TENANT, run.definition_id):
                expected.setdefault((tenant, of), Counter())[run.status] += 1
        for (tenant, of), numbers in expected.items():
            found = await run_counts.numbers(store, tenant, of, recorded.position)
            assert found == numbers, (recorded.position, tenant, of)
    assert len(expected) > 3
    assert await run_counts.numbers(store, "acme", "nothing", events[-1].position) == {}


def test_every_status_has_a_place() -> None:
    assert {*run_counts.STATUSES} == {run_counts.NONE, *get_args(Status)}
    assert len(run_counts.STATUSES) ** 2 <= 64
