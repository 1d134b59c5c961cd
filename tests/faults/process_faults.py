"""Faults of Baton's own processes: killed, crashed at a named place, paused."""

import asyncio
import signal
import time
from random import Random

from baton.eventlog.failpoints import CRASHED, Failpoint
from tests.faults.environment import Environment
from tests.faults.linux import is_stopped
from tests.servers.service import Service, Verb

LEASE_S = 5.0
"""What leases and the membership in a consumer group outlast is less than 2 s longer."""
FAILPOINT_S = 20.0
UP_S = 30.0


async def kill(env: Environment, rng: Random, *, verb: Verb) -> bool:
    """F1: kill -9 of a service, which is away for a while."""
    service = await _one_of(env, rng, verb)
    if service is None:
        return False
    env.supervisor.hold(service)
    try:
        exited = await service.kill()
        await asyncio.sleep(rng.uniform(0.2, 3.0))
        await service.launch()
    finally:
        env.supervisor.leave(service)
    return exited == -signal.SIGKILL


async def crash(env: Environment, rng: Random, *, verb: Verb, place: Failpoint) -> bool:
    """F1: a service ends at a named place of its loops, while it is the only one of its kind."""
    await _one_of(env, rng, verb)
    services = env.supervisor.free(env.cluster.of(verb))
    if not services:
        return False
    for one in services:
        env.supervisor.hold(one)
    try:
        await asyncio.gather(*(one.kill() for one in services))
        first, *others = services
        await first.launch(BATON_FAILPOINT=f"{place}:{rng.randint(1, 4)}")
        exited = await _exited(first)
        for one in (first, *others):
            await one.launch()
    finally:
        for one in services:
            env.supervisor.leave(one)
    return exited == CRASHED


async def kill_all(env: Environment, rng: Random) -> bool:
    """F2: kill -9 of everything at once; it comes back in any order."""
    await _one_of(env, rng, "executor")
    services = env.supervisor.free(list(env.cluster.services.values()))
    for one in services:
        env.supervisor.hold(one)
    try:
        exits = await asyncio.gather(*(one.kill() for one in services))
        await asyncio.sleep(rng.uniform(0.0, 2.0))
        rng.shuffle(services)
        for one in services:
            await one.launch()
            await asyncio.sleep(rng.uniform(0.0, 0.5))
    finally:
        for one in services:
            env.supervisor.leave(one)
    return bool(exits) and set(exits) == {-signal.SIGKILL}


async def freeze(env: Environment, rng: Random, *, verb: Verb) -> bool:
    """F3: SIGSTOP for longer than a lease, then SIGCONT: a zombie."""
    service = await _one_of(env, rng, verb)
    if service is None:
        return False
    pid = service.pid
    env.supervisor.hold(service)
    try:
        service.pause()
        await asyncio.sleep(rng.uniform(LEASE_S + 2.5, LEASE_S + 7.0))
        stopped = is_stopped(pid)
        service.resume()
    finally:
        env.supervisor.leave(service)
    return stopped


async def _exited(service: Service) -> int:
    """Return what it exits with by itself; it is killed when it takes too long."""
    try:
        async with asyncio.timeout(FAILPOINT_S):
            return await service.wait()
    except TimeoutError:
        return await service.kill()


async def _one_of(env: Environment, rng: Random, verb: Verb) -> Service | None:
    """Return a service that is up, waiting for one a while."""
    deadline = time.monotonic() + UP_S
    while time.monotonic() < deadline:
        if free := env.supervisor.free(env.cluster.of(verb)):
            return rng.choice(free)
        await asyncio.sleep(0.1)
    return None
