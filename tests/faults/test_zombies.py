"""Services that stop in the middle and come back too late: others have taken over by then."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from tests.faults.arena import Arena
from tests.faults.checkers import lives
from tests.faults.event_log import Log
from tests.faults.process_faults import LEASE_S
from tests.faults.server_faults import terminate_backends
from tests.faults.verdicts import complaints, settled
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
    arena: Arena,
) -> None:
    await arena.start("api", "executor", "executor", "projector", "scheduler")
    zombie, other = arena.site.of("executor")
    for _ in range(ROUNDS):
        if await _comes_back_too_late(arena, zombie):
            break
    else:
        pytest.fail("no late outcome was refused")

    await _begin_long_runs(arena)
    await _busy(other)
    killed_at = int(time.time() * 1_000)
    assert await other.kill() == -9
    struck = _running(await arena.site.events())
    await arena.site.quiesced()
    took = _taken_over(await arena.site.events(), killed_at)
    assert struck
    assert took
    assert max(took) <= TAKEN_OVER_MS, sorted(took)

    await other.start()
    assert complaints(await settled(arena)) == []


async def test_leaders_that_stop_are_replaced_and_do_nothing_twice_when_they_come_back(
    arena: Arena,
) -> None:
    await arena.start("api", "executor", *("projector", "scheduler") * 2)
    asking = asyncio.create_task(arena.load.run(rate=RATE))
    before = await _epochs(arena)
    for lease, verb in (("relay", "scheduler"), ("scheduler", "scheduler"), ("projector",) * 2):
        candidates = arena.site.of(verb)  # type: ignore[arg-type]
        assert await _usurped(arena, lease, candidates), f"{lease} is led by nobody else"
        assert await terminate_backends(arena, arena.rng)
    await asyncio.sleep(1)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)

    assert complaints(await settled(arena)) == []
    after = await _epochs(arena)
    assert set(after) == {"relay", "scheduler", "projector"}
    assert all(after[name] > before[name] for name in after), (before, after)


async def _begin_long_runs(arena: Arena) -> None:
    already = len(arena.load.answered)
    inputs = {f"long-{already + number}": {"seconds": SECONDS} for number in range(RUNS)}
    started = await arena.driver.start(arena.load.definitions["three-steps"], inputs)
    arena.load.answered.update({one.key: one for one in started})


async def _comes_back_too_late(arena: Arena, zombie: Service) -> bool:
    """Pause an executor in its work until another one has taken over; whether it was refused.

    It is not when it hears of the takeover before its steps have ended, and cuts them off.
    """
    await _begin_long_runs(arena)
    await _busy(zombie)
    before = await _refused(zombie)
    zombie.pause()
    paused_at = int(time.time() * 1_000)
    await _until(
        lambda: _takeovers_after(arena, paused_at), "nobody takes over from a paused executor"
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


async def _takeovers_after(arena: Arena, at: int) -> bool:
    return bool(_taken_over(await arena.site.events(), at))


def _taken_over(log: Log, at: int) -> list[int]:
    """Return how long after `at` attempts were taken over, ms."""
    return [
        event.data["at"] - at
        for event in log
        if event.name == "StepStarted"
        and event.data["cause"] == "takeover"
        and event.data["at"] > at
    ]


def _running(log: Log) -> list[str]:
    return [ident for ident, life in lives(log).items() if not life.over]


async def _epochs(arena: Arena) -> dict[str, int]:
    return {one.name: one.epoch for one in await arena.site.sighted(released=True)}


async def _usurped(arena: Arena, lease: str, candidates: list[Service]) -> bool:
    """Pause the one that holds the lease until another one has it, and let it go on."""
    before = (await _epochs(arena))[lease]
    leading = f"{lease}: leading, epoch {before}"
    for one in sorted(candidates, key=lambda one: leading not in one.said(LOG)):
        one.pause()
        deadline = time.monotonic() + LEASE_S + 4
        while time.monotonic() < deadline:
            if (await _epochs(arena))[lease] > before:
                await asyncio.sleep(1)
                one.resume()
                return True
            await asyncio.sleep(0.1)
        one.resume()
    return False


async def _until(condition: Callable[[], Awaitable[bool]], complaint: str) -> None:
    assert await _comes_true(condition, within_s=DEADLINE_S), complaint


async def _comes_true(condition: Callable[[], Awaitable[bool]], *, within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while not await condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.1)
    return True
