"""Followers that share a log, and each implementation of one behind the same face."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from baton.backends.kafka.client_lifecycle import close_client
from baton.backends.kafka.connection import Connection, connection_to
from baton.backends.kafka.names import TopicNames
from baton.backends.kafka.runs_topic.partitioned_log import (
    KafkaPartitionedLog,
    PartitionSubscription,
)
from baton.backends.kafka.runs_topic.publisher import KafkaPublisher
from baton.backends.kafka.runs_topic.run_event_reader import OnUnreadable, RunEventReader, log_only
from baton.backends.kafka.topic_admin import TopicAdmin
from baton.backends.memory.event_store import MemoryEventStore
from baton.backends.memory.partitioned_log import MemoryShares
from baton.domain.run.messages import RunStarted
from baton.eventlog.clock import SystemClock
from baton.eventlog.events.codec import encode
from baton.eventlog.events.envelope import Appended, Recorded, Stored, Write
from baton.eventlog.loops.follow import follow
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.partitions import OwnsStream, PartitionedLog
from baton.eventlog.ports.stores import EventStore, Subscription
from baton.eventlog.single_partition_log import SinglePartitionLog
from tests.conformance.opening import opens
from tests.servers.kafka import server_url, topic_prefix_for

ENDS_S = 60.0
SESSION_MS = 1_500
"""Tests don't wait long for a member that died."""


class Setting(Protocol):
    """One implementation: its two ends, and how a member of it dies."""

    @property
    def shares(self) -> PartitionedLog: ...

    async def publish(self, events: Sequence[Stored]) -> None: ...

    async def die(self, share: Subscription) -> None:
        """End a member without a goodbye."""
        ...


class Whole:
    """The log of one process, which one follower owns."""

    def __init__(self, stores: Stores) -> None:
        self.shares = SinglePartitionLog(stores.log, stores.events)
        self._events = stores.events

    async def publish(self, events: Sequence[Stored]) -> None:
        writes = [
            Write(stream=one.stream, expected=one.version - 1, events=[RunStarted(at=one.version)])
            for one in events
        ]
        for write in writes:
            assert isinstance(await self._events.append([write]), Appended)

    async def die(self, share: Subscription) -> None:
        await share.close()


class InMemory:
    """Members of one process."""

    def __init__(self) -> None:
        self.shares = MemoryShares()

    async def publish(self, events: Sequence[Stored]) -> None:
        await self.shares.publish(events)

    async def die(self, share: Subscription) -> None:
        await share.close()


class OnKafka:
    """Members of as many processes as there are."""

    def __init__(
        self,
        connection: Connection,
        prefix: str,
        *,
        store: EventStore | None = None,
        on_unreadable: OnUnreadable = log_only,
    ) -> None:
        self.names = TopicNames(prefix=prefix, records=f"{prefix}records")
        self.reader = RunEventReader(store or MemoryEventStore(), on_unreadable)
        topic_admin = TopicAdmin(connection, self.names)
        topic = self.names.runs
        self.publisher = KafkaPublisher(connection, topic_admin, topic)
        self.shares = KafkaPartitionedLog(
            connection, topic_admin, self.reader, topic=topic, prefix=prefix
        )

    async def publish(self, events: Sequence[Stored]) -> None:
        await self.publisher.publish(events)

    async def die(self, share: Subscription) -> None:
        assert isinstance(share, PartitionSubscription)
        member = share._member
        consumer, member._consumer = member._consumer, None
        assert consumer is not None
        await close_client(consumer, timeout_s=0)

    async def close(self) -> None:
        await self.shares.close()
        await self.publisher.close()


@asynccontextmanager
async def setting(name: str, folder: Path) -> AsyncIterator[Setting]:
    """Open one by its name."""
    if name == "kafka":
        connection = Connection(connection_to(server_url()).servers, session_ms=SESSION_MS)
        on_kafka = OnKafka(connection, topic_prefix_for(folder))
        yield on_kafka
        await on_kafka.close()
    elif name == "memory":
        yield InMemory()
    else:
        stores = await opens()[name.removeprefix("whole ")](folder)
        yield Whole(stores)
        await stores.close()


