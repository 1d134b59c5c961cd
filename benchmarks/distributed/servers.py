"""PostgreSQL and Kafka for the benchmarks: from the environment, else started as local processes.

Data are on a disk and PostgreSQL commits durably; DBOS uses the same server. Every installation
gets a new database and new topics.
"""

import asyncio
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg

from benchmarks.processes import MeasurementFailed
from tests.servers import local_kafka, local_postgres

T = TypeVar("T")

POSTGRES, KAFKA = "BATON_TEST_POSTGRES", "BATON_TEST_KAFKA"
_MUST_BE_ON = ("fsync", "synchronous_commit", "full_page_writes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """`postgres` is a URL whose user may create databases, `kafka` is kafka://host:port.

    `pids` are the servers' processes, if this program started them.
    """

    postgres: str
    kafka: str
    pids: Mapping[str, tuple[int, ...]]
    versions: Mapping[str, str]

    @contextmanager
    def database(self) -> Iterator[str]:
        """Create an empty database, yield its URL, and drop it."""
        name = f"baton_bench_{uuid4().hex[:12]}"
        self._ask(f"CREATE DATABASE {name}")
        try:
            yield urlunsplit(urlsplit(self.postgres)._replace(path=f"/{name}"))
        finally:
            self._ask(f"DROP DATABASE {name} WITH (FORCE)")
            self._ask("CHECKPOINT")  # what is written later is of what comes later

    def _ask(self, statement: str) -> Any:
        return asyncio.run(_asked(self.postgres, statement))


@contextmanager
def servers() -> Iterator[Servers]:
    """Run both servers until the block ends; raises MeasurementFailed if one is not available."""
    with ExitStack() as started:
        pids: dict[str, tuple[int, ...]] = {}
        versions: dict[str, str] = {}
        postgres = os.environ.get(POSTGRES) or _postgres(started, pids)
        kafka = os.environ.get(KAFKA) or _kafka(started, pids, versions)
        _must_be_durable(postgres)
        versions["PostgreSQL"] = asyncio.run(_asked(postgres, "SHOW server_version")).split()[0]
        yield Servers(postgres=postgres, kafka=kafka, pids=pids, versions=versions)


def _postgres(started: ExitStack, pids: dict[str, tuple[int, ...]]) -> str:
    found = local_postgres.postgres_programs()
    if found is None:
        raise MeasurementFailed(f"no PostgreSQL: {POSTGRES} isn't set, and none is installed")
    server = local_postgres.LocalPostgres(found, on_disk=True)
    started.callback(server.remove)
    server.start()
    pids["PostgreSQL"] = (server.pid,)
    return server.url


def _kafka(started: ExitStack, pids: dict[str, tuple[int, ...]], versions: dict[str, str]) -> str:
    found = local_kafka.kafka_jars()
    if found is None:
        raise MeasurementFailed(f"no Kafka: {KAFKA} isn't set, and none can be fetched")
    server = local_kafka.LocalKafka(found, on_disk=True)
    started.callback(server.remove)
    server.start()
    pids["Kafka"] = (server.pid,)
    versions["Kafka"] = found.name.rpartition("-")[2]
    return server.url


def _must_be_durable(url: str) -> None:
    for name in _MUST_BE_ON:
        if (value := asyncio.run(_asked(url, f"SHOW {name}"))) != "on":
            raise MeasurementFailed(f"PostgreSQL must keep what it commits: {name} is {value}")


async def _asked(url: str, statement: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()
