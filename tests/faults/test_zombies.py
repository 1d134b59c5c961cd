"""Paused services that continue after others have taken over their work."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

import pytest

from tests.faults.checkers import run_oracles
from tests.faults.checks import settle_and_check, violations
from tests.faults.environment import Environment
from tests.faults.event_log import Log
from tests.faults.process_faults import LEASE_S
from tests.faults.server_faults import terminate_backends
from tests.kit.eventually import NotInTime, eventually
from tests.servers.service import Service, Verb

RUNS = 40
SECONDS = 2.0
TAKEN_OVER_MS = 10_000
DEADLINE_S = 30.0
ROUNDS = 3
LOG = 10_000_000
REFUSED_S = 5.0
RATE = 5.0
LEADERS: dict[str, Verb] = {
    "relay": "scheduler",
    "scheduler": "scheduler",
    "scheduler.bulks": "scheduler",
    "scheduler.deliveries": "scheduler",
    "projector": "projector",
}
"""The leases that one process at a time holds, with the services that contend for each."""

pytestmark = pytest.mark.timeout(180)


async def test_late_outcomes_of_a_zombie_are_refused_and_runs_of_a_killed_executor_taken_over(
    env: Environment,
) -> None:
    await env.start("api", "executor", "executor", "projector", "scheduler")
    zombie, other = env.cluster.of("executor")
    for _ in range(ROUNDS):
        if await _returns_as_zombie(env, zombie):
            break
    else:
        pytest.fail("no late outcome was refused")

    await _begin_long_runs(env)
    await _busy(other)
    killed_at = int(time.time() * 1_000)
    assert await other.kill() == -9
    unfinished = _running(await env.cluster.events())
    await env.cluster.wait_until_all_ended()
    takeovers = _taken_over(await env.cluster.events(), killed_at)
    assert unfinished
    assert takeovers
    assert max(takeovers) <= TAKEN_OVER_MS, sorted(takeovers)

    await other.start()
    assert violations(await settle_and_check(env)) == []


async def test_paused_leaders_are_replaced_and_repeat_nothing_when_they_continue(
    env: Environment,
) -> None:
    await env.start("api", "executor", *("projector", "scheduler") * 2)
    load = asyncio.create_task(env.load.run(rate=RATE))
    before = await _epochs_of_all_leaders(env)
    while held := await _held_since(env, before):
        # A process may hold several leases.
        leases: dict[Verb, str] = {LEADERS[lease]: lease for lease in held}
        deposed = await asyncio.gather(
            *(_depose(env, lease, env.cluster.of(verb)) for verb, lease in leases.items())
        )
        assert all(deposed), f"no other service leads one of {leases}"
        assert await terminate_backends(env, env.rng)
    await asyncio.sleep(1)
    load.cancel()
    await asyncio.gather(load, return_exceptions=True)

    assert violations(await settle_and_check(env)) == []
    after = await _epochs(env)
    assert set(after) == set(LEADERS)
    assert all(after[name] > before[name] for name in after), (before, after)


async def _begin_long_runs(env: Environment) -> None:
    already = len(env.load.answered)
    inputs = {f"long-{already + number}": {"seconds": SECONDS} for number in range(RUNS)}
    started = await env.driver.start(env.load.definitions["three-steps"], inputs)
    env.load.answered.update({one.key: one for one in started})


async def _returns_as_zombie(env: Environment, zombie: Service) -> bool:
    """Pause an executor until another has taken over; return whether a late outcome was refused.

    None is refused if the executor learns of the takeover before its steps end, and cancels them.
    """
    await _begin_long_runs(env)
    await _busy(zombie)
    before = await _refused(zombie)
    zombie.pause()
    paused_at = int(time.time() * 1_000)
    await eventually(lambda: _takeovers_after(env, paused_at), within_s=DEADLINE_S, every_s=0.1)
    zombie.resume()

    async def refused_more() -> bool:
        return await _refused(zombie) > before

    return await _becomes_true(refused_more, within_s=REFUSED_S)


async def _busy(service: Service) -> None:
    """Wait until a service performs steps of several runs."""

    async def performing() -> bool:
        metrics = await service.metrics()
        some = RUNS / 8
        started = metrics["baton_executor_steps_performed_total"]
        return metrics["baton_executor_runs"] > some and started > some

    await eventually(
        performing, within_s=DEADLINE_S, every_s=0.1, explain=lambda: f"{service.name} is idle"
    )


async def _refused(service: Service) -> float:
    return (await service.metrics())["baton_executor_late_outcomes_refused_total"]


async def _takeovers_after(env: Environment, at: int) -> bool:
    return bool(_taken_over(await env.cluster.events(), at))


def _taken_over(log: Log, at: int) -> list[int]:
    """Return the times of takeovers in ms after `at`."""
    return [
        event.data["at"] - at
        for event in log
        if event.name == "RetryScheduled"
        and event.data["cause"] == "takeover"
        and event.data["at"] > at
    ]


def _running(log: Log) -> list[str]:
    return [run_id for run_id, oracle in run_oracles(log).items() if not oracle.ended]


async def _epochs(env: Environment) -> dict[str, int]:
    return {one.name: one.epoch for one in await env.cluster.leases(released=True)}


async def _held_since(env: Environment, before: Mapping[str, int]) -> list[str]:
    """Return the leases that are still in the epoch that `before` names."""
    epochs = await _epochs(env)
    return [lease for lease in LEADERS if epochs[lease] == before[lease]]


async def _epochs_of_all_leaders(env: Environment) -> dict[str, int]:
    """Return the epochs of all leases once each has been taken."""

    async def found() -> dict[str, int] | None:
        epochs = await _epochs(env)
        return epochs if set(LEADERS) <= set(epochs) else None

    epochs = await eventually(found, within_s=DEADLINE_S, every_s=0.1)
    assert epochs is not None
    return epochs


async def _depose(env: Environment, lease: str, candidates: list[Service]) -> bool:
    """Pause the holder of a lease until another service holds it; return whether one does.

    The log lines name the probable holder, which is paused first.
    """
    before = (await _epochs(env))[lease]
    leading = f"{lease}: leading, epoch {before}"

    async def has_changed() -> bool:
        return (await _epochs(env))[lease] > before

    for one in sorted(candidates, key=lambda one: leading not in one.log_tail(LOG)):
        one.pause()
        deposed = await _becomes_true(has_changed, within_s=LEASE_S + 4)
        if deposed:
            await asyncio.sleep(1)
        one.resume()
        if deposed:
            return True
    return False


async def _becomes_true(condition: Callable[[], Awaitable[bool]], *, within_s: float) -> bool:
    try:
        return await eventually(condition, within_s=within_s, every_s=0.1)
    except NotInTime:
        return False
