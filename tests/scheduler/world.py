"""Stores in memory and a manual clock for a scheduler, with commands and the recorded events."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.definition.graph import Graph, Step
from baton.domain.definition.messages import (
    DeleteDefinition,
    UpdateDefinition,
)
from baton.domain.definition.trigger import ManualTrigger, ScheduleTrigger, Trigger
from baton.domain.ids import derived_id
from baton.domain.record.decisions import DECIDER as RECORD
from baton.domain.record.messages import ReceiveRecord
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages.commands import StartRun
from baton.domain.run.messages.run_events import RunRequested
from baton.domain.run.state import State as Run
from baton.domain.schedule.timetable import Timetable
from baton.domain.stream import stream_name
from baton.eventlog.errors import Unavailable
from baton.eventlog.events.envelope import Appended, Conflict, Recorded, Selection, Write
from baton.eventlog.loops.load import load
from baton.eventlog.loops.transact import CommandResult, transact
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.stores import EventStore
from baton.projector.projector import Projector
from baton.projector.views import every_view
from tests.backends.memory import open_stores
from tests.kit.actors import ANN
from tests.kit.clock import NOW, SettableClock
from tests.kit.definitions import body, create_definition, request_run, sequence
from tests.kit.stack import in_background

E = TypeVar("E")
TENANT = "acme"


@dataclass(slots=True)
class World:
    """Sends commands and reads events; runs no scheduler."""

    stores: Stores
    clock: SettableClock

    @property
    def store(self) -> EventStore:
        return self.stores.events

    def on(self, store: EventStore) -> "World":
        """Return the same world with another event store."""
        return World(replace(self.stores, events=store), self.clock)

    async def define(
        self,
        ident: str,
        trigger: Trigger,
        *,
        status: Any = "active",
        graph: Graph | None = None,
        tenant: str = TENANT,
        more_triggers: tuple[Trigger, ...] = (),
    ) -> CommandResult[Any]:
        content = body(graph, name=ident, trigger=trigger, status=status)
        content = replace(content, more_triggers=more_triggers)
        create = create_definition(ident, content, tenant=tenant, at=self.clock.now())
        return await self._definition(tenant, ident, create)

    async def update(
        self, ident: str, *, tenant: str = TENANT, **members: Any
    ) -> CommandResult[Any]:
        stream = stream_name(tenant, "definition", ident)
        state = (await load(self.store, DEFINITION, stream)).state
        update = UpdateDefinition(
            body=replace(state.body, **members), actor=ANN, at=self.clock.now()
        )
        return await self._definition(tenant, ident, update)

    async def delete(self, ident: str, *, tenant: str = TENANT) -> CommandResult[Any]:
        command = DeleteDefinition(actor=ANN, at=self.clock.now())
        return await self._definition(tenant, ident, command)

    async def schedule(self, ident: str, timetable: Timetable, **members: Any) -> None:
        await self.define(ident, ScheduleTrigger(timetable=timetable), **members)

    async def send(
        self,
        event_id: str,
        *,
        event_type: str = "record.created",
        slug: str = "orders",
        source: str = "shop",
        data: object = None,
        tenant: str = TENANT,
    ) -> str:
        """Record a record event; return its stream."""
        ident = derived_id("record", source, event_id)
        stream = stream_name(tenant, "record", ident)
        received = ReceiveRecord(
            event_id=event_id,
            source=source,
            type=event_type,
            tenant=tenant,
            structure=slug,
            record_id=f"rec-{event_id}",
            data=data,
            time=self.clock.now(),
            at=self.clock.now(),
        )
        await transact(self.store, RECORD, stream, received)
        return stream

    async def start(
        self,
        run_id: str,
        *steps: Step,
        graph: Graph | None = None,
        data: object = None,
        size: int = 0,
    ) -> str:
        """Request and start a run of its own definition; return its stream."""
        graph = graph or sequence(*steps)
        made = await self.define(f"def-{run_id}", ManualTrigger(), graph=graph)
        stream = stream_name(TENANT, "run", run_id)
        request = request_run(made.state, run_id, at=self.clock.now(), data=data)
        request = replace(request, size=size)
        await transact(self.store, RUN, stream, request)
        await transact(self.store, RUN, stream, StartRun(graph=graph, at=self.clock.now()))
        return stream

    async def log(self) -> Sequence[Recorded]:
        return await self.store.read_all(after=0, limit=1_000_000)

    async def events(self, kind: type[E], *, stream: str | None = None) -> list[E]:
        log = await self.log()
        return [
            one.event for one in log if isinstance(one.event, kind) and stream in (None, one.stream)
        ]

    async def started(self) -> list[str]:
        """Return the definitions of all requested runs, in order."""
        return [run.definition_id for run in await self.events(RunRequested)]

    async def run(self, stream: str) -> Run:
        return (await load(self.store, RUN, stream)).state

    @asynccontextmanager
    async def projecting(self) -> AsyncIterator[Projector]:
        projector = Projector(self.stores.views, clock=self.clock)
        async with in_background(projector.run(self.stores.log)):
            yield projector

    async def pass_time(self, duration_ms: int, step_ms: int = 50) -> None:
        """Move the clock in steps of `step_ms`; other tasks run after each of them."""
        for _ in range(duration_ms // step_ms):
            await self.clock.advance(step_ms)
            for _ in range(30):
                await asyncio.sleep(0)

    async def project(self) -> None:
        """Project the whole log into the views."""
        async with self.projecting() as projector:
            assert await projector.reached(await self.store.head(), 10_000)

    async def _definition(self, tenant: str, ident: str, command: Any) -> CommandResult[Any]:
        stream = stream_name(tenant, "definition", ident)
        return await transact(self.store, DEFINITION, stream, command)


class Unreliable:
    """A store whose `fail_on`-th append fails, before it is written or with the answer lost."""

    def __init__(self, store: EventStore, *, fail_on: int, written: bool) -> None:
        self._store = store
        self._fail_on = fail_on
        self._written = written
        self.appends = 0

    async def append(self, writes: Sequence[Write]) -> Appended | Conflict:
        self.appends += 1
        if self.appends != self._fail_on:
            return await self._store.append(writes)
        if self._written:
            await self._store.append(writes)
        raise Unavailable("the connection broke")

    async def read(self, stream: str, *, after: int = 0) -> Sequence[Recorded]:
        return await self._store.read(stream, after=after)

    async def read_all(self, *, after: int, limit: int) -> Sequence[Recorded]:
        return await self._store.read_all(after=after, limit=limit)

    async def select(self, wanted: Selection) -> Sequence[Recorded]:
        return await self._store.select(wanted)

    async def head(self) -> int:
        return await self._store.head()

    async def close(self) -> None:
        await self._store.close()


async def new_world(now: int = NOW) -> World:
    stores = await open_stores(Path())
    await stores.views.prepare([view.table for view in every_view()])
    return World(stores, SettableClock(now))


def at(text: str, zone: str = "UTC") -> int:
    """Return a wall clock time as milliseconds since the epoch."""
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
    return int(moment.timestamp()) * 1_000
