"""Services of a cluster under one kind of fault after the other, while clients go on asking."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import asyncpg
import pytest

from baton.eventlog.failpoints import CRASHED, Place
from tests.faults.arena import Arena
from tests.faults.distributed_checkers import hits
from tests.faults.strikes import (
    KAFKA,
    KAFKA_NETWORK,
    KILL_ALL,
    KILLS,
    POSTGRES,
    POSTGRES_NETWORK,
    WIPE,
    Strike,
    strike,
)
from tests.faults.verdicts import complaints, settled
from tests.servers.service import Service, Verb

RATE = 6.0
BEFORE_S = 1.0
RECOVERED_S = 30.0
CRASHES: Sequence[tuple[Verb, Place]] = (
    ("api", "before-commit"),
    ("executor", "before-commit"),
    ("executor", "after-commit"),
    ("projector", "after-handle"),
    ("scheduler", "after-publish"),
)
"""Places in the loops at which the services end that a cluster begins with."""
CRASHED_S = 30.0

pytestmark = pytest.mark.timeout(180)


@pytest.mark.parametrize(
    "strikes",
    [
        pytest.param((*KILLS, KILL_ALL), id="F1-F2-kill-9"),
        pytest.param((*KAFKA, WIPE, *KAFKA_NETWORK), id="F4-F5-F7-kafka"),
        pytest.param((*POSTGRES, *POSTGRES_NETWORK), id="F6-F7-postgres"),
    ],
)
async def test_everything_asked_for_comes_to_its_end_once(
    arena: Arena, strikes: Sequence[Strike]
) -> None:
    await arena.start()
    arena.keeper.start()
    asking = asyncio.create_task(arena.load.run(rate=RATE))
    await asyncio.sleep(BEFORE_S)
    for one in arena.rng.sample(strikes, len(strikes)):
        await _under_way(arena)
        await strike(arena, one, arena.rng)
        await asyncio.sleep(arena.rng.uniform(0.5, 1.5))
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)

    assert complaints(await settled(arena)) == []
    assert arena.missed == []
    met = hits(await arena.site.events(), arena.struck)
    assert set(met) == {one.name for one in strikes}, met


async def _under_way(arena: Arena) -> None:
    """Wait until there is something to hit; the fault before may still hold up everything."""
    async with asyncio.timeout(RECOVERED_S):
        while True:
            with suppress(OSError, asyncpg.PostgresError):
                if (await arena.site.under_way()).runs:
                    return
            await asyncio.sleep(0.02)


async def test_a_service_that_ends_at_any_named_place_loses_and_doubles_nothing(
    arena: Arena,
) -> None:
    services = await arena.start()
    await arena.site.stop()
    for one, (verb, place) in zip(services, CRASHES, strict=True):
        assert one.verb == verb
        await one.launch(BATON_FAILPOINT=f"{place}:{arena.rng.randint(3, 15)}")
    arena.keeper.start()
    asking = asyncio.create_task(arena.load.run(rate=RATE))
    async with asyncio.timeout(CRASHED_S):
        for one in services:
            await _crashed(one)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)

    assert complaints(await settled(arena)) == []


async def _crashed(service: Service) -> None:
    while True:
        if CRASHED in service.exits:
            return
        await asyncio.sleep(0.1)
