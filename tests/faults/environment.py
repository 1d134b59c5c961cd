"""Servers of one's own, behind proxies, and a cluster on them: everything that faults can hit."""

import asyncio
import logging
import random
import secrets
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from baton.backends.postgres.schema import migrate
from tests.faults.distributed_checkers import InjectedFault, LeaseObservation
from tests.faults.driver import Driver, driving
from tests.faults.fault_cluster import FaultCluster
from tests.faults.load import Load
from tests.faults.supervisor import Supervisor
from tests.servers.availability import skip_or_fail, unused_port
from tests.servers.kafka import private_broker
from tests.servers.local_kafka import LocalKafka
from tests.servers.local_postgres import LocalPostgres, postgres_programs
from tests.servers.proxy import Proxy
from tests.servers.service import Service, Verb

EVERYTHING: tuple[Verb, ...] = ("api", "executor", "executor", "projector", "scheduler")
WATCH_S = 0.5
START_S = 60.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Servers:
    """A PostgreSQL and a Kafka; the latter sends its clients to `advertised`, a proxy's port."""

    postgres: LocalPostgres
    kafka: LocalKafka

    async def start_postgres(self) -> None:
        """Start it, as often as it takes: processes of a killed one may hold its memory a while."""
        deadline = time.monotonic() + START_S
        while True:
            try:
                self.postgres.launch()
                await asyncio.to_thread(self.postgres.wait)
            except RuntimeError:
                await asyncio.to_thread(self.postgres.stop, signal.SIGKILL)
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.2)
            else:
                return

    async def stop_postgres(self, how: signal.Signals) -> None:
        """Stop it in one of PostgreSQL's ways, or kill it."""
        await asyncio.to_thread(self.postgres.stop, how)

    async def start_kafka(self) -> None:
        """Start it."""
        self.kafka.launch()
        while True:
            if await asyncio.to_thread(self.kafka.is_ready):
                return
            await asyncio.sleep(0.05)

    async def stop_kafka(self, how: signal.Signals) -> None:
        """Stop it, or kill it."""
        await asyncio.to_thread(self.kafka.stop, how)


@dataclass(slots=True)
class Environment:
    """What is under fault; `struck` are the faults that fired, `missed` those that did not."""

    servers: Servers
    postgres_proxy: Proxy
    kafka_proxy: Proxy
    cluster: FaultCluster
    driver: Driver[FaultCluster]
    load: Load
    supervisor: Supervisor
    rng: Random
    injected: list[InjectedFault] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    observations: list[LeaseObservation] = field(default_factory=list)
    wiped: bool = False

    async def start(self, *verbs: Verb, ticking: bool = True) -> list[Service]:
        """Start services (each kind, and two executors, unless told) and define what they run."""
        started = await self.cluster.start(*(verbs or EVERYTHING))
        await self.load.prepare(ticking=ticking)
        return started

    async def watch(self) -> None:
        """Note who holds which lease, until cancelled."""
        while True:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
                async with asyncio.timeout(5):
                    self.observations += await self.cluster.sighted()
            await asyncio.sleep(WATCH_S)

    def heal(self) -> None:
        """Pass on everything again."""
        self.postgres_proxy.heal()
        self.kafka_proxy.heal()

    def note(self, name: str, began: float, *, fired: bool) -> None:
        """Write down what became of a fault."""
        injected = InjectedFault(name, int(began * 1_000), int(time.time() * 1_000))
        if fired:
            self.injected.append(injected)
        else:
            self.missed.append(name)
        self.driver.history.fault(name, fired=fired, began=began)


@contextmanager
def servers() -> Iterator[Servers]:
    """Start both; Kafka is to be reached through a proxy on the port that it names."""
    found = postgres_programs()
    if found is None:
        skip_or_fail("PostgreSQL", "a server to be killed must be a process of this machine")
    postgres = LocalPostgres(found)
    kafka = private_broker(advertised=unused_port())
    try:
        postgres.start()
        kafka.start()
        yield Servers(postgres, kafka)
    finally:
        kafka.remove()
        postgres.remove()


@asynccontextmanager
async def environment_on(
    servers: Servers, folder: Path, *, seed: int | None = None
) -> AsyncIterator[Environment]:
    """Yield an env with a database and topics of its own; nothing is started in it."""
    seed = random.getrandbits(32) if seed is None else seed
    rng = Random(seed)
    _log.warning("seed %d", seed)
    name = f"baton_{secrets.token_hex(4)}"
    database = urlunsplit(urlsplit(servers.postgres.url)._replace(path=f"/{name}"))
    await _create(servers.postgres.url, name)
    await migrate(database)
    async with (
        Proxy(database) as postgres_proxy,
        Proxy(servers.kafka.url, port=servers.kafka.advertised) as kafka_proxy,
        FaultCluster(
            folder, database=database, kafka=kafka_proxy.url, store=postgres_proxy.url
        ) as cluster,
        driving(cluster) as driver,
    ):
        supervisor = Supervisor(cluster)
        load = Load(driver, rng)
        env = Environment(
            servers, postgres_proxy, kafka_proxy, cluster, driver, load, supervisor, rng
        )
        watching = asyncio.create_task(env.watch())
        try:
            yield env
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            await supervisor.stop()
            await load.close()
            await cluster.kill()


async def _create(server: str, name: str) -> None:
    admin = await asyncpg.connect(server)
    try:
        await admin.execute(f"CREATE DATABASE {name}")
    finally:
        await admin.close()
