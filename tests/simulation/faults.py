"""Stores, log and clock as one incarnation of a process sees them: it may die at any await.

A dead incarnation never hears an answer again and changes nothing any more, whatever its tasks
still try: that is what a `kill -9` looks like from the store. One that is suspended goes on later,
without knowing.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import TypeVar

from baton.eventlog.errors import Unavailable
from baton.eventlog.events.envelope import Appended, Conflict, Recorded, Write
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.leases import Lease, Leases
from baton.eventlog.ports.stores import Checkpoints, EventStore, Log, Subscription
from baton.eventlog.ports.views import Change, Page, Query, Row, Table, ViewStore

T = TypeVar("T")
EPOCH = 1_700_000_000_000


class Buried(BaseException):
    """The simulation is over; tasks of the dead may end now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """How likely faults are at one await; `longest_ms` bounds a delay."""

    delay: float = 0.25
    longest_ms: int = 30
    unavailable: float = 0.0
    repeat: float = 0.2


CALM = Weather(delay=0.0, repeat=0.0)


class Incarnation:
    """One life of a process: its faults are drawn here. `seen` counts those that happened.

    At its `fuse`-th await, if it has one, it is `lost`: it dies, or it is suspended.
    """

    def __init__(self, rng: Random, weather: Weather, seen: Counter[str]) -> None:
        self.rng = rng
        self.weather = weather
        self.seen = seen
        self.fuse: int | None = None
        self.mortal = True
        self.lost = asyncio.Event()
        self.dead = False
        self._awaits = 0
        self._on = asyncio.Event()
        self._on.set()
        self._grave: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def die(self) -> None:
        """Never answer again."""
        self.dead = True
        self.lost.set()
        self._on.set()

    def suspend(self) -> None:
        """Stop in the middle of everything, as SIGSTOP does."""
        self.lost.set()
        self._on.clear()

    def go_on(self) -> None:
        """Go on as if nothing had been."""
        self._on.set()

    def bury(self) -> None:
        """Let tasks that wait for ever end."""
        self.die()
        if not self._grave.done():
            self._grave.set_exception(Buried())
            self._grave.exception()

    async def gate(self) -> None:
        """Die here, dawdle here, or go on."""
        self._awaits += 1
        if self.fuse is not None and self._awaits >= self.fuse:
            self.fuse = None
            if self.mortal:
                self.die()
            else:
                self.suspend()
        await self._alive()
        if self.rng.random() < self.weather.delay:
            await asyncio.sleep(self.rng.random() * self.weather.longest_ms / 1000)
            await self._alive()

    async def effect(self, act: Callable[[], Awaitable[T]]) -> T:
        """Do something that lasts: the fault comes before it, after it, or not at all."""
        await self.gate()
        self._fail("unavailable before")
        result = await act()
        await self.gate()
        self._fail("unavailable after")
        return result

    def _fail(self, when: str) -> None:
        if self.rng.random() < self.weather.unavailable:
            self.seen[when] += 1
            raise Unavailable("the connection broke")

    async def _alive(self) -> None:
        if not self._on.is_set():
            await self._on.wait()
        if self.dead:
            await asyncio.shield(self._grave)


class FaultyEvents:
    """An event store behind a connection that breaks."""

    def __init__(self, store: EventStore, life: Incarnation) -> None:
        self._store = store
        self._life = life

    async def append(self, writes: Sequence[Write]) -> Appended | Conflict:
        result = await self._life.effect(lambda: self._store.append(writes))
        self._life.seen["conflict"] += isinstance(result, Conflict)
        return result

    async def read(self, stream: str, *, after: int = 0) -> Sequence[Recorded]:
        return await self._life.effect(lambda: self._store.read(stream, after=after))

    async def read_all(self, *, after: int, limit: int) -> Sequence[Recorded]:
        return await self._life.effect(lambda: self._store.read_all(after=after, limit=limit))

    async def head(self) -> int:
        return await self._life.effect(self._store.head)

    async def close(self) -> None:
        """Nothing is kept here."""


class FaultyLog:
    """A log that delivers late and in pieces, and begins anew some way back."""

    def __init__(self, log: Log, life: Incarnation) -> None:
        self._log = log
        self._life = life

    async def subscribe(self, name: str, *, after: int) -> Subscription:
        await self._life.gate()
        return _Repeating(self._log, await self._log.subscribe(name, after=after), self._life, name)


