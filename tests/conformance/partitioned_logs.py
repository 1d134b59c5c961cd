"""Members of a consumer group on a partitioned log, for each implementation of one."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

from baton.domain.run.messages.run_events import RunStarted
from baton.eventlog.clock import SystemClock
from baton.eventlog.events.codec import encode
from baton.eventlog.events.envelope import Appended, Recorded, Stored, Write
from baton.eventlog.loops.follow import follow
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.partitions import OwnsStream, PartitionOwner
from baton.eventlog.ports.stores import Subscription
from baton.executor.single_partition_log import SinglePartitionLog
from tests.conformance.deployments import OpenStores, store_openers, technologies
from tests.kit.eventually import eventually

WITHIN_S = 60.0
"""A rebalance on Kafka can take several seconds; on a busy machine even more."""


class PartitionedLogUnderTest(Protocol):
    """A log with its publisher, whose members can crash."""

    async def publish(self, events: Sequence[Stored]) -> None: ...

    async def join(self, name: str, owner: PartitionOwner) -> Subscription: ...

    async def crash(self, subscription: Subscription) -> None:
        """End a member that doesn't leave its group."""
        ...


class SinglePartition:
    """The log of one process, which one follower owns whole."""

    def __init__(self, stores: Stores) -> None:
        self._log = SinglePartitionLog(stores.log, stores.events)
        self._events = stores.events

    async def publish(self, events: Sequence[Stored]) -> None:
        writes = [
            Write(stream=one.stream, expected=one.version - 1, events=[RunStarted(at=one.version)])
            for one in events
        ]
        for write in writes:
            assert isinstance(await self._events.append([write]), Appended)

    async def join(self, name: str, owner: PartitionOwner) -> Subscription:
        return await self._log.join(name, owner)

    async def crash(self, subscription: Subscription) -> None:
        await subscription.close()


OpenLog = Callable[[Path], AbstractAsyncContextManager[PartitionedLogUnderTest]]


def partitioned_logs() -> dict[str, OpenLog]:
    """Return how to open each log whose partitions several members share."""
    found = technologies("open_partitioned_log")
    return {name: module.open_partitioned_log for name, module in found.items()}


def all_logs() -> dict[str, OpenLog]:
    """Return how to open each partitioned log, and the log of each backend as one partition."""
    single = {
        f"{name} as one partition": _single_partition(open_stores)
        for name, open_stores in store_openers().items()
    }
    return {**partitioned_logs(), **single}


def _single_partition(open_stores: OpenStores) -> OpenLog:
    @asynccontextmanager
    async def opened(folder: Path) -> AsyncIterator[SinglePartition]:
        stores = await open_stores(folder)
        yield SinglePartition(stores)
        await stores.close()

    return opened


class Follower:
    """An owner of partitions and the loop that follows the log for it.

    `assignments` are the partitions it gained (True) and lost (False), in order. `seen` are the
    events it was handed, `unowned` those of them in streams that it didn't own at that moment.
    """

    def __init__(
        self, already_seen: Callable[[str, int], bool] = lambda _stream, _version: False
    ) -> None:
        self.assignments: list[tuple[bool, OwnsStream]] = []
        self.seen: list[Recorded] = []
        self.unowned: list[Recorded] = []
        self.failing_gains = 0
        self.may_handle = asyncio.Event()
        self.may_handle.set()
        self._already_seen = already_seen
        self.subscription: Subscription | None = None
        self.task: asyncio.Task[None] | None = None

    def already_seen(self, stream: str, version: int) -> bool:
        return self._already_seen(stream, version)

    async def gain(self, owns: OwnsStream) -> None:
        if self.failing_gains:
            self.failing_gains -= 1
            raise ConnectionError("the views can't be read")
        self.assignments.append((True, owns))

    async def lose(self, owns: OwnsStream) -> None:
        self.assignments.append((False, owns))

    async def handle(self, events: Sequence[Recorded]) -> None:
        await self.may_handle.wait()
        self.unowned += [one for one in events if not self.owns(one.stream)]
        self.seen += events

    def owns(self, stream: str) -> bool:
        return next((gained for gained, owns in reversed(self.assignments) if owns(stream)), False)

    @property
    def streams(self) -> set[str]:
        return {one.stream for one in self.seen}

    def versions(self, stream: str) -> list[int]:
        return [one.version for one in self.seen if one.stream == stream]


class Group:
    """Followers that share one consumer group."""

    name = "executor"

    def __init__(self, log: PartitionedLogUnderTest) -> None:
        self.log = log
        self.followers: list[Follower] = []

    async def join(self, follower: Follower | None = None) -> Follower:
        follower = follower or Follower()
        subscription = follower.subscription = await self.log.join(self.name, follower)
        follower.task = asyncio.create_task(
            follow(subscription, follower.handle, clock=SystemClock())
        )
        self.followers.append(follower)
        return follower

    async def leave(self, follower: Follower) -> None:
        """Stop following and leave the group."""
        assert follower.task
        follower.task.cancel()
        await asyncio.wait((follower.task,))
        self.followers.remove(follower)

    async def crash(self, follower: Follower) -> None:
        """Stop following without leaving the group, as a killed process does."""
        assert follower.subscription
        await self.log.crash(follower.subscription)
        await self.leave(follower)

    async def wait_until_assigned(self, streams: Iterable[str], *followers: Follower) -> None:
        """Wait until each stream is owned by exactly one of `followers`, each having some."""
        names = list(streams)

        def assigned() -> bool:
            owners = [[one for one in followers if one.owns(stream)] for stream in names]
            return all(len(of) == 1 for of in owners) and all(
                any(follower in of for of in owners) for follower in followers
            )

        await eventually(assigned, within_s=WITHIN_S)

    def seen(self) -> Mapping[str, set[int]]:
        """Return the versions that any follower saw, by stream."""
        found: defaultdict[str, set[int]] = defaultdict(set)
        for follower in self.followers:
            for one in follower.seen:
                found[one.stream].add(one.version)
        return found

    async def wait_until_seen(self, events: Sequence[Stored], *followers: Follower) -> None:
        """Wait until `followers` together, by default all, saw all of `events`."""

        def all_seen() -> bool:
            among = followers or self.followers
            seen = {(one.stream, one.version) for follower in among for one in follower.seen}
            return seen >= {(one.stream, one.version) for one in events}

        await eventually(all_seen, within_s=WITHIN_S)

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
