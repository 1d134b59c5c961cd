"""Services of a cluster under one kind of fault after the other, while clients go on asking."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import asyncpg
import pytest

from baton.eventlog.failpoints import CRASHED, Failpoint
from tests.faults.checks import settled, violations
from tests.faults.distributed_checkers import hits
from tests.faults.environment import Environment
from tests.faults.fault_catalog import (
    KAFKA,
    KAFKA_NETWORK,
    KILL_ALL,
    KILLS,
    POSTGRES,
    POSTGRES_NETWORK,
    WIPE,
    Fault,
    inject,
)
from tests.servers.service import Service, Verb

RATE = 6.0
BEFORE_S = 1.0
RECOVERED_S = 30.0
CRASHES: Sequence[tuple[Verb, Failpoint]] = (
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
    env: Environment, strikes: Sequence[Fault]
) -> None:
    await env.start()
    env.supervisor.start()
    asking = asyncio.create_task(env.load.run(rate=RATE))
    await asyncio.sleep(BEFORE_S)
    for one in env.rng.sample(strikes, len(strikes)):
        await _under_way(env)
        await inject(env, one, env.rng)
        await asyncio.sleep(env.rng.uniform(0.5, 1.5))
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)

    assert violations(await settled(env)) == []
    assert env.missed == []
    met = hits(await env.cluster.events(), env.injected)
    assert set(met) == {one.name for one in strikes}, met


async def _under_way(env: Environment) -> None:
    """Wait until there is something to hit; the fault before may still hold up everything."""
    async with asyncio.timeout(RECOVERED_S):
        while True:
            with suppress(OSError, asyncpg.PostgresError):
                if (await env.cluster.under_way()).runs:
                    return
            await asyncio.sleep(0.02)


async def test_a_service_that_ends_at_any_named_place_loses_and_doubles_nothing(
    env: Environment,
) -> None:
    services = await env.start()
    await env.cluster.stop()
    for one, (verb, place) in zip(services, CRASHES, strict=True):
        assert one.verb == verb
        await one.launch(BATON_FAILPOINT=f"{place}:{env.rng.randint(3, 15)}")
    env.supervisor.start()
    asking = asyncio.create_task(env.load.run(rate=RATE))
    async with asyncio.timeout(CRASHED_S):
        for one in services:
            await _crashed(one)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)

    assert violations(await settled(env)) == []


async def _crashed(service: Service) -> None:
    while True:
        if CRASHED in service.exits:
            return
        await asyncio.sleep(0.1)
