"""A Kafka broker for tests, one per session, on which every folder has topics of its own.

It is the one at BATON_TEST_KAFKA (`host:port`, several with commas), else one in a container, else
a process of this machine.
"""

import atexit
import os
from functools import cache
from itertools import count
from pathlib import Path
from uuid import uuid4

from tests.servers.finding import absent, docker_answers
from tests.servers.local_kafka import LocalKafka, programs

VARIABLE = "BATON_TEST_KAFKA"
NOTE = "kafka.prefix"
"""The file that says how the names of a folder's topics begin."""

_SESSION = uuid4().hex[:8]
_numbers = count(1)


@cache
def server_url() -> str:
    """Return a broker's address; without any, the test that asks is skipped."""
    if given := os.environ.get(VARIABLE):
        return f"kafka://{given}"
    servers = _in_a_container() if docker_answers() else _on_this_machine().servers
    os.environ[VARIABLE] = servers  # for processes that tests start
    return f"kafka://{servers}"


def prefix_for(folder: Path) -> str:
    """Return what the names of the topics begin with that stand for `folder`."""
    note = folder / NOTE
    if not note.exists():
        folder.mkdir(parents=True, exist_ok=True)
        note.write_text(f"test-{_SESSION}-{next(_numbers)}.")
    return note.read_text()


def own_broker(*, advertised: int | None = None) -> LocalKafka:
    """Return a broker to be stopped and killed, not started yet; its owner removes it."""
    found = programs()
    if found is None:
        absent("Kafka", "no Java 17 with a broker on this machine")
    return LocalKafka(found, advertised=advertised)


def _in_a_container() -> str:
    from testcontainers.kafka import KafkaContainer  # noqa: PLC0415 - as its name says

    container = KafkaContainer().with_kraft()
    container.start()
    atexit.register(container.stop)
    return str(container.get_bootstrap_server())


def _on_this_machine() -> LocalKafka:
    found = programs()
    if found is None:
        absent("Kafka", f"{VARIABLE} isn't set, no container engine, no Java 17 with a broker here")
    server = LocalKafka(found)
    atexit.register(server.remove)
    server.start()
    return server
