"""Faults of the servers and of the way to them."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from random import Random

import asyncpg

from tests.faults.arena import Arena
from tests.faults.linux import exists, is_stopped
from tests.servers.proxy import Proxy

RECONNECT_S = 10.0
BACKENDS = (
    "SELECT pid FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


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
        return is_stopped(kafka.pid)
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
    return not exists(pid)


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