class _Repeating:
    def __init__(self, log: Log, inner: Subscription, life: Incarnation, name: str) -> None:
        self._log = log
        self._inner = inner
        self._life = life
        self._name = name
        self._given: list[Recorded] = []
        self._next: list[Recorded] = []

    async def next(self) -> Sequence[Recorded]:
        life, rng = self._life, self._life.rng
        await life.gate()
        if self._given and rng.random() < life.weather.repeat:
            back = rng.randint(1, len(self._given))
            self._next = self._given[-back:] + self._next
            del self._given[-back:]
            life.seen["repeated"] += back
        if not self._next:
            self._next = list(await self._inner.next())
        size = rng.randint(1, len(self._next)) if life.weather.repeat else len(self._next)
        batch, self._next = self._next[:size], self._next[size:]
        self._given = (self._given + batch)[-50:]
        await life.gate()
        return batch

    async def close(self) -> None:
        await self._inner.close()


class FaultyViews:
    """A view store behind the same connection."""

    def __init__(self, store: ViewStore, life: Incarnation) -> None:
        self._store = store
        self._life = life

    async def prepare(self, tables: Sequence[Table]) -> None:
        await self._life.gate()
        await self._store.prepare(tables)

    async def commit(self, changes: Sequence[Change], *, checkpoint: int) -> None:
        await self._life.effect(lambda: self._store.commit(changes, checkpoint=checkpoint))

    async def checkpoint(self) -> int:
        await self._life.gate()
        return await self._store.checkpoint()

    async def get(self, table: str, tenant: str, key: str) -> bytes | None:
        return await self._life.effect(lambda: self._store.get(table, tenant, key))

    async def get_many(
        self, table: str, keys: Sequence[tuple[str, str]]
    ) -> Mapping[tuple[str, str], bytes]:
        return await self._life.effect(lambda: self._store.get_many(table, keys))

    async def find(self, query: Query) -> Page:
        return await self._life.effect(lambda: self._store.find(query))

    async def scan(
        self, table: str, *, after: tuple[str, str] | None = None, limit: int = 1_000
    ) -> Sequence[Row]:
        return await self._store.scan(table, after=after, limit=limit)

    async def create_fresh(self) -> ViewStore:
        return await self._store.create_fresh()

    async def swap(self, fresh: ViewStore) -> None:
        await self._store.swap(fresh)

    async def close(self) -> None:
        """Nothing is kept here."""


class FaultyCheckpoints:
    """Checkpoints behind the same connection."""

    def __init__(self, store: Checkpoints, life: Incarnation) -> None:
        self._store = store
        self._life = life

    async def load(self, name: str) -> int:
        return await self._life.effect(lambda: self._store.load(name))

    async def save(self, name: str, position: int) -> None:
        await self._life.effect(lambda: self._store.save(name, position))


class FaultyLeases:
    """Leases behind the same connection."""

    def __init__(self, store: Leases, life: Incarnation) -> None:
        self._store = store
        self._life = life

    async def acquire(self, name: str, *, holder: str, ttl_ms: int, at: int) -> Lease | None:
        return await self._life.effect(
            lambda: self._store.acquire(name, holder=holder, ttl_ms=ttl_ms, at=at)
        )

    async def release(self, lease: Lease) -> None:
        await self._life.effect(lambda: self._store.release(lease))


class LifeClock:
    """The loop's time; a dead incarnation does not wake up."""

    def __init__(self, life: Incarnation) -> None:
        self._life = life

    def now(self) -> int:
        return EPOCH + int(asyncio.get_running_loop().time() * 1000)

    async def sleep(self, duration_ms: float) -> None:
        await asyncio.sleep(duration_ms / 1000)
        await self._life.gate()


def stores_of(stores: Stores, life: Incarnation) -> Stores:
    """Return the stores as `life` sees them."""
    return replace(
        stores,
        events=FaultyEvents(stores.events, life),
        log=FaultyLog(stores.log, life),
        views=FaultyViews(stores.views, life),
        checkpoints=FaultyCheckpoints(stores.checkpoints, life),
        leases=FaultyLeases(stores.leases, life),
    )
