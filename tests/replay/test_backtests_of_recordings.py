"""Runs that earlier releases recorded take the same path under the rules of this release."""

from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from baton.domain.backtest.candidate import candidate_of
from baton.domain.backtest.comparison import Comparison, compare
from baton.domain.backtest.recording import record
from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.eventlog.events.codec import decode
from tests.replay.test_recorded_histories import RELEASES, recorded

HERE = Path(__file__).parent
DECIDED = sorted((HERE / "decided_runs").glob("*.ndjson"))
MADE_UP = {"cm4run00000000000000", "cm4run00000000000001", "cm4run00000000000005"}
"""Runs in the recordings of all event classes that no rules ever decided."""


def streams(release: Path, kind: str) -> dict[str, list[Any]]:
    """Return the events of every stream of a kind, by its id."""
    return {
        stream.rpartition("/")[2]: [decode(topic, data) for _, _, topic, data in found]
        for stream, found in groupby(recorded(release), key=lambda line: line[0])
        if f"/{kind}/" in stream
    }


def against_itself(release: Path) -> dict[str, Comparison]:
    """Return the comparison of each run with its replay on its own version."""
    definitions = {
        ident: DEFINITION.fold(events) for ident, events in streams(release, "definition").items()
    }
    found = {}
    for run_id, events in streams(release, "run").items():
        requested = events[0]
        of = definitions[requested.definition_id]
        found[run_id] = compare(
            record(events), candidate_of(of, of.versions[requested.version]), {}
        )
    return found


@pytest.mark.parametrize("release", DECIDED, ids=lambda path: path.name)
def test_runs_that_a_release_decided_go_the_same_way(release: Path) -> None:
    found = against_itself(release)

    assert len(found) > 100
    assert [one for one in found.values() if one.verdict != "same"] == []


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.name)
def test_recorded_runs_go_the_same_way_unless_they_are_made_up(release: Path) -> None:
    found = against_itself(release)

    assert {run_id for run_id, one in found.items() if one.verdict != "same"} <= MADE_UP
    assert len(found) > len(MADE_UP)
