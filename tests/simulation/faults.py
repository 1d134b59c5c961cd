"""Stores, log and clock of one incarnation of a process, with faults at every await.

A killed incarnation gets no answer and changes nothing any more, whatever its tasks still try; to
the store that is a `kill -9`. A suspended incarnation resumes later without noticing.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import TypeVar

from baton.eventlog.errors import Unavailable
from baton.eventlog.events.envelope import Appended, Conflict, Recorded, Selection, Write
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.leases import Lease, Leases
from baton.eventlog.ports.stores import Checkpoints, EventStore, Log, Subscription
from baton.eventlog.ports.views import Change, Page, Query, Row, Table, ViewStore

T = TypeVar("T")
EPOCH = 1_700_000_000_000


class SimulationOver(BaseException):
    """Raised in the tasks of killed incarnations once the simulation is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultPlan:
    """The probability of each fault at one await; `max_delay_ms` bounds a delay."""

    delay: float = 0.25
    max_delay_ms: int = 30
    unavailable: float = 0.0
    repeat: float = 0.2


class Incarnation:
    """One process from its start to its end; draws the faults and counts them in `fault_counts`.

    After `crash_countdown` awaits, if set, the incarnation is `stopped`: it is suspended if
    `suspends` is set, and killed otherwise.
    """

    def __init__(self, rng: Random, fault_plan: FaultPlan, fault_counts: Counter[str]) -> None:
        self.rng = rng
        self.fault_plan = fault_plan
        self.fault_counts = fault_counts
        self.crash_countdown: int | None = None
        self.suspends = False
        self.stopped = asyncio.Event()
        self.killed = False
        self._awaits = 0
        self._running = asyncio.Event()
        self._running.set()
        self._never: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def kill(self) -> None:
        """End every later await without an answer."""
        self.killed = True
        self.stopped.set()
        self._running.set()

    def suspend(self) -> None:
        """Stop at the next await, as SIGSTOP does."""
        self.stopped.set()
        self._running.clear()

    def resume(self) -> None:
        """Continue after a suspension, as SIGCONT does."""
        self._running.set()

    def release(self) -> None:
        """Kill the incarnation and end its waiting tasks."""
        self.kill()
        if not self._never.done():
            self._never.set_exception(SimulationOver())
            self._never.exception()

    async def fault_point(self) -> None:
        """Crash, delay, or continue."""
        self._awaits += 1
        if self.crash_countdown is not None and self._awaits >= self.crash_countdown:
            self.crash_countdown = None
            if self.suspends:
                self.suspend()
            else:
                self.kill()
        await self._wait_if_stopped()
        if self.rng.random() < self.fault_plan.delay:
            await asyncio.sleep(self.rng.random() * self.fault_plan.max_delay_ms / 1000)
            await self._wait_if_stopped()

    async def call(self, action: Callable[[], Awaitable[T]]) -> T:
        """Call a store; a fault strikes before the call, after it, or not at all."""
        await self.fault_point()
        self._maybe_unavailable("unavailable before")
        result = await action()
        await self.fault_point()
        self._maybe_unavailable("unavailable after")
        return result

    def _maybe_unavailable(self, when: str) -> None:
        if self.rng.random() < self.fault_plan.unavailable:
            self.fault_counts[when] += 1
            raise Unavailable("the connection broke")

    async def _wait_if_stopped(self) -> None:
        if not self._running.is_set():
            await self._running.wait()
        if self.killed:
            await asyncio.shield(self._never)


class FaultyEvents:
    """An event store behind an unreliable connection."""

    def __init__(self, store: EventStore, incarnation: Incarnation) -> None:
        self._store = store
        self._incarnation = incarnation

    async def append(self, writes: Sequence[Write]) -> Appended | Conflict:
        result = await self._incarnation.call(lambda: self._store.append(writes))
        self._incarnation.fault_counts["conflict"] += isinstance(result, Conflict)
        return result

    async def read(self, stream: str, *, after: int = 0) -> Sequence[Recorded]:
        return await self._incarnation.call(lambda: self._store.read(stream, after=after))

    async def read_all(self, *, after: int, limit: int) -> Sequence[Recorded]:
        return await self._incarnation.call(lambda: self._store.read_all(after=after, limit=limit))

    async def select(self, wanted: Selection) -> Sequence[Recorded]:
        return await self._incarnation.call(lambda: self._store.select(wanted))

    async def head(self) -> int:
        return await self._incarnation.call(self._store.head)

    async def close(self) -> None:
        """Nothing to close."""


class FaultyLog:
    """A log that delivers late and in small batches, and repeats earlier events."""

    def __init__(self, log: Log, incarnation: Incarnation) -> None:
        self._log = log
        self._incarnation = incarnation

    async def subscribe(
        self, name: str, *, after: int, classes: frozenset[type] | None = None
    ) -> Subscription:
        await self._incarnation.fault_point()
        inner = await self._log.subscribe(name, after=after, classes=classes)
        return _Repeating(self._log, inner, self._incarnation, name)


