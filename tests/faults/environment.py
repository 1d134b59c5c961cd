"""A cluster on PostgreSQL and Kafka servers of its own, behind proxies, so that faults can hit all.

The servers are processes of this machine: a test may stop, kill, freeze and wipe them.
"""

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
from tests.kit.eventually import NotInTime, eventually
from tests.servers.availability import skip_or_fail, unused_port
from tests.servers.kafka import private_broker
from tests.servers.local_kafka import LocalKafka
from tests.servers.local_postgres import LocalPostgres, postgres_programs
from tests.servers.proxy import Proxy
from tests.servers.service import Service, Verb

DEFAULT_SERVICES: tuple[Verb, ...] = ("api", "executor", "executor", "projector", "scheduler")
OBSERVE_EVERY_S = 0.5
START_S = 60.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Servers:
    """A PostgreSQL and a Kafka server; Kafka redirects clients to `advertised`, a proxy's port."""

    postgres: LocalPostgres
    kafka: LocalKafka

    async def start_postgres(self) -> None:
        """Start PostgreSQL, with retries.

        Orphaned backends of a killed postmaster keep its shared memory for a moment; until they
        have ended, a start fails.
        """

        async def has_started() -> bool:
            self.postgres.launch()
            try:
                await asyncio.to_thread(self.postgres.wait)
            except (RuntimeError, NotInTime):
                await asyncio.to_thread(self.postgres.stop, signal.SIGKILL)
                raise
            return True

        await eventually(has_started, within_s=START_S, every_s=0.2, retry_on=(RuntimeError,))

    async def stop_postgres(self, how: signal.Signals) -> None:
        """Send PostgreSQL one of its shutdown signals, or SIGKILL, and wait for its end."""
        await asyncio.to_thread(self.postgres.stop, how)

    async def start_kafka(self) -> None:
        """Start Kafka and wait until it accepts connections."""
        self.kafka.launch()

        async def is_ready() -> bool:
            return await asyncio.to_thread(self.kafka.is_ready)

        await eventually(is_ready, within_s=START_S, every_s=0.05)

    async def stop_kafka(self, how: signal.Signals) -> None:
        """Send Kafka SIGTERM or SIGKILL and wait for its end."""
        await asyncio.to_thread(self.kafka.stop, how)


@dataclass(slots=True)
class Environment:
    """The system under fault, its load, and a record of faults and of lease holders.

    `injected` holds the faults that took effect, `missed` the names of those that did not. `wiped`
    is true once Kafka has lost its data.
    """

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
        """Start services (`DEFAULT_SERVICES` if none is named) and create the load's definitions.

        Args:
            verbs: The services to start, one for each item.
            ticking: Whether a definition with a schedule is among those created.
        """
        started = await self.cluster.start(*(verbs or DEFAULT_SERVICES))
        await self.load.prepare(ticking=ticking)
        return started

    async def observe_leases(self) -> None:
        """Record the holders of all leases at intervals, until cancelled."""
        while True:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
                async with asyncio.timeout(5):
                    self.observations += await self.cluster.leases()
            await asyncio.sleep(OBSERVE_EVERY_S)

    def heal(self) -> None:
        """Let both proxies forward everything again."""
        self.postgres_proxy.heal()
        self.kafka_proxy.heal()

    def record_fault(self, name: str, began: float, *, fired: bool) -> None:
        """Record a fault that has ended.

        Args:
            name: The fault's name.
            began: The start of the fault in seconds since the epoch.
            fired: Whether the fault took effect.
        """
        injected = InjectedFault(name, int(began * 1_000), int(time.time() * 1_000))
        if fired:
            self.injected.append(injected)
        else:
            self.missed.append(name)
        self.driver.history.record_fault(name, fired=fired, began=began)


@contextmanager
def servers() -> Iterator[Servers]:
    """Start PostgreSQL and Kafka; Kafka expects a proxy on its advertised port."""
    found = postgres_programs()
    if found is None:
        skip_or_fail("PostgreSQL", "a server that tests kill must be a process of this machine")
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
    """Yield an environment with a database and topics of its own, and no service started.

    Args:
        servers: The servers that the environment shares with other tests of the process.
        folder: The folder of the services' logs and of the history.
        seed: The seed of all random choices; a random one, which is logged, if None.
    """
    seed = random.getrandbits(32) if seed is None else seed
    rng = Random(seed)
    _log.warning("seed %d", seed)
    name = f"baton_{secrets.token_hex(4)}"
    database = urlunsplit(urlsplit(servers.postgres.url)._replace(path=f"/{name}"))
    await _create_database(servers.postgres.url, name)
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
        observing = asyncio.create_task(env.observe_leases())
        try:
            yield env
        finally:
            observing.cancel()
            await asyncio.gather(observing, return_exceptions=True)
            await supervisor.stop()
            await load.close()
            await cluster.kill()


async def _create_database(server: str, name: str) -> None:
    admin = await asyncpg.connect(server)
    try:
        await admin.execute(f"CREATE DATABASE {name}")
    finally:
        await admin.close()
