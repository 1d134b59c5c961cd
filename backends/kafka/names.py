"""Names of Baton's topics, their partition counts, and the partition of a key."""

from dataclasses import dataclass
from zlib import crc32

from baton.eventlog.ports.transport import TransportLocation

RUNS_PARTITIONS = 12
"""The number of partitions of the runs topic; executors beyond it are idle."""
PARTITIONS = 6
"""The number of partitions of every other topic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicNames:
    """Topics of one installation; `prefix` and `records` as in `TransportLocation`."""

    prefix: str
    records: str

    @property
    def runs(self) -> str:
        """Topic of run events."""
        return f"{self.prefix}runs"

    @property
    def dead_letters(self) -> str:
        """Topic of dead letters."""
        return f"{self.prefix}dlq"

    @property
    def results(self) -> str:
        """Topic of results and heartbeats of remote workers."""
        return f"{self.prefix}results"

    @property
    def fixed(self) -> tuple[str, ...]:
        """All topics whose names don't depend on the configured queues."""
        return self.runs, self.dead_letters, self.results, self.records

    def partitions(self, topic: str) -> int:
        """Return the number of partitions that `topic` is created with."""
        return RUNS_PARTITIONS if topic == self.runs else PARTITIONS


def topic_names(location: TransportLocation) -> TopicNames:
    """Return the topic names of the installation at `location`."""
    return TopicNames(prefix=location.prefix, records=location.records)


def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition of `key`, as librdkafka's `consistent` partitioner assigns it."""
    return crc32(key) % partitions
