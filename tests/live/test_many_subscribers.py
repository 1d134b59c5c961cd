"""200 subscribers of one server, and 1,000 runs: each sees every matching event once, in order.

By default a subscriber follows one of ten definitions; with `--all-streamed` it follows all.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from contextlib import AsyncExitStack

import pytest

from tests.kit.streams import Reader
from tests.live.world import EVENTS_OF_A_RUN, World

SUBSCRIBERS = 200
RUNS = 1_000
DEFINITIONS = 10
STARTED_AT_ONCE = 50


@pytest.mark.timeout(300)
async def test_each_subscriber_sees_every_matching_event_once_and_in_order(
    world: World, pytestconfig: pytest.Config
) -> None:
    everything = bool(pytestconfig.getoption("--all-streamed"))
    definitions = [await world.define(f"orders-{number}") for number in range(DEFINITIONS)]
    async with AsyncExitStack() as streams:
        readers = [
            await streams.enter_async_context(
                world.stream(
                    "" if everything else f"definition=orders-{number % DEFINITIONS}",
                    "websocket" if number % 4 == 0 else "ndjson",
                )
            )
            for number in range(SUBSCRIBERS)
        ]
        for first in range(0, RUNS, STARTED_AT_ONCE):
            numbers = range(first, first + STARTED_AT_ONCE)
            starting = [world.start(definitions[number % DEFINITIONS]) for number in numbers]
            await asyncio.gather(*starting)
        each = EVENTS_OF_A_RUN * (RUNS if everything else RUNS // DEFINITIONS)
        for reader in readers:
            await reader.until(each, within_s=240)

    assert [len(reader.events) for reader in readers] == [each] * SUBSCRIBERS
    assert [reader for reader in readers if reader.close_code is not None] == []
    for reader in readers:
        assert reader.positions == sorted(set(reader.positions))
        assert versions_of_runs(reader) == [list(range(1, EVENTS_OF_A_RUN + 1))] * (
            each // EVENTS_OF_A_RUN
        )
    same_filter = readers[:: 1 if everything else DEFINITIONS]
    assert all(reader.events == readers[0].events for reader in same_filter)


def versions_of_runs(reader: Reader) -> Sequence[list[int]]:
    """Return the versions of each run's events, in the order of their arrival."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for event in reader.events:
        found[event["runId"]].append(event["version"])
    return list(found.values())
