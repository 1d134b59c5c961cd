"""The faults, each a coroutine that does it, undoes it, and says whether it was seen to happen."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

import asyncpg

from eventlog.failpoints import CRASHED, Place
from tests.faults.arena import Arena
from tests.servers.proxy import Proxy
from tests.servers.service import Service, Verb

LEASE_S = 5.0
"""What leases and the membership in a consumer group outlast is less than 2 s longer."""
FAILPOINT_S = 20.0
RECONNECT_S = 10.0
UP_S = 30.0
BACKENDS = (
    "SELECT pid FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)

Act = Callable[[Arena, Random], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault; `name` begins with its number."""

    name: str
    act: Act


async def strike(arena: Arena, one: Strike, rng: Random) -> None:
    """Do it and write down whether it fired."""
    began = time.time()
    fired = await one.act(arena, rng)
    arena.note(one.name, began, fired=fired)


async def kill(arena: Arena, rng: Random, *, verb: Verb) -> bool:
    """F1: kill -9 of a service, which is away for a while."""
    service = await _one_of(arena, rng, verb)
    if service is None:
        return False
    arena.keeper.hold(service)
    try:
        exited = await service.kill()
        await asyncio.sleep(rng.uniform(0.2, 3.0))
        await service.launch()
    finally:
        arena.keeper.leave(service)
    return exited == -signal.SIGKILL


async def crash(arena: Arena, rng: Random, *, verb: Verb, place: Place) -> bool:
    """F1: a service ends at a named place of its loops, while it is the only one of its kind."""
    await _one_of(arena, rng, verb)
    services = arena.keeper.free(arena.site.of(verb))
    if not services:
        return False
    for one in services:
        arena.keeper.hold(one)
    try:
        await asyncio.gather(*(one.kill() for one in services))
        first, *others = services
        await first.launch(BATON_FAILPOINT=f"{place}:{rng.randint(1, 4)}")
        exited = await _exited(first)
        for one in (first, *others):
            await one.launch()
    finally:
        for one in services:
            arena.keeper.leave(one)
    return exited == CRASHED


async def kill_all(arena: Arena, rng: Random) -> bool:
    """F2: kill -9 of everything at once; it comes back in any order."""
    await _one_of(arena, rng, "executor")
    services = arena.keeper.free(list(arena.site.services.values()))
    for one in services:
        arena.keeper.hold(one)
    try:
        exits = await asyncio.gather(*(one.kill() for one in services))
        await asyncio.sleep(rng.uniform(0.0, 2.0))
        rng.shuffle(services)
        for one in services:
            await one.launch()
            await asyncio.sleep(rng.uniform(0.0, 0.5))
    finally:
        for one in services:
            arena.keeper.leave(one)
    return bool(exits) and set(exits) == {-signal.SIGKILL}


async def freeze(arena: Arena, rng: Random, *, verb: Verb) -> bool:
    """F3: SIGSTOP for longer than a lease, then SIGCONT: a zombie."""
    service = await _one_of(arena, rng, verb)
    if service is None:
        return False
    pid = service.pid
    arena.keeper.hold(service)
    try:
        service.pause()
        await asyncio.sleep(rng.uniform(LEASE_S + 2.5, LEASE_S + 7.0))
        stopped = _is_stopped(pid)
        service.resume()
    finally:
        arena.keeper.leave(service)
    return stopped


async def kill_kafka(arena: Arena, rng: Random) -> bool:
    """F4: kill -9 of the broker."""
    return await _restart_kafka(arena, rng, signal.SIGKILL)


async def restart_kafka(arena: Arena, rng: Random) -> bool:
    """F4: a clean restart of the broker."""
    return await _restart_kafka(arena, rng, signal.SIGTERM)


async def freeze_kafka(arena: Arena, rng: Random) -> bool:
    """F4: the broker falls silent with all its connections open."""
    kafka = arena.servers.kafka
    kafka.hold()
    try:
        await asyncio.sleep(rng.uniform(4.0, 12.0))
        return _is_stopped(kafka.pid)
    finally:
        kafka.go_on()