SHARED = ("kafka", "memory")
EVERY = (*SHARED, *(f"whole {name}" for name in sorted(opens())))


class Follower:
    """An owner and the loop that follows for it.

    `told` is what it gains (True) and loses, in order. `seen` are the events handed over, `strays`
    those of them in streams that it didn't own then.
    """

    def __init__(self, knows: Callable[[str, int], bool] = lambda _stream, _version: False) -> None:
        self.told: list[tuple[bool, OwnsStream]] = []
        self.seen: list[Recorded] = []
        self.strays: list[Recorded] = []
        self.gains_that_fail = 0
        self.going_on = asyncio.Event()
        self.going_on.set()
        self._knows = knows
        self.share: Subscription | None = None
        self.task: asyncio.Task[None] | None = None

    def already_seen(self, stream: str, version: int) -> bool:
        return self._knows(stream, version)

    async def gain(self, owns: OwnsStream) -> None:
        if self.gains_that_fail:
            self.gains_that_fail -= 1
            raise ConnectionError("the views are away")
        self.told.append((True, owns))

    async def lose(self, owns: OwnsStream) -> None:
        self.told.append((False, owns))

    async def handle(self, events: Sequence[Recorded]) -> None:
        await self.going_on.wait()
        self.strays += [one for one in events if not self.owns(one.stream)]
        self.seen += events

    def owns(self, stream: str) -> bool:
        return next((gained for gained, owns in reversed(self.told) if owns(stream)), False)

    @property
    def streams(self) -> set[str]:
        return {one.stream for one in self.seen}

    def versions(self, stream: str) -> list[int]:
        return [one.version for one in self.seen if one.stream == stream]


class Group:
    """Followers of one name."""

    name = "executor"

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.followers: list[Follower] = []

    async def join(self, follower: Follower | None = None) -> Follower:
        follower = follower or Follower()
        share = follower.share = await self.setting.shares.join(self.name, follower)
        follower.task = asyncio.create_task(follow(share, follower.handle, clock=SystemClock()))
        self.followers.append(follower)
        return follower

    async def leave(self, follower: Follower) -> None:
        """Stop following and say goodbye."""
        assert follower.task
        follower.task.cancel()
        await asyncio.wait((follower.task,))
        self.followers.remove(follower)

    async def die(self, follower: Follower) -> None:
        """Stop following without a goodbye."""
        assert follower.share
        await self.setting.die(follower.share)
        await self.leave(follower)

    async def settled(self, streams: Iterable[str], *followers: Follower) -> None:
        """Wait until each stream is owned by exactly one of `followers`, each having some."""
        names = list(streams)

        def shared_out() -> bool:
            owners = [[one for one in followers if one.owns(stream)] for stream in names]
            return all(len(of) == 1 for of in owners) and all(
                any(follower in of for of in owners) for follower in followers
            )

        await until(shared_out)

    def seen(self) -> Mapping[str, set[int]]:
        """Return the versions that anyone saw, by stream."""
        found: defaultdict[str, set[int]] = defaultdict(set)
        for follower in self.followers:
            for one in follower.seen:
                found[one.stream].add(one.version)
        return found

    async def saw(self, events: Sequence[Stored], *followers: Follower) -> None:
        """Wait until `followers` together, by default all, saw all of `events`."""

        def all_seen() -> bool:
            among = followers or self.followers
            seen = {(one.stream, one.version) for follower in among for one in follower.seen}
            return seen >= {(one.stream, one.version) for one in events}

        await until(all_seen)

    async def close(self) -> None:
        for follower in list(self.followers):
            await self.leave(follower)


def streams(count: int, begin: int = 0) -> list[str]:
    return [f"acme/run/r{number}" for number in range(begin, begin + count)]


def events(names: Iterable[str], *versions: int) -> list[Stored]:
    """Return events, all of one version before those of the next."""
    names = list(names)
    return [
        Stored(
            position=1_000 * version + number,
            stream=stream,
            version=version,
            topic="run.RunStarted",
            state=encode(RunStarted(at=version)),
        )
        for version in versions
        for number, stream in enumerate(names)
    ]


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(ENDS_S):
        while not holds():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)
