"""One seeded simulation: the roles that run, their crashes and suspensions, and the final state.

The roles run in one process, as under `baton dev`, or each in a process of its own. A process of
one role may also be suspended and resumed beside its successor. The projector may not: the embedded
store belongs to one process, so nothing fences a second projector.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, cast

from baton.domain.definition.state import State as Definition
from baton.domain.json import JsonObject
from baton.eventlog.errors import Unavailable
from baton.eventlog.known_functions import KnownFunctions
from baton.eventlog.loops.server_hold import ServerHold
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.views import ViewStore
from baton.eventlog.waiting_calls import WaitingCalls
from baton.executor.executor import Executor
from baton.projector.as_of.history import history_projector
from baton.projector.open_runs import OpenRuns
from baton.projector.projector import Projector
from baton.projector.views.runs.queries import RunQueries
from baton.protocols.address_policy import AddressPolicy
from baton.protocols.http_client import HttpClient
from baton.role import RoleContext
from baton.roles import projector, scheduler
from baton.roles.executor import ExecutorRole, build_with
from baton.settings import Settings
from tests.simulation.faults import FaultPlan, Incarnation, IncarnationClock, stores_of
from tests.simulation.functions import PlannedFunctions
from tests.simulation.plans import Behaviour, Plan

TENANT = "acme"
DELAYS_AND_REPEATS = FaultPlan(delay=0.25, unavailable=0.0, repeat=0.1)
"""Faults after the chaos: calls are delayed and deliveries repeated, but every call succeeds."""
MAX_UNTIL_IDLE_S = 90
"""Virtual seconds after the chaos within which every run must end."""
IDLE_S = 1.5
"""Virtual seconds without an append after which the simulation counts as idle."""


class NotIdle(Exception):
    """Runs haven't ended although no fault hinders them."""


@dataclass(slots=True)
class StoredPosition:
    """The position of the views, read from their checkpoint in the store."""

    views: ViewStore
    clock: Clock
    position: int = -1

    async def reached(self, position: int, _timeout_ms: int) -> bool:
        """Wait until the views hold `position`, however long that takes."""
        while await self.views.checkpoint() < position:
            await self.clock.idle(50)
        return True


