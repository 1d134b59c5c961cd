"""Faults of PostgreSQL, of Kafka, and of the network between them and the services.

Each function injects its fault, ends it, and returns whether it took effect.
"""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from random import Random

import asyncpg

from tests.faults.environment import Environment
from tests.faults.linux import exists, is_stopped
from tests.kit.eventually import NotInTime, eventually
from tests.servers.proxy import Proxy

RECONNECT_S = 10.0
TRAFFIC_S = 30.0
"""The longest wait for traffic to disturb; clients pause before they connect again."""
BACKENDS = (
    "SELECT pid FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


async def kill_kafka(env: Environment, rng: Random) -> bool:
    """F4: kill -9 of the broker."""
    return await _restart_kafka(env, rng, signal.SIGKILL)


async def restart_kafka(env: Environment, rng: Random) -> bool:
    """F4: a clean restart of the broker."""
    return await _restart_kafka(env, rng, signal.SIGTERM)


async def freeze_kafka(env: Environment, rng: Random) -> bool:
    """F4: the broker answers nothing while its connections stay open."""
    kafka = env.servers.kafka
    kafka.pause()
    try:
        await asyncio.sleep(rng.uniform(4.0, 12.0))
        return is_stopped(kafka.pid)
    finally:
        kafka.resume()


async def wipe_kafka(env: Environment, rng: Random) -> bool:
    """F5: the broker loses its data, and `baton republish` restores the topic."""
    await env.servers.stop_kafka(signal.SIGKILL)
    env.servers.kafka.wipe()
    env.wiped = True
    await asyncio.sleep(rng.uniform(0.0, 2.0))
    await env.servers.start_kafka()
    ended = await env.cluster.baton("republish", "--from", "0")
    assert ended.exit_code == 0, ended
    return True


async def stop_postgres(env: Environment, rng: Random, *, how: signal.Signals) -> bool:
    """F6: the server stops without notice and is down for 0 to 2 s."""
    before = env.servers.postgres.pid
    await env.servers.stop_postgres(how)
    await asyncio.sleep(rng.uniform(0.0, 2.0))
    await env.servers.start_postgres()
    return env.servers.postgres.pid != before


async def kill_backend(env: Environment, rng: Random) -> bool:
    """F6: kill -9 of the process of one connection, after which the server restarts itself."""
    pids = await _backends(env)
    if not pids:
        return False
    pid = rng.choice(pids)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    await _wait_until_postgres_answers(env)
    return not exists(pid)


async def terminate_backends(env: Environment, rng: Random) -> bool:
    """F6: the server ends every connection."""
    connection = await asyncpg.connect(env.cluster.database)
    try:
        ended = await connection.fetch(f"SELECT pg_terminate_backend(pid) FROM ({BACKENDS}) AS _")
    finally:
        await connection.close()
    return bool(ended)


async def cut(env: Environment, rng: Random, *, proxy: str) -> bool:
    """F7: every connection breaks."""
    return await _disturb(env, proxy, lambda one: one.break_connections(), 0.0)


async def refuse(env: Environment, rng: Random, *, proxy: str) -> bool:
    """F7: every connection breaks, and new ones are refused for a while."""

    def begin(one: Proxy) -> None:
        one.refusing = True
        one.break_connections()

    return await _disturb(env, proxy, begin, rng.uniform(1.0, 4.0))


async def stall(env: Environment, rng: Random, *, proxy: str) -> bool:
    """F7: connections are accepted, but no byte passes in either direction."""
    return await _disturb(env, proxy, Proxy.stall, rng.uniform(2.0, 8.0))


async def delay(env: Environment, rng: Random, *, proxy: str) -> bool:
    """F7: every packet is delayed."""

    def begin(one: Proxy) -> None:
        one.delay_s = rng.uniform(0.02, 0.2)

    return await _disturb(env, proxy, begin, rng.uniform(2.0, 6.0))


async def drip(env: Environment, rng: Random, *, proxy: str) -> bool:
    """F7: every packet arrives byte by byte."""

    def begin(one: Proxy) -> None:
        one.byte_by_byte = True

    return await _disturb(env, proxy, begin, rng.uniform(1.0, 3.0))


async def lose_answers(env: Environment, rng: Random) -> bool:
    """F7: appends are committed, and their connections break before the answers arrive."""

    def begin(one: Proxy) -> None:
        one.drop_next("answer", b"demo/run/")

    fired = [await _disturb(env, "postgres", begin, 1.0) for _ in range(rng.randint(1, 4))]
    return any(fired)


async def _disturb(
    env: Environment, name: str, begin: Callable[[Proxy], None], for_s: float
) -> bool:
    """Disturb open connections for a while, and until something was disturbed."""
    proxy = env.postgres_proxy if name == "postgres" else env.kafka_proxy
    before = proxy.disturbances
    with suppress(NotInTime):
        await eventually(lambda: proxy.connections, within_s=TRAFFIC_S)
        begin(proxy)
        try:
            await asyncio.sleep(for_s)
            await eventually(lambda: proxy.disturbances > before, within_s=TRAFFIC_S)
        finally:
            proxy.heal()
    return proxy.disturbances > before


async def _restart_kafka(env: Environment, rng: Random, how: signal.Signals) -> bool:
    before = env.servers.kafka.pid
    await env.servers.stop_kafka(how)
    await asyncio.sleep(rng.uniform(0.0, 3.0))
    await env.servers.start_kafka()
    return env.servers.kafka.pid != before


async def _backends(env: Environment) -> list[int]:
    connection = await asyncpg.connect(env.cluster.database)
    try:
        return [pid for (pid,) in await connection.fetch(BACKENDS)]
    finally:
        await connection.close()


async def _wait_until_postgres_answers(env: Environment) -> None:
    """Wait until the server accepts connections again."""

    async def answers() -> bool:
        await _backends(env)
        return True

    await eventually(
        answers, within_s=RECONNECT_S, every_s=0.1, retry_on=(OSError, asyncpg.PostgresError)
    )
