"""Address of a Kafka cluster, and clients configured not to lose or repeat messages.

aiokafka's defaults do lose and repeat messages, so every client is created here. Its owner closes
it by `baton.backends.kafka.client_lifecycle.close_client`.
"""

import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient
from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import ConsumerStoppedError, IllegalOperation, KafkaError

from baton.backends.kafka.security import NO_SECURITY, Security, resolve_security
from baton.eventlog.clock import SystemClock
from baton.eventlog.errors import Misconfigured, Unavailable
from baton.eventlog.loops.retry import RetryPolicy, retry
from baton.eventlog.ports.transport import TransportSecurity

SCHEME = "kafka://"
DEFAULT_PORT = 9092

REQUEST_MS = 10_000
"""The request timeout of producers and admin clients."""
CONSUMER_REQUEST_MS = 20_000
"""The request timeout of consumers; a join is answered only when all members have joined."""
SESSION_MS = 6_000
"""The time until a dead member loses its partitions; by default brokers accept no less."""
MAX_POLL_INTERVAL_MS = 24 * 3_600_000
"""The longest time between two polls of a live member.

A batch may take long; heartbeats show that the member is alive.
"""
METADATA_MS = 30_000
"""The age at which clients refresh topics, partitions and leaders."""
RETRY_MS = 100
BATCH_BYTES = 256 * 1024
FETCH_BYTES = 2 * 1024 * 1024
"""The size of a fetch; aiokafka decodes it without a pause, which blocks the event loop."""

CLIENT_ERRORS = (KafkaError, ConsumerStoppedError, IllegalOperation, OSError, TimeoutError)
"""The errors that aiokafka raises when the cluster doesn't answer or refuses a request."""

Assignor = type[AbstractPartitionAssignor]
T = TypeVar("T")

_log = logging.getLogger("baton.kafka")

_UNSPECIFIED = TransportSecurity()
_CLOCK = SystemClock()
_RETRY = RetryPolicy(first_ms=100, max_ms=2_000, transient=(*CLIENT_ERRORS, Unavailable))


@dataclass(frozen=True, slots=True)
class Connection:
    """Some brokers of a cluster as `host:port`, and how clients connect to it.

    `session_ms` is the session timeout of group members.
    """

    servers: tuple[str, ...]
    session_ms: int = SESSION_MS
    security: Security = NO_SECURITY

    @property
    def bootstrap(self) -> str:
        """The brokers in aiokafka's notation."""
        return ",".join(self.servers)

    def producer(self) -> AIOKafkaProducer:
        """Return an idempotent producer whose messages are acknowledged by all in-sync replicas."""
        return AIOKafkaProducer(
            bootstrap_servers=self.bootstrap,
            client_id="baton",
            acks="all",
            enable_idempotence=True,
            max_batch_size=BATCH_BYTES,
            request_timeout_ms=REQUEST_MS,
            retry_backoff_ms=RETRY_MS,
            metadata_max_age_ms=METADATA_MS,
            **self.security.options,
        )

    def consumer(
        self, *, group: str | None, assignor: Assignor = RoundRobinPartitionAssignor
    ) -> AIOKafkaConsumer:
        """Return a consumer of raw bytes that never commits offsets by itself.

        It has no subscription yet, so that `start` doesn't wait for the group.

        Args:
            group: Consumer group, or None to consume alone.
            assignor: Partition assignment strategy of the group.
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
            max_poll_interval_ms=MAX_POLL_INTERVAL_MS,
            rebalance_timeout_ms=CONSUMER_REQUEST_MS // 2,
            max_partition_fetch_bytes=FETCH_BYTES,
            fetch_max_bytes=FETCH_BYTES,
            request_timeout_ms=CONSUMER_REQUEST_MS,
            retry_backoff_ms=RETRY_MS,
            metadata_max_age_ms=METADATA_MS,
            **self.security.options,
        )

    def admin(self) -> AIOKafkaAdminClient:
        """Return an admin client."""
        return AIOKafkaAdminClient(
            bootstrap_servers=self.bootstrap,
            client_id="baton",
            request_timeout_ms=REQUEST_MS,
            **self.security.options,
        )

    def client(self, *, client_id: str, request_ms: int) -> AIOKafkaClient:
        """Return a client that sends single requests.

        Args:
            client_id: Names the client to the brokers.
            request_ms: Request timeout.
        """
        return AIOKafkaClient(
            bootstrap_servers=self.bootstrap,
            client_id=client_id,
            request_timeout_ms=request_ms,
            metadata_max_age_ms=METADATA_MS,
            **self.security.options,
        )


def connection_to(url: str, security: TransportSecurity = _UNSPECIFIED) -> Connection:
    """Parse `kafka://host:port[,host:port]`.

    Args:
        url: The address.
        security: How to connect.

    Raises `Misconfigured`, which names the setting, if one of them can't be used.
    """
    hosts = url.removeprefix(SCHEME).rstrip("/").split(",")
    if not url.startswith(SCHEME) or not all(hosts):
        raise Misconfigured(f"Kafka: {url} is not an address like kafka://host:port")
    servers = tuple(_with_port(server) for server in hosts)
    return Connection(servers, security=resolve_security(security, servers))


def _with_port(server: str) -> str:
    last = server.rpartition(":")[2]
    return server if last.isdigit() and server != last else f"{server}:{DEFAULT_PORT}"


@contextmanager
def as_unavailable() -> Iterator[None]:
    """Convert `CLIENT_ERRORS` to `Unavailable`."""
    try:
        yield
    except CLIENT_ERRORS as error:
        message = str(error) or type(error).__name__
        raise Unavailable(f"Kafka: {message}") from error


async def retry_forever(action: Callable[[], Awaitable[T]], doing: str) -> T:
    """Call `action` until Kafka answers; each failure is logged.

    Args:
        action: Retried on `CLIENT_ERRORS` and `Unavailable`, with exponential backoff.
        doing: Subject of the warnings, such as "consuming baton.runs".
    """
    return await retry(action, clock=_CLOCK, log=_log, doing=doing, policy=_RETRY)
