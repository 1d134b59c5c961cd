"""Services that stop in the middle and come back too late: others have taken over by then."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from tests.faults.checkers import run_oracles
from tests.faults.checks import settled, violations
from tests.faults.environment import Environment
from tests.faults.event_log import Log
from tests.faults.process_faults import LEASE_S
from tests.faults.server_faults import terminate_backends
from tests.servers.service import Service

RUNS = 40
SECONDS = 2.0
TAKEN_OVER_MS = 10_000
DEADLINE_S = 30.0
ROUNDS = 3
LOG = 10_000_000
REFUSED_S = 5.0
RATE = 5.0

pytestmark = pytest.mark.timeout(180)


async def test_the_late_outcomes_of_a_zombie_are_refused_and_a_killed_executors_runs_taken_over(
    env: Environment,
) -> None:
    await env.start("api", "executor", "executor", "projector", "scheduler")
    zombie, other = env.cluster.of("executor")
    for _ in range(ROUNDS):
        if await _comes_back_too_late(env, zombie):
            break
    else:
        pytest.fail("no late outcome was refused")

    await _begin_long_runs(env)
    await _busy(other)
    killed_at = int(time.time() * 1_000)
    assert await other.kill() == -9
    injected = _running(await env.cluster.events())
    await env.cluster.quiesced()
    took = _taken_over(await env.cluster.events(), killed_at)
    assert injected
    assert took
    assert max(took) <= TAKEN_OVER_MS, sorted(took)

    await other.start()
    assert violations(await settled(env)) == []


async def test_leaders_that_stop_are_replaced_and_do_nothing_twice_when_they_come_back(
    env: Environment,
) -> None:
    await env.start("api", "executor", *("projector", "scheduler") * 2)
    asking = asyncio.create_task(env.load.run(rate=RATE))
    before = await _epochs(env)
    for lease, verb in (("relay", "scheduler"), ("scheduler", "scheduler"), ("projector",) * 2):
        candidates = env.cluster.of(verb)  # type: ignore[arg-type]
        assert await _usurped(env, lease, candidates), f"{lease} is led by nobody else"
        assert await terminate_backends(env, env.rng)
    await asyncio.sleep(1)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)

    assert violations(await settled(env)) == []
    after = await _epochs(env)
    assert set(after) == {"relay", "scheduler", "projector"}
    assert all(after[name] > before[name] for name in after), (before, after)


async def _begin_long_runs(env: Environment) -> None:
    already = len(env.load.answered)
    inputs = {f"long-{already + number}": {"seconds": SECONDS} for number in range(RUNS)}
    started = await env.driver.start(env.load.definitions["three-steps"], inputs)
    env.load.answered.update({one.key: one for one in started})


async def _comes_back_too_late(env: Environment, zombie: Service) -> bool:
    """Pause an executor in its work until another one has taken over; whether it was refused.

    It is not when it hears of the takeover before its steps have ended, and cuts them off.
    """
    await _begin_long_runs(env)
    await _busy(zombie)
    before = await _refused(zombie)
    zombie.pause()
    paused_at = int(time.time() * 1_000)
    await _until(
        lambda: _takeovers_after(env, paused_at), "nobody takes over from a paused executor"
    )
    zombie.resume()

    async def refused_more() -> bool:
        return await _refused(zombie) > before

    return await _comes_true(refused_more, within_s=REFUSED_S)


async def _busy(service: Service) -> None:
    """Wait until it performs steps."""

    async def performing() -> bool:
        metrics = await service.metrics()
        some = RUNS / 8
        begun = metrics["baton_executor_steps_performed_total"]
        return metrics["baton_executor_runs"] > some and begun > some

    await _until(performing, f"{service.name} has nothing to do")


async def _refused(service: Service) -> float:
    return (await service.metrics())["baton_executor_late_outcomes_refused_total"]


async def _takeovers_after(env: Environment, at: int) -> bool:
    return bool(_taken_over(await env.cluster.events(), at))


def _taken_over(log: Log, at: int) -> list[int]:
    """Return how long after `at` attempts were taken over, ms."""
    return [
        event.data["at"] - at
        for event in log
        if event.name == "RetryScheduled"
        and event.data["cause"] == "takeover"
        and event.data["at"] > at
    ]


def _running(log: Log) -> list[str]:
    return [ident for ident, oracle in run_oracles(log).items() if not oracle.over]


async def _epochs(env: Environment) -> dict[str, int]:
    return {one.name: one.epoch for one in await env.cluster.sighted(released=True)}


async def _usurped(env: Environment, lease: str, candidates: list[Service]) -> bool:
    """Pause the one that holds the lease until another one has it, and let it go on."""
    before = (await _epochs(env))[lease]
    leading = f"{lease}: leading, epoch {before}"
    for one in sorted(candidates, key=lambda one: leading not in one.log_tail(LOG)):
        one.pause()
        deadline = time.monotonic() + LEASE_S + 4
        while time.monotonic() < deadline:
            if (await _epochs(env))[lease] > before:
                await asyncio.sleep(1)
                one.resume()
                return True
            await asyncio.sleep(0.1)
        one.resume()
    return False


async def _until(condition: Callable[[], Awaitable[bool]], violation: str) -> None:
    assert await _comes_true(condition, within_s=DEADLINE_S), violation


async def _comes_true(condition: Callable[[], Awaitable[bool]], *, within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while not await condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.1)
    return True