async def wipe_kafka(arena: Arena, rng: Random) -> bool:
    """F5: the broker loses everything, and what was published is published again."""
    await arena.servers.stop_kafka(signal.SIGKILL)
    arena.servers.kafka.wipe()
    arena.wiped = True
    await asyncio.sleep(rng.uniform(0.0, 2.0))
    await arena.servers.start_kafka()
    said = await arena.site.baton("republish", "--from", "0")
    assert said.exited == 0, said
    return True


async def stop_postgres(arena: Arena, rng: Random, *, how: signal.Signals) -> bool:
    """F6: the server stops in the middle of everything, and is down for 0 to 2 s."""
    before = arena.servers.postgres.pid
    await arena.servers.stop_postgres(how)
    await asyncio.sleep(rng.uniform(0.0, 2.0))
    await arena.servers.start_postgres()
    return arena.servers.postgres.pid != before


async def kill_backend(arena: Arena, rng: Random) -> bool:
    """F6: kill -9 of the process of one connection, from which the server starts anew."""
    pids = await _backends(arena)
    if not pids:
        return False
    pid = rng.choice(pids)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    await _answering(arena)
    return not _there(pid)


async def terminate_backends(arena: Arena, rng: Random) -> bool:
    """F6: the server ends every connection."""
    connection = await asyncpg.connect(arena.site.database)
    try:
        ended = await connection.fetch(f"SELECT pg_terminate_backend(pid) FROM ({BACKENDS}) AS _")
    finally:
        await connection.close()
    return bool(ended)


async def cut(arena: Arena, rng: Random, *, proxy: str) -> bool:
    """F7: every connection breaks."""
    return await _meddle(arena, proxy, lambda one: one.cut(), 0.0)


async def refuse(arena: Arena, rng: Random, *, proxy: str) -> bool:
    """F7: every connection breaks, and no other is taken for a while."""

    def begin(one: Proxy) -> None:
        one.refusing = True
        one.cut()

    return await _meddle(arena, proxy, begin, rng.uniform(1.0, 4.0))


async def silence(arena: Arena, rng: Random, *, proxy: str) -> bool:
    """F7: half-open: connections are taken, and nothing comes or goes."""
    return await _meddle(arena, proxy, Proxy.silence, rng.uniform(2.0, 8.0))


async def dawdle(arena: Arena, rng: Random, *, proxy: str) -> bool:
    """F7: everything is late."""

    def begin(one: Proxy) -> None:
        one.delay_s = rng.uniform(0.02, 0.2)

    return await _meddle(arena, proxy, begin, rng.uniform(2.0, 6.0))


async def drip(arena: Arena, rng: Random, *, proxy: str) -> bool:
    """F7: everything comes byte by byte."""

    def begin(one: Proxy) -> None:
        one.dripping = True

    return await _meddle(arena, proxy, begin, rng.uniform(1.0, 3.0))


async def lose_answers(arena: Arena, rng: Random) -> bool:
    """F7: appends are committed, and their connections break before anybody hears of it."""

    def begin(one: Proxy) -> None:
        one.lose("answer", b"demo/run/")

    fired = [await _meddle(arena, "postgres", begin, 1.0) for _ in range(rng.randint(1, 4))]
    return any(fired)


async def _meddle(arena: Arena, name: str, begin: Callable[[Proxy], None], for_s: float) -> bool:
    proxy = arena.postgres_proxy if name == "postgres" else arena.kafka_proxy
    before = proxy.fired
    begin(proxy)
    try:
        await asyncio.sleep(for_s)
    finally:
        proxy.heal()
    return proxy.fired > before


async def _restart_kafka(arena: Arena, rng: Random, how: signal.Signals) -> bool:
    before = arena.servers.kafka.pid
    await arena.servers.stop_kafka(how)
    await asyncio.sleep(rng.uniform(0.0, 3.0))
    await arena.servers.start_kafka()
    return arena.servers.kafka.pid != before


async def _exited(service: Service) -> int:
    """Return what it exits with by itself; it is killed when it takes too long."""
    try:
        async with asyncio.timeout(FAILPOINT_S):
            return await service.ended()
    except TimeoutError:
        return await service.kill()


