"""Stores with a projector and deliveries on the real clock; runs are appended by the test."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.definition.graph import Graph
from baton.domain.delivery.decisions import DECIDER as DELIVERY
from baton.domain.delivery.messages import Redrive
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages.commands import CancelRun, ReportOutcome, StartRun
from baton.domain.run.outcome import Error, Failed, Outcome, Succeeded, Token
from baton.domain.stream import stream_name
from baton.domain.webhook.decisions import DECIDER as WEBHOOK
from baton.domain.webhook.messages import CreateWebhook, EventType
from baton.eventlog.clock import SystemClock
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.loops.transact import transact
from baton.eventlog.ports.backend import Stores
from baton.projector.projector import Projector
from baton.projector.run_as_of import RunAsOf
from baton.projector.views import every_view
from baton.projector.views.deliveries.queries import DeliveryQueries
from baton.projector.views.deliveries.view import Document as Delivery
from baton.protocols.address_policy import AddressPolicy
from baton.protocols.http_client import HttpClient
from baton.scheduler.deliveries.attempts import Sending
from baton.scheduler.deliveries.counters import Counters
from baton.scheduler.deliveries.deliveries import Deliveries
from tests.backends.memory import open_stores
from tests.kit.actors import ANN
from tests.kit.definitions import body, compute, create_definition, request_run, sequence
from tests.kit.eventually import eventually
from tests.kit.stack import in_background

E = TypeVar("E")
SECRET = "a secret of sixteen bytes or more"
ALL: tuple[EventType, ...] = (
    "workflow.execution.started",
    "workflow.execution.completed",
    "workflow.execution.failed",
    "workflow.execution.cancelled",
    "task.execution.started",
    "task.execution.completed",
    "task.execution.failed",
    "task.execution.retrying",
)
ENDS: tuple[EventType, ...] = ("workflow.execution.completed",)


def render(event: EventType, as_of: RunAsOf) -> dict[str, object]:
    """Return data from which a test reads the state that a message describes."""
    step = None if as_of.step is None else as_of.step.step_id
    return {"run": as_of.run.id, "status": as_of.run.status, "step": step}


@dataclass
class World:
    """The stores; each run has one step."""

    stores: Stores
    client: HttpClient
    backoff_ms: tuple[int, ...] = (50, 50)
    clock: SystemClock = field(default_factory=SystemClock)
    _numbers: Any = field(default_factory=lambda: count(1))

    async def register(
        self, url: str, events: Sequence[EventType] = ENDS, *, tenant: str = "acme", **more: Any
    ) -> str:
        """Register a webhook and return its id."""
        ident = f"hook{next(self._numbers):016d}"
        await self.stores.secrets.put(tenant, f"{ident}.1", SECRET)
        create = CreateWebhook(
            tenant=tenant,
            webhook_id=ident,
            url=url,
            events=tuple(events),
            secret_id=f"{ident}.1",
            actor=ANN,
            at=self.clock.now(),
            **more,
        )
        await self.on_webhook(ident, create, tenant=tenant)
        return ident

    async def on_webhook(self, ident: str, command: Any, *, tenant: str = "acme") -> None:
        stream = stream_name(tenant, WEBHOOK.name, ident)
        await transact(self.stores.events, WEBHOOK, stream, command)

    async def start(self, *, tenant: str = "acme", graph: Graph | None = None) -> str:
        """Request and start a run and return its id."""
        run_id, graph = f"run{next(self._numbers):017d}", graph or sequence(compute("a"))
        definition = f"def-{run_id}"
        create = create_definition(definition, body(graph), tenant=tenant, at=self.clock.now())
        stream = stream_name(tenant, DEFINITION.name, definition)
        made = await transact(self.stores.events, DEFINITION, stream, create)
        run = stream_name(tenant, RUN.name, run_id)
        request = request_run(made.state, run_id, at=self.clock.now())
        await transact(self.stores.events, RUN, run, request)
        await transact(self.stores.events, RUN, run, StartRun(graph=graph, at=self.clock.now()))
        return run_id

    async def report(
        self, run_id: str, outcome: Outcome, *, tenant: str = "acme", step: str = "a"
    ) -> None:
        graph = sequence(compute("a"))
        command = ReportOutcome(
            token=Token(step_id=step, visit=1, attempt=1),
            outcome=outcome,
            graph=graph,
            at=self.clock.now(),
        )
        stream = stream_name(tenant, RUN.name, run_id)
        await transact(self.stores.events, RUN, stream, command)

    async def complete(self, *, tenant: str = "acme") -> str:
        """Run a run to its end and return its id."""
        run_id = await self.start(tenant=tenant)
        await self.report(run_id, Succeeded(output=1), tenant=tenant)
        return run_id

    async def fail(self) -> str:
        run_id = await self.start()
        error = Error(code="BROKEN", message="it broke")
        await self.report(run_id, Failed(error=error, retryable=False))
        return run_id

    async def cancel(self) -> str:
        run_id = await self.start()
        cancel = CancelRun(actor=ANN, at=self.clock.now())
        await transact(self.stores.events, RUN, stream_name("acme", RUN.name, run_id), cancel)
        return run_id

    async def redrive(self, delivery_id: str) -> None:
        stream = stream_name("acme", DELIVERY.name, delivery_id)
        command = Redrive(actor=ANN, at=self.clock.now())
        await transact(self.stores.events, DELIVERY, stream, command)

    async def log(self) -> Sequence[Recorded]:
        return await self.stores.events.read_all(after=0, limit=100_000)

    async def recorded(self, kind: type[E]) -> list[E]:
        return [one.event for one in await self.log() if isinstance(one.event, kind)]

    async def deliveries(self, webhook_id: str, *statuses: Any) -> list[Delivery]:
        found, _ = await DeliveryQueries(self.stores.views).page(
            "acme", webhook_id, statuses=statuses, limit=1_000
        )
        return found

    async def eventually_all(self, webhook_id: str, number: int, *statuses: Any) -> list[Delivery]:
        """Wait until a webhook has `number` deliveries of these statuses, and return them."""

        async def enough() -> list[Delivery] | None:
            found = await self.deliveries(webhook_id, *statuses)
            return found if len(found) >= number else None

        found = await eventually(enough)
        assert found is not None
        return found

    def sending(self, **more: Any) -> Sending:
        given = {"client": self.client, "backoff_ms": self.backoff_ms, **more}
        return Sending(render=render, **given)

    @asynccontextmanager
    async def delivering(self, **more: Any) -> AsyncIterator[Counters]:
        """Follow the log and send what is due until the block ends."""
        deliveries = Deliveries(self.stores, self.sending(**more), clock=self.clock, holder="tests")
        async with in_background(deliveries.run()):
            yield deliveries.counters


@asynccontextmanager
async def new_world(stores: Stores | None = None) -> AsyncIterator[World]:
    """Yield a world whose views are projected."""
    stores = stores or await open_stores(Path())
    client = HttpClient(AddressPolicy(allow_private=True))
    await stores.views.prepare([view.table for view in every_view()])
    world = World(stores, client)
    projector = Projector(stores.views, clock=world.clock)
    async with in_background(projector.run(stores.log)):
        yield world
    await client.close()
    await stores.close()