@dataclass(slots=True)
class Simulation:
    """The input of one seed and everything observed while it runs.

    `plans` and `definitions` are by definition id, `inputs` by run id. `fault_counts` counts the
    faults that occurred, `performed` the calls of each attempt.
    """

    seed: int
    rng: Random
    stores: Stores
    chaos_s: float
    fault_plan: FaultPlan
    plans: dict[str, Plan] = field(default_factory=dict)
    definitions: dict[str, Definition] = field(default_factory=dict)
    inputs: dict[str, JsonObject] = field(default_factory=dict)
    interfered: set[str] = field(default_factory=set)
    cancelled: set[str] = field(default_factory=set)
    events: set[str] = field(default_factory=set)
    incarnations: list[Incarnation] = field(default_factory=list)
    latest: dict[str, Incarnation] = field(default_factory=dict)
    executors: list[Executor] = field(default_factory=list)
    tasks: list[asyncio.Task[Any]] = field(default_factory=list)
    fault_counts: Counter[str] = field(default_factory=Counter)
    performed: Counter[tuple[str, str, int, int]] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    chaos_over: bool = False

    @property
    def now(self) -> int:
        return IncarnationClock(cast("Incarnation", None)).now()

    @property
    def behaviours(self) -> dict[str, Behaviour]:
        return {step: one for plan in self.plans.values() for step, one in plan.behaviours.items()}

    def new_incarnation(self, *, suspends: bool = False) -> Incarnation:
        """Return a new incarnation of a process; during the chaos most of them crash."""
        plan = DELAYS_AND_REPEATS if self.chaos_over else self.fault_plan
        incarnation = Incarnation(Random(self.rng.getrandbits(32)), plan, self.fault_counts)
        incarnation.suspends = suspends
        if not self.chaos_over and self.rng.random() < 0.85:
            incarnation.crash_countdown = int(2 ** self.rng.uniform(1, 9))
        self.incarnations.append(incarnation)
        return incarnation

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.append(task)
        return task

    async def run_process(self) -> None:
        """Run all roles in one process and restart it after each crash."""
        while True:
            incarnation = self.new_incarnation()
            work = self.spawn(self._all_roles(incarnation))
            await self._supervise(incarnation, work, "process")

    async def run_role(self, name: str) -> None:
        """Run one role in a process of its own and restart it after each crash."""
        run = {"projector": self._project, "executor": self._execute, "scheduler": self._schedule}
        while True:
            suspends = name != "projector" and self.rng.random() >= 0.6
            incarnation = self.latest[name] = self.new_incarnation(suspends=suspends)
            await self._supervise(incarnation, self.spawn(run[name](incarnation)), name)

    async def _supervise(
        self, incarnation: Incarnation, work: asyncio.Task[Any], name: str
    ) -> None:
        """Return when it is time to start a successor."""
        stopped = self.spawn(incarnation.stopped.wait())
        await asyncio.wait((work, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if work.done():
            self._check_exit(work, name)
            incarnation.kill()
        elif incarnation.killed:
            self.fault_counts[f"{name} killed"] += 1
        else:
            self.fault_counts[f"{name} suspended"] += 1
            self.spawn(self._resume_beside_successor(incarnation, name))
        await asyncio.sleep(self.rng.random() * self.rng.choice((0.1, 2)))

    async def _resume_beside_successor(self, incarnation: Incarnation, name: str) -> None:
        """Resume a suspended process for a while, then kill it.

        A resumed executor may take over runs, which no other process owns once it is killed: only
        the next executor to start finds them. Its successor is therefore killed, too.
        """
        await asyncio.sleep(self.rng.uniform(0.5, 8))
        self.fault_counts["resumed"] += 1
        incarnation.resume()
        await asyncio.sleep(self.rng.uniform(0.2, 3))
        incarnation.kill()
        if name == "executor":
            self.latest[name].kill()

    def _check_exit(self, work: asyncio.Task[Any], name: str) -> None:
        """Only an unavailable store may end a process; any other error is a violation."""
        self.fault_counts["exited"] += 1
        error = work.exception()
        if not self.fault_plan.unavailable or not _only_unavailable(error):
            self.violations.append(f"the {name} exited: {error!r}")

    async def _all_roles(self, incarnation: Incarnation) -> None:
        context = self._context(incarnation)
        roles = (
            projector.build(context),
            self._executor(context, incarnation),
            scheduler.build(context),
        )
        async with asyncio.TaskGroup() as group:
            for role in roles:
                group.create_task(role.run())

    async def _project(self, incarnation: Incarnation) -> None:
        await projector.build(self._context(incarnation)).run()

    async def _execute(self, incarnation: Incarnation) -> None:
        """Run an executor whose views another process projects."""
        context = self._context(incarnation)
        stored = StoredPosition(context.stores.views, context.clock)
        await self._executor(replace(context, view_position=stored), incarnation).run()

    async def _schedule(self, incarnation: Incarnation) -> None:
        await scheduler.build(self._context(incarnation)).run()

    def _executor(self, context: RoleContext, incarnation: Incarnation) -> ExecutorRole:
        functions = PlannedFunctions(
            self.stores.events, incarnation, self.behaviours, self.violations, self.performed
        )
        role = build_with(context, functions)
        self.executors.append(role.executor)
        return role

    def _context(self, incarnation: Incarnation) -> RoleContext:
        clock = IncarnationClock(incarnation)
        stores = replace(stores_of(self.stores, incarnation), topics=None)
        settings = Settings()
        return RoleContext(
            settings=settings,
            stores=stores,
            clock=clock,
            rng=incarnation.rng,
            holder=f"incarnation {len(self.incarnations)}",
            view_position=Projector(stores.views, clock=clock),
            history_position=history_projector(stores.history, clock=clock),
            closing=AsyncExitStack(),
            tenant_runs=OpenRuns(settings.limit_tenant_open_runs),
            hold=ServerHold(stores.events, stores.checkpoints, clock),
            functions=KnownFunctions(),
            waiting_calls=WaitingCalls(),
            webhook_client=HttpClient(AddressPolicy()),
        )

    def end_chaos(self) -> None:
        """Stop crashes and errors; suspended processes still resume and are killed."""
        self.chaos_over = True
        for incarnation in self.incarnations:
            incarnation.fault_plan, incarnation.crash_countdown = DELAYS_AND_REPEATS, None

    async def wait_until_idle(self) -> None:
        """Wait until all work is done; raises NotIdle."""
        loop = asyncio.get_running_loop()
        until, since, before = loop.time() + MAX_UNTIL_IDLE_S, loop.time(), -1
        while loop.time() < until:
            head = await self.stores.events.head()
            if head != before or not await self._all_done(head):
                since, before = loop.time(), head
            elif loop.time() - since >= IDLE_S:
                return
            await asyncio.sleep(0.1)
        raise NotIdle

    async def _all_done(self, head: int) -> bool:
        views = self.stores.views
        if await views.checkpoint() < head:
            return False
        if await RunQueries(views).active(limit=1):
            return False
        expected = len(self.events) if "by-event" in self.plans else 0
        _, found = await RunQueries(views).page(TENANT, definition_id="by-event", limit=1)
        return found >= expected

    async def close(self) -> None:
        """End every remaining task."""
        for incarnation in self.incarnations:
            incarnation.release()
        rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)


def _only_unavailable(error: BaseException | None) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return all(_only_unavailable(one) for one in error.exceptions)
    return isinstance(error, Unavailable)
