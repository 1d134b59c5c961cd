"""The same tale in all dialects leaves the same history, whatever words it is told in."""

from pathlib import Path

import pytest

from tests.scenarios.stack import running_stack
from tests.scenarios.tale import stories, told

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


@pytest.mark.parametrize("name", sorted(stories()))
async def test_the_tale_leaves_its_events(tmp_path: Path, name: str) -> None:
    async with running_stack(tmp_path) as stack:
        left = await told(stack, stories()[name])

    assert [(stream, [event[0] for event in events]) for stream, events in left] == EXPECTED


@pytest.mark.parametrize("name", sorted(stories())[1:])
async def test_all_tell_it_alike(tmp_path: Path, name: str) -> None:
    async with running_stack(tmp_path / "one") as stack:
        left = await told(stack, stories()[name])
    async with running_stack(tmp_path / "other") as stack:
        expected = await told(stack, stories()[min(stories())])

    assert left == expected