async def _backends(arena: Arena) -> list[int]:
    connection = await asyncpg.connect(arena.site.database)
    try:
        return [pid for (pid,) in await connection.fetch(BACKENDS)]
    finally:
        await connection.close()


async def _answering(arena: Arena) -> None:
    """Wait until the server takes connections again."""
    deadline = time.monotonic() + RECONNECT_S
    while True:
        try:
            await _backends(arena)
        except (OSError, asyncpg.PostgresError):
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)
        else:
            return


async def _one_of(arena: Arena, rng: Random, verb: Verb) -> Service | None:
    """Return a service that is up, waiting for one a while."""
    deadline = time.monotonic() + UP_S
    while time.monotonic() < deadline:
        if free := arena.keeper.free(arena.site.of(verb)):
            return rng.choice(free)
        await asyncio.sleep(0.1)
    return None


def _there(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def _is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in ("T", "t")


_VERBS: Final[tuple[Verb, ...]] = ("api", "executor", "projector", "scheduler")
_CRASHES: Final[tuple[tuple[Verb, Place], ...]] = (
    ("api", "after-append"),
    ("api", "before-commit"),
    ("api", "after-commit"),
    ("executor", "before-commit"),
    ("executor", "after-commit"),
    ("executor", "before-handle"),
    ("projector", "before-handle"),
    ("projector", "after-handle"),
    ("scheduler", "after-append"),
    ("scheduler", "after-publish"),
)

KILLS: Final = tuple(Strike(f"F1 kill -9 of {verb}", partial(kill, verb=verb)) for verb in _VERBS)
CRASHES: Final = tuple(
    Strike(f"F1 {verb} ends {place}", partial(crash, verb=verb, place=place))
    for verb, place in _CRASHES
)
KILL_ALL: Final = Strike("F2 kill -9 of everything", kill_all)
FREEZES: Final = tuple(
    Strike(f"F3 SIGSTOP of {verb}", partial(freeze, verb=verb)) for verb in _VERBS
)
KAFKA: Final = (
    Strike("F4 kill -9 of Kafka", kill_kafka),
    Strike("F4 restart of Kafka", restart_kafka),
    Strike("F4 SIGSTOP of Kafka", freeze_kafka),
)
WIPE: Final = Strike("F5 Kafka wiped, republished", wipe_kafka)
POSTGRES: Final = (
    Strike("F6 PostgreSQL stopped at once", partial(stop_postgres, how=signal.SIGQUIT)),
    Strike("F6 kill -9 of the postmaster", partial(stop_postgres, how=signal.SIGKILL)),
    Strike("F6 kill -9 of a backend", kill_backend),
    Strike("F6 all backends terminated", terminate_backends),
)
POSTGRES_NETWORK: Final = (
    Strike("F7 answers to commits lost", lose_answers),
    Strike("F7 PostgreSQL cut", partial(cut, proxy="postgres")),
    Strike("F7 PostgreSQL refuses", partial(refuse, proxy="postgres")),
    Strike("F7 PostgreSQL half-open", partial(silence, proxy="postgres")),
    Strike("F7 PostgreSQL late", partial(dawdle, proxy="postgres")),
    Strike("F7 PostgreSQL drips", partial(drip, proxy="postgres")),
)
KAFKA_NETWORK: Final = (
    Strike("F7 Kafka cut", partial(cut, proxy="kafka")),
    Strike("F7 Kafka refuses", partial(refuse, proxy="kafka")),
    Strike("F7 Kafka half-open", partial(silence, proxy="kafka")),
    Strike("F7 Kafka late", partial(dawdle, proxy="kafka")),
    Strike("F7 Kafka drips", partial(drip, proxy="kafka")),
)

OF_PROCESSES: Final[tuple[Strike, ...]] = (*KILLS, *CRASHES, KILL_ALL, *FREEZES)
OF_SERVERS: Final[tuple[Strike, ...]] = (
    *KAFKA,
    WIPE,
    *POSTGRES,
    *POSTGRES_NETWORK,
    *KAFKA_NETWORK,
)
