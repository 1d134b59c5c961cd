"""One Kafka broker per test session; each test folder gets its own topic prefix.

The broker is the one at BATON_TEST_KAFKA (`host:port`, comma separated), else one in a container,
else a local process.
"""

import atexit
import os
from functools import cache
from itertools import count
from pathlib import Path
from uuid import uuid4

from tests.servers.availability import docker_is_available, skip_or_fail
from tests.servers.local_kafka import LocalKafka, kafka_jars

VARIABLE = "BATON_TEST_KAFKA"
PREFIX_FILE = "kafka.prefix"
"""File in a test folder that stores the folder's topic prefix."""

_SESSION = uuid4().hex[:8]
_numbers = count(1)


@cache
def server_url() -> str:
    """Return the broker's URL; skips the running test if there is no broker."""
    if given := os.environ.get(VARIABLE):
        return f"kafka://{given}"
    servers = _start_container() if docker_is_available() else _start_local().servers
    os.environ[VARIABLE] = servers  # for processes that tests start
    return f"kafka://{servers}"


def topic_prefix_for(folder: Path) -> str:
    """Return the topic prefix of `folder`, always the same one."""
    file = folder / PREFIX_FILE
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(f"test-{_SESSION}-{next(_numbers)}.")
    return file.read_text()


def private_broker(*, advertised: int | None = None) -> LocalKafka:
    """Return a broker that one test may stop and kill; it is not started yet.

    The caller owns it and ends it by `remove`.

    Args:
        advertised: Port that clients are redirected to, such as that of a proxy.
    """
    found = kafka_jars()
    if found is None:
        skip_or_fail("Kafka", "no Java 17 and Kafka jars on this machine")
    return LocalKafka(found, advertised=advertised)


def _start_container() -> str:
    from testcontainers.kafka import KafkaContainer  # noqa: PLC0415 - only with an engine

    container = KafkaContainer().with_kraft()
    container.start()
    atexit.register(container.stop)
    return str(container.get_bootstrap_server())


def _start_local() -> LocalKafka:
    found = kafka_jars()
    if found is None:
        skip_or_fail(
            "Kafka", f"{VARIABLE} isn't set, no container engine, no Java 17 and Kafka jars"
        )
    server = LocalKafka(found)
    atexit.register(server.remove)
    server.start()
    return server
