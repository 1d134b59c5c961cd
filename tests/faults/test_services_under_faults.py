"""A cluster under load and groups of faults, each group at its own pace."""

import asyncio
from collections.abc import Sequence

import asyncpg
import pytest

from baton.eventlog.failpoints import CRASHED, Failpoint
from tests.faults.checks import settle_and_check, violations
from tests.faults.distributed_checkers import count_hits
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
from tests.kit.eventually import eventually
from tests.servers.service import Verb

RATE = 6.0
BEFORE_S = 1.0
PAUSES_S = (0.2, 1.0)
"""The shortest and the longest time between two faults of a group."""
RECOVERED_S = 30.0
CRASHES: Sequence[tuple[Verb, Failpoint]] = (
    ("api", "before-commit"),
    ("executor", "before-commit"),
    ("executor", "after-commit"),
    ("projector", "after-handle"),
    ("scheduler", "after-publish"),
)
"""The failpoint at which each service of the cluster crashes."""
CRASHED_S = 30.0

pytestmark = pytest.mark.timeout(180)


@pytest.mark.parametrize(
    "groups",
    [
        pytest.param(((*KILLS, KILL_ALL), (*KAFKA, WIPE, *KAFKA_NETWORK)), id="kill-9-kafka"),
        pytest.param(((*POSTGRES, *POSTGRES_NETWORK),), id="postgres"),
    ],
)
async def test_every_request_has_its_effect_once(
    env: Environment, groups: Sequence[Sequence[Fault]]
) -> None:
    await env.start()
    env.supervisor.start()
    load = asyncio.create_task(env.load.run(rate=RATE))
    await asyncio.sleep(BEFORE_S)
    await asyncio.gather(*(_inject_each(env, faults) for faults in groups))
    load.cancel()
    await asyncio.gather(load, return_exceptions=True)

    assert violations(await settle_and_check(env)) == []
    assert env.missed == []
    hit = count_hits(await env.cluster.events(), env.injected)
    assert set(hit) == {one.name for faults in groups for one in faults}, hit


async def _inject_each(env: Environment, faults: Sequence[Fault]) -> None:
    """Inject one fault after the other, in random order, each while a run is unfinished."""
    for one in env.rng.sample(faults, len(faults)):
        await _wait_for_unfinished_run(env)
        await inject(env, one, env.rng)
        await asyncio.sleep(env.rng.uniform(*PAUSES_S))


async def _wait_for_unfinished_run(env: Environment) -> None:
    """Wait until a run is unfinished; the fault before may still delay all of them."""

    async def has_unfinished_runs() -> bool:
        return bool((await env.cluster.unfinished()).runs)

    await eventually(
        has_unfinished_runs,
        within_s=RECOVERED_S,
        every_s=0.02,
        retry_on=(OSError, asyncpg.PostgresError),
    )


async def test_a_service_that_crashes_at_any_failpoint_loses_and_doubles_nothing(
    env: Environment,
) -> None:
    services = await env.start()
    await env.cluster.stop()
    for one, (verb, failpoint) in zip(services, CRASHES, strict=True):
        assert one.verb == verb
        await one.launch(BATON_FAILPOINT=f"{failpoint}:{env.rng.randint(3, 15)}")
    env.supervisor.start()
    load = asyncio.create_task(env.load.run(rate=RATE))
    await eventually(
        lambda: all(CRASHED in one.exits for one in services),
        within_s=CRASHED_S,
        every_s=0.1,
        explain=lambda: f"exit codes: { {one.name: one.exits for one in services} }",
    )
    load.cancel()
    await asyncio.gather(load, return_exceptions=True)

    assert violations(await settle_and_check(env)) == []
