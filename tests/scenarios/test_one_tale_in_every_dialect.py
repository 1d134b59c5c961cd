"""The same tale leaves the same history in every dialect."""

from pathlib import Path

import pytest

from tests.scenarios.stack import running_stack
from tests.scenarios.tale import drivers, history_of_tale

EXPECTED = [
    ("acme/definition/0", ["DefinitionCreated"]),
    ("acme/definition/1", ["DefinitionCreated"]),
    ("acme/definition/2", ["DefinitionCreated"]),
    *(
        (
            f"acme/run/{number}",
            [
                "RunRequested",
                "RunStarted",
                "StepStarted",
                "StepSucceeded",
                "StepStarted",
                "StepSucceeded",
                "RunCompleted",
            ],
        )
        for number in (3, 4)
    ),
    (
        "acme/run/5",
        [
            "RunRequested",
            "RunStarted",
            "StepStarted",
            "StepFailed",
            "RunFailed",
            "RunReopened",
            "StepStarted",
            "StepSucceeded",
            "RunCompleted",
        ],
    ),
    (
        "acme/run/6",
        [
            "RunRequested",
            "RunStarted",
            "StepStarted",
            "StepSucceeded",
            "StepStarted",
            "StepCancelled",
            "RunCancelled",
        ],
    ),
]


@pytest.mark.parametrize("name", sorted(drivers()))
async def test_the_tale_leaves_the_expected_events(tmp_path: Path, name: str) -> None:
    async with running_stack(tmp_path) as stack:
        left = await history_of_tale(stack, drivers()[name])

    assert [(stream, [event[0] for event in events]) for stream, events in left] == EXPECTED


@pytest.mark.parametrize("name", sorted(drivers())[1:])
async def test_every_dialect_leaves_the_same_history(tmp_path: Path, name: str) -> None:
    async with running_stack(tmp_path / "one") as stack:
        left = await history_of_tale(stack, drivers()[name])
    async with running_stack(tmp_path / "other") as stack:
        expected = await history_of_tale(stack, drivers()[min(drivers())])

    assert left == expected
