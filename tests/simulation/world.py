"""One seed: definitions, runs and record events, the roles that work on them, and their faults.

Either everything is one process, started as `baton dev` starts it, or each role is one of its own.
A role of its own may also be suspended and go on beside its successor; the projector may not, for
nothing fences it: the embedded store has one process.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, cast

from baton.backends.memory import BACKEND
from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.definition.graph import Compute, Graph
from baton.domain.definition.messages import Body, CreateDefinition, UpdateDefinition
from baton.domain.definition.state import State as Definition
from baton.domain.definition.trigger import EventTrigger, ManualTrigger, ScheduleTrigger, Trigger
from baton.domain.errors import Rejected
from baton.domain.ids import derived_id
from baton.domain.json import JsonObject
from baton.domain.record.decisions import DECIDER as RECORD
from baton.domain.record.messages import ReceiveRecord
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages import CancelRun, RequestRun, RetryRun
from baton.domain.run.trigger import BY_HAND
from baton.domain.schedule.timetable import Interval
from baton.domain.stream import stream_name
from baton.eventlog.errors import Unavailable
from baton.eventlog.loops.transact import transact
from baton.eventlog.ports.backend import StoreLocation, Stores
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.views import ViewStore
from baton.executor.executor import Executor
from baton.projector.projector import Projector
from baton.projector.views import every_view
from baton.projector.views.runs.queries import RunQueries
from baton.role import RoleContext
from baton.roles import projector, scheduler
from baton.roles.executor import ExecutorRole, build_with
from tests.kit.actors import ANN, BOB, EVE
from tests.simulation.faults import Incarnation, LifeClock, Weather, stores_of
from tests.simulation.functions import PlannedFunctions
from tests.simulation.plans import Behaviour, Plan, draw, draw_input

TENANT = "acme"
EVERY_MS = 1_000
CALM = Weather(unavailable=0.0, repeat=0.1)
BOUND_S = 90
"""Virtual seconds after the last fault within which every run is over."""
QUIET_S = 1.5


class Stuck(Exception):
    """Runs are not over although nothing hinders them."""


@dataclass(slots=True)
class StoredPosition:
    """The position of the views as their checkpoint in the store says."""

    views: ViewStore
    clock: Clock
    position: int = -1

    async def reached(self, position: int, _timeout_ms: int) -> bool:
        """Wait until the views hold `position`, however long that takes."""
        while await self.views.checkpoint() < position:
            await self.clock.sleep(50)
        return True


@dataclass(slots=True)
class World:
    """What a seed is made of, and what was seen. `plans` are by definition."""

    seed: int
    rng: Random
    stores: Stores
    chaos_s: float
    weather: Weather
    plans: dict[str, Plan] = field(default_factory=dict)
    definitions: dict[str, Definition] = field(default_factory=dict)
    inputs: dict[str, JsonObject] = field(default_factory=dict)
    meddled: set[str] = field(default_factory=set)
    cancelled: set[str] = field(default_factory=set)
    events: set[str] = field(default_factory=set)
    lives: list[Incarnation] = field(default_factory=list)
    latest: dict[str, Incarnation] = field(default_factory=dict)
    executors: list[Executor] = field(default_factory=list)
    tasks: list[asyncio.Task[Any]] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    performed: Counter[tuple[str, str, int, int]] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)
    calm: bool = False

    @property
    def now(self) -> int:
        return LifeClock(cast("Incarnation", None)).now()

    @property
    def behaviours(self) -> dict[str, Behaviour]:
        return {step: one for plan in self.plans.values() for step, one in plan.behaviours.items()}

    # What is asked of Baton ---------------------------------------------------------------------

    async def define(self, name: str, plan: Plan, trigger: Trigger) -> None:
        self.plans[name] = plan
        create = CreateDefinition(
            tenant=TENANT,
            definition_id=name,
            slug=name,
            body=Body(name=name, trigger=trigger, graph=plan.graph),
            actor=ANN,
            at=self.now,
        )
        stream = stream_name(TENANT, DEFINITION.name, name)
        made = await transact(self.stores.events, DEFINITION, stream, create)
        self.definitions[name] = made.state

    async def request(self, run_id: str, definition: str) -> None:
        self.inputs[run_id] = draw_input(self.rng)
        command = RequestRun(
            run_id=run_id,
            definition=self.definitions[definition],
            trigger=BY_HAND,
            actor=ANN,
            at=self.now,
            input=self.inputs[run_id],
        )
        await transact(self.stores.events, RUN, stream_name(TENANT, RUN.name, run_id), command)

    async def send(self, event_id: str) -> None:
        received = ReceiveRecord(
            event_id=event_id,
            source="shop",
            type="record.created",
            tenant=TENANT,
            structure="orders",
            record_id=event_id,
            data={},
            time=self.now,
            at=self.now,
        )
        self.events.add(event_id)
        stream = stream_name(TENANT, RECORD.name, derived_id("record", "shop", event_id))
        await transact(self.stores.events, RECORD, stream, received)

    async def meddle(self, run_id: str, definition: str) -> None:
        """Cancel the run or retry it, whatever it is up to."""
        self.meddled.add(run_id)
        graph = self.plans[definition].graph
        cancel = CancelRun(actor=BOB, at=self.now)
        command = (
            cancel if self.rng.random() < 0.6 else RetryRun(graph=graph, actor=EVE, at=self.now)
        )
        stream = stream_name(TENANT, RUN.name, run_id)
        try:
            await transact(self.stores.events, RUN, stream, command)
        except Rejected:
            return
        self.seen[type(command).__name__] += 1
        if isinstance(command, CancelRun):
            self.cancelled.add(run_id)

    async def pause(self, definition: str) -> None:
        body = replace(self.definitions[definition].body, status="paused")
        stream = stream_name(TENANT, DEFINITION.name, definition)
        command = UpdateDefinition(body=body, actor=ANN, at=self.now)
        await transact(self.stores.events, DEFINITION, stream, command)

    # Who works on it ----------------------------------------------------------------------------

    def born(self, *, mortal: bool = True) -> Incarnation:
        """Return a new incarnation; while there is chaos it has a fuse, mostly."""
        life = Incarnation(
            Random(self.rng.getrandbits(32)), CALM if self.calm else self.weather, self.seen
        )
        life.mortal = mortal
        if not self.calm and self.rng.random() < 0.85:
            life.fuse = int(2 ** self.rng.uniform(1, 9))
        self.lives.append(life)
        return life

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.append(task)
        return task

    async def process(self) -> None:
        """All roles in one process, again after each end."""
        while True:
            life = self.born()
            await self._lived(life, self.spawn(self._all(life)), "process")

    async def role(self, name: str) -> None:
        """One role in a process of its own, again after each end."""
        act = {"projector": self._project, "executor": self._execute, "scheduler": self._schedule}
        while True:
            mortal = name == "projector" or self.rng.random() < 0.6
            life = self.latest[name] = self.born(mortal=mortal)
            await self._lived(life, self.spawn(act[name](life)), name)

    async def _lived(self, life: Incarnation, work: asyncio.Task[Any], name: str) -> None:
        """Return when it is time for a successor."""
        lost = self.spawn(life.lost.wait())
        await asyncio.wait((work, lost), return_when=asyncio.FIRST_COMPLETED)
        lost.cancel()
        if work.done():
            self._ended(work, name)
            life.die()
        elif life.dead:
            self.seen[f"{name} killed"] += 1
        else:
            self.seen[f"{name} suspended"] += 1
            self.spawn(self._woken(life, name))
        await asyncio.sleep(self.rng.random() * self.rng.choice((0.1, 2)))

    async def _woken(self, life: Incarnation, name: str) -> None:
        """Go on beside the successor for a while.

        An executor that took runs over takes its successor along: what it leaves behind is found by
        the next start, as runs have no other owner than the executor that started last.
        """
        await asyncio.sleep(self.rng.uniform(0.5, 8))
        self.seen["went on"] += 1
        life.go_on()
        await asyncio.sleep(self.rng.uniform(0.2, 3))
        life.die()
        if name == "executor":
            self.latest[name].die()

    def _ended(self, work: asyncio.Task[Any], name: str) -> None:
        """A process that ends by itself is started again; only what broke may be the reason."""
        self.seen["ended by itself"] += 1
        error = work.exception()
        if not self.weather.unavailable or not _only_unavailable(error):
            self.complaints.append(f"the {name} ended: {error!r}")

    async def _all(self, life: Incarnation) -> None:
        context = self._context(life)
        roles = (
            projector.build(context),
            self._executor(context, life),
            scheduler.build(context),
        )
        async with asyncio.TaskGroup() as group:
            for role in roles:
                group.create_task(role.run())

    async def _project(self, life: Incarnation) -> None:
        await projector.build(self._context(life)).run()

    async def _execute(self, life: Incarnation) -> None:
        """Run an executor whose views another process keeps."""
        context = self._context(life)
        stored = StoredPosition(context.stores.views, context.clock)
        await self._executor(replace(context, view_position=stored), life).run()

    async def _schedule(self, life: Incarnation) -> None:
        await scheduler.build(self._context(life)).run()

    def _executor(self, context: RoleContext, life: Incarnation) -> ExecutorRole:
        functions = PlannedFunctions(
            self.stores.events, life, self.behaviours, self.complaints, self.performed
        )
        role = build_with(context, functions)
        self.executors.append(role.executor)
        return role

    def _context(self, life: Incarnation) -> RoleContext:
        clock, stores = LifeClock(life), replace(stores_of(self.stores, life), topics=None)
        none = cast("Any", None)
        return RoleContext(
            settings=none,
            stores=stores,
            clock=clock,
            rng=life.rng,
            holder=f"life {len(self.lives)}",
            view_position=Projector(stores.views, clock=clock),
            services=none,
            closing=AsyncExitStack(),
        )

    # How it goes --------------------------------------------------------------------------------

    def becalm(self) -> None:
        """No more faults; who is suspended goes on and dies."""
        self.calm = True
        for life in self.lives:
            life.weather, life.fuse = CALM, None

    async def quiet(self) -> None:
        """Return when nothing is left to do; raises Stuck."""
        loop = asyncio.get_running_loop()
        until, since, before = loop.time() + BOUND_S, loop.time(), -1
        while loop.time() < until:
            head = await self.stores.events.head()
            if head != before or not await self._all_over(head):
                since, before = loop.time(), head
            elif loop.time() - since >= QUIET_S:
                return
            await asyncio.sleep(0.1)
        raise Stuck

    async def _all_over(self, head: int) -> bool:
        views = self.stores.views
        if await views.checkpoint() < head:
            return False
        if await RunQueries(views).active(limit=1):
            return False
        expected = len(self.events) if "by-event" in self.plans else 0
        _, found = await RunQueries(views).page(TENANT, definition_id="by-event", limit=1)
        return found >= expected

    async def close(self) -> None:
        """End everything that still waits for something."""
        for life in self.lives:
            life.bury()
        rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)


async def begin(seed: int) -> World:
    """Draw a world: what there will be to do, and how bad the weather is."""
    rng = Random(seed)
    stores = await BACKEND.open(StoreLocation(secrets_key=b"a key for tests, 32 bytes long.."))
    await stores.views.prepare([view.table for view in every_view()])
    weather = Weather(
        delay=rng.choice((0.0, 0.1, 0.4)),
        longest_ms=rng.choice((2, 30, 300)),
        unavailable=rng.choice((0.0, 0.0, 0.01, 0.05)),
        repeat=0.2,
    )
    world = World(seed, rng, stores, chaos_s=rng.uniform(1, 6), weather=weather)
    for number in range(rng.randint(1, 2)):
        await world.define(f"by-hand-{number}", draw(rng, f"h{number}"), ManualTrigger())
    if rng.random() < 0.4:
        trigger = EventTrigger(event_type="record.created")
        await world.define("by-event", draw(rng, "e"), trigger)
    if rng.random() < 0.25:
        graph = Graph(steps=(Compute(id="tick", function="f"),))
        trigger_ = ScheduleTrigger(timetable=Interval(every_ms=EVERY_MS))
        await world.define("by-time", Plan(graph, {"tick": Behaviour("succeed", 1)}), trigger_)
    return world


async def live(world: World) -> None:
    """Let the world's work be asked for and done, through the chaos and after it."""
    if world.rng.random() < 0.5:
        world.spawn(world.process())
    else:
        for name in ("projector", "executor", "scheduler"):
            world.spawn(world.role(name))
    await asyncio.gather(_asked(world), asyncio.sleep(world.chaos_s))
    if "by-time" in world.plans:
        await world.pause("by-time")
    world.becalm()
    await world.quiet()


async def _asked(world: World) -> None:
    """Ask for runs and send events, at any time of the chaos."""
    work: list[Coroutine[Any, Any, None]] = []
    rng = world.rng
    by_hand = [name for name in world.plans if name.startswith("by-hand")]
    for number in range(rng.randint(1, 4)):
        run_id, definition = derived_id("run", str(number)), rng.choice(by_hand)
        work.append(_later(world, world.request(run_id, definition)))
        if rng.random() < 0.15:
            work += [_later(world, world.meddle(run_id, definition)) for _ in range(2)]
    if "by-event" in world.plans:
        events = [f"event-{number}" for number in range(rng.randint(1, 3))]
        work += [_later(world, world.send(one)) for one in (*events, events[0])]
    await asyncio.gather(*work)


async def _later(world: World, act: Coroutine[Any, Any, None]) -> None:
    await asyncio.sleep(world.rng.random() * world.chaos_s)
    await act


def _only_unavailable(error: BaseException | None) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return all(_only_unavailable(one) for one in error.exceptions)
    return isinstance(error, Unavailable)
