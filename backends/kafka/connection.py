"""The way to a Kafka cluster: its address, and clients with the settings that lose nothing.

aiokafka's own defaults lose messages or repeat them, so whoever needs a client takes it from here,
and ends it by `baton.backends.kafka.client_lifecycle.close_client`.
"""

import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import ConsumerStoppedError, IllegalOperation, KafkaError

from baton.eventlog.clock import SystemClock
from baton.eventlog.errors import Unavailable
from baton.eventlog.loops.retry import RetryPolicy
from baton.eventlog.loops.retry import retry as retry_action

SCHEME = "kafka://"
DEFAULT_PORT = 9092

REQUEST_MS = 10_000
CONSUMER_REQUEST_MS = 20_000
"""Longer than a rebalance, which holds a member's request back until all have joined."""
SESSION_MS = 6_000
"""How long a member that is gone keeps its partitions; brokers take no less by default."""
PATIENCE_MS = 24 * 3_600_000
"""How long a member may handle what it received; by its heartbeat it is known to be there."""
METADATA_MS = 30_000
RETRY_MS = 100
BATCH_BYTES = 256 * 1024
FETCH_BYTES = 2 * 1024 * 1024
"""What comes in at once is taken apart at once: nothing else happens meanwhile."""

CLIENT_ERRORS = (KafkaError, ConsumerStoppedError, IllegalOperation, OSError, TimeoutError)
"""What clients raise when the cluster doesn't answer, or not as it should."""

Assignor = type[AbstractPartitionAssignor]
T = TypeVar("T")

_log = logging.getLogger("baton.kafka")

_CLOCK = SystemClock()
_RETRY = RetryPolicy(first_ms=100, max_ms=2_000, transient=(*CLIENT_ERRORS, Unavailable))


@dataclass(frozen=True, slots=True)
class Connection:
    """Where a cluster is: `host:port` of some of its brokers."""

    servers: tuple[str, ...]
    session_ms: int = SESSION_MS

    @property
    def bootstrap(self) -> str:
        """Return the brokers as clients take them."""
        return ",".join(self.servers)

    def producer(self) -> AIOKafkaProducer:
        """Return a producer that repeats nothing and counts as sent what all replicas have."""
        return AIOKafkaProducer(
            bootstrap_servers=self.bootstrap,
            client_id="baton",
            acks="all",
            enable_idempotence=True,
            max_batch_size=BATCH_BYTES,
            request_timeout_ms=REQUEST_MS,
            retry_backoff_ms=RETRY_MS,
            metadata_max_age_ms=METADATA_MS,
        )

    def consumer(
        self, *, group: str | None, assignor: Assignor = RoundRobinPartitionAssignor
    ) -> AIOKafkaConsumer:
        """Return a consumer of raw bytes, which commits nothing by itself.

        It is subscribed to nothing, so that `start` doesn't wait for the group.
        """
        return AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap,
            client_id="baton",
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            partition_assignment_strategy=(assignor,),
            session_timeout_ms=self.session_ms,
            heartbeat_interval_ms=self.session_ms // 4,
            max_poll_interval_ms=PATIENCE_MS,
            rebalance_timeout_ms=CONSUMER_REQUEST_MS // 2,
            max_partition_fetch_bytes=FETCH_BYTES,
            fetch_max_bytes=FETCH_BYTES,
            request_timeout_ms=CONSUMER_REQUEST_MS,
            retry_backoff_ms=RETRY_MS,
            metadata_max_age_ms=METADATA_MS,
        )

    def admin(self) -> AIOKafkaAdminClient:
        """Return a client that creates topics."""
        return AIOKafkaAdminClient(
            bootstrap_servers=self.bootstrap, client_id="baton", request_timeout_ms=REQUEST_MS
        )


def connection_to(url: str) -> Connection:
    """Return the way to the cluster at `kafka://host:port[,host:port]`; raises `Unavailable`."""
    servers = url.removeprefix(SCHEME).rstrip("/").split(",")
    if not url.startswith(SCHEME) or not all(servers):
        raise Unavailable(f"Kafka is found by its address, kafka://host:port; this is {url}")
    return Connection(tuple(_with_port(server) for server in servers))


def _with_port(server: str) -> str:
    last = server.rpartition(":")[2]
    return server if last.isdigit() and server != last else f"{server}:{DEFAULT_PORT}"


@contextmanager
def as_unavailable() -> Iterator[None]:
    """Turn what clients raise into `Unavailable`."""
    try:
        yield
    except CLIENT_ERRORS as error:
        message = str(error) or type(error).__name__
        raise Unavailable(f"Kafka: {message}") from error


async def retry(action: Callable[[], Awaitable[T]], doing: str) -> T:
    """Repeat `action` until Kafka answers, without limit; each failure is logged.

    Args:
        doing: What the action does, as the subject of the warning: "receiving from baton.runs".
    """
    return await retry_action(action, clock=_CLOCK, log=_log, doing=doing, policy=_RETRY)
