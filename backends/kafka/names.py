"""What Baton's topics are called, how many partitions they have, and which one a key belongs to."""

from dataclasses import dataclass
from zlib import crc32

from baton.eventlog.ports.transport import TransportLocation

RUNS_PARTITIONS = 12
"""Executors share runs by partition: more of them than partitions would have nothing to do."""
PARTITIONS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicNames:
    """The topics of one Baton; `prefix` and `records` as in `TransportLocation`."""

    prefix: str
    records: str

    @property
    def runs(self) -> str:
        """The topic of the runs' events."""
        return f"{self.prefix}runs"

    @property
    def dead_letters(self) -> str:
        """The topic of messages that were given up."""
        return f"{self.prefix}dlq"

    @property
    def results(self) -> str:
        """The topic on which remote workers answer."""
        return f"{self.prefix}results"

    @property
    def fixed(self) -> tuple[str, ...]:
        """All topics that don't depend on what queues there are."""
        return self.runs, self.dead_letters, self.results, self.records

    def partitions(self, topic: str) -> int:
        """Return how many partitions `topic` is created with."""
        return RUNS_PARTITIONS if topic == self.runs else PARTITIONS


def topic_names(route: TransportLocation) -> TopicNames:
    """Return the names that `route` stands for."""
    return TopicNames(prefix=route.prefix, records=route.records)


def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition of a key as librdkafka's `consistent` partitioner has it."""
    return crc32(key) % partitions
