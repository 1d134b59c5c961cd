"""Faults of Baton's own processes: killed, crashed at a failpoint, paused.

Each function injects its fault, ends it, and returns whether it took effect.
"""

import asyncio
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random

from baton.eventlog.failpoints import CRASHED, Failpoint
from tests.faults.environment import Environment
from tests.faults.linux import is_stopped
from tests.kit.eventually import NotInTime, eventually
from tests.servers.service import Service, Verb

LEASE_S = 5.0
"""A pause of 2 s more than this outlasts every lease, and the membership of a consumer group."""
FAILPOINT_S = 20.0
UP_S = 30.0


async def kill(env: Environment, rng: Random, *, verb: Verb) -> bool:
    """F1: kill -9 of a service, which restarts after a moment."""
    service = await _pick(env, rng, verb)
    if service is None:
        return False
    with _suspended(env, [service]):
        exit_code = await service.kill()
        await asyncio.sleep(rng.uniform(0.2, 3.0))
        await service.launch()
    return exit_code == -signal.SIGKILL


async def crash(env: Environment, rng: Random, *, verb: Verb, failpoint: Failpoint) -> bool:
    """F1: the only running service of its kind crashes at a failpoint of its loops."""
    await _pick(env, rng, verb)
    services = env.supervisor.available(env.cluster.of(verb))
    if not services:
        return False
    with _suspended(env, services):
        await asyncio.gather(*(one.kill() for one in services))
        first, *others = services
        await first.launch(BATON_FAILPOINT=f"{failpoint}:{rng.randint(1, 4)}")
        exit_code = await _exit_code(first)
        for one in (first, *others):
            await one.launch()
    return exit_code == CRASHED


async def kill_all(env: Environment, rng: Random) -> bool:
    """F2: kill -9 of all services at once; they restart in random order."""
    await _pick(env, rng, "executor")
    services = env.supervisor.available(list(env.cluster.services.values()))
    with _suspended(env, services):
        exit_codes = await asyncio.gather(*(one.kill() for one in services))
        await asyncio.sleep(rng.uniform(0.0, 2.0))
        rng.shuffle(services)
        for one in services:
            await one.launch()
            await asyncio.sleep(rng.uniform(0.0, 0.5))
    return bool(exit_codes) and set(exit_codes) == {-signal.SIGKILL}


async def freeze(env: Environment, rng: Random, *, verb: Verb) -> bool:
    """F3: SIGSTOP for longer than a lease, then SIGCONT: the service returns as a zombie."""
    service = await _pick(env, rng, verb)
    if service is None:
        return False
    pid = service.pid
    with _suspended(env, [service]):
        service.pause()
        await asyncio.sleep(rng.uniform(LEASE_S + 2.5, LEASE_S + 7.0))
        stopped = is_stopped(pid)
        service.resume()
    return stopped


@contextmanager
def _suspended(env: Environment, services: Sequence[Service]) -> Iterator[None]:
    """Suspend the supervision of services until the block ends."""
    for one in services:
        env.supervisor.suspend(one)
    try:
        yield
    finally:
        for one in services:
            env.supervisor.resume(one)


async def _exit_code(service: Service) -> int:
    """Return the exit code of a service; one that doesn't end in time is killed."""
    try:
        async with asyncio.timeout(FAILPOINT_S):
            return await service.wait()
    except TimeoutError:
        return await service.kill()


async def _pick(env: Environment, rng: Random, verb: Verb) -> Service | None:
    """Return an available service once there is one, or None if there is none in time."""
    try:
        services = await eventually(
            lambda: env.supervisor.available(env.cluster.of(verb)), within_s=UP_S, every_s=0.1
        )
    except NotInTime:
        return None
    return rng.choice(services)