class _Repeating:
    def __init__(self, log: Log, inner: Subscription, incarnation: Incarnation, name: str) -> None:
        self._log = log
        self._inner = inner
        self._incarnation = incarnation
        self._name = name
        self._delivered: list[Recorded] = []
        self._next: list[Recorded] = []

    async def next(self) -> Sequence[Recorded]:
        incarnation, rng = self._incarnation, self._incarnation.rng
        await incarnation.fault_point()
        if self._delivered and rng.random() < incarnation.fault_plan.repeat:
            back = rng.randint(1, len(self._delivered))
            self._next = self._delivered[-back:] + self._next
            del self._delivered[-back:]
            incarnation.fault_counts["repeated"] += back
        if not self._next:
            self._next = list(await self._inner.next())
        size = rng.randint(1, len(self._next)) if incarnation.fault_plan.repeat else len(self._next)
        batch, self._next = self._next[:size], self._next[size:]
        self._delivered = (self._delivered + batch)[-50:]
        await incarnation.fault_point()
        return batch

    async def close(self) -> None:
        await self._inner.close()


class FaultyViews:
    """A view store behind an unreliable connection."""

    def __init__(self, store: ViewStore, incarnation: Incarnation) -> None:
        self._store = store
        self._incarnation = incarnation

    async def prepare(self, tables: Sequence[Table]) -> None:
        await self._incarnation.fault_point()
        await self._store.prepare(tables)

    async def commit(self, changes: Sequence[Change], *, checkpoint: int) -> None:
        await self._incarnation.call(lambda: self._store.commit(changes, checkpoint=checkpoint))

    async def checkpoint(self) -> int:
        await self._incarnation.fault_point()
        return await self._store.checkpoint()

    async def get(self, table: str, tenant: str, key: str) -> bytes | None:
        return await self._incarnation.call(lambda: self._store.get(table, tenant, key))

    async def get_many(
        self, table: str, keys: Sequence[tuple[str, str]]
    ) -> Mapping[tuple[str, str], bytes]:
        return await self._incarnation.call(lambda: self._store.get_many(table, keys))

    async def find(self, query: Query) -> Page:
        return await self._incarnation.call(lambda: self._store.find(query))

    async def find_any(self, queries: Sequence[Query]) -> Page:
        return await self._incarnation.call(lambda: self._store.find_any(queries))

    async def scan(
        self, table: str, *, after: tuple[str, str] | None = None, limit: int = 1_000
    ) -> Sequence[Row]:
        return await self._store.scan(table, after=after, limit=limit)

    async def close(self) -> None:
        """Nothing to close."""


class FaultyCheckpoints:
    """Checkpoints behind an unreliable connection."""

    def __init__(self, store: Checkpoints, incarnation: Incarnation) -> None:
        self._store = store
        self._incarnation = incarnation

    async def load(self, name: str) -> int:
        return await self._incarnation.call(lambda: self._store.load(name))

    async def save(self, name: str, position: int) -> None:
        await self._incarnation.call(lambda: self._store.save(name, position))


class FaultyLeases:
    """Leases behind an unreliable connection."""

    def __init__(self, store: Leases, incarnation: Incarnation) -> None:
        self._store = store
        self._incarnation = incarnation

    async def acquire(self, name: str, *, holder: str, ttl_ms: int, at: int) -> Lease | None:
        return await self._incarnation.call(
            lambda: self._store.acquire(name, holder=holder, ttl_ms=ttl_ms, at=at)
        )

    async def release(self, lease: Lease) -> None:
        await self._incarnation.call(lambda: self._store.release(lease))

    async def held(self, *, at: int) -> Sequence[Lease]:
        return await self._incarnation.call(lambda: self._store.held(at=at))


class IncarnationClock:
    """The loop's time; a killed incarnation never wakes up."""

    def __init__(self, incarnation: Incarnation) -> None:
        self._incarnation = incarnation

    def now(self) -> int:
        return EPOCH + int(asyncio.get_running_loop().time() * 1000)

    async def sleep_until(self, due_at: float) -> None:
        await self.idle(max(0, due_at - self.now()))

    async def idle(self, duration_ms: float) -> None:
        await asyncio.sleep(duration_ms / 1000)
        await self._incarnation.fault_point()


def stores_of(stores: Stores, incarnation: Incarnation) -> Stores:
    """Return `stores` with the faults of `incarnation`."""
    return replace(
        stores,
        events=FaultyEvents(stores.events, incarnation),
        log=FaultyLog(stores.log, incarnation),
        views=FaultyViews(stores.views, incarnation),
        checkpoints=FaultyCheckpoints(stores.checkpoints, incarnation),
        leases=FaultyLeases(stores.leases, incarnation),
    )
