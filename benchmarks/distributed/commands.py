"""The commands of the product as the API gives them, for whoever puts a load on its store."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from baton.command_api.auditing.access_log import accesses_on
from baton.command_api.auditing.verifications import Verifications
from baton.command_api.backtest_jobs import BacktestJobs
from baton.command_api.commands import NewDefinition, create_definition, start_run
from baton.command_api.live.live_feed import LiveFeed
from baton.command_api.principal import Principal
from baton.command_api.services import Installation, Services, bulks_on, webhooks_on
from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.definition.messages import Body
from baton.domain.definition.state import State as Definition
from baton.domain.definition.trigger import ManualTrigger
from baton.domain.run.messages.commands import RequestRun
from baton.domain.run.trigger import BY_HAND
from baton.domain.stream import stream_name
from baton.eventlog.clock import SystemClock
from baton.eventlog.ids import new_id
from baton.eventlog.loops.load import load
from baton.eventlog.loops.server_hold import ServerHold
from baton.eventlog.ports.backend import Stores
from baton.eventlog.run_values import RunValues
from baton.http_services import build_authenticator, build_verify
from baton.projector.as_of.past import past_of
from baton.projector.views.definitions.queries import DefinitionQueries
from baton.projector.views.run_steps.queries import RunStepQueries
from baton.projector.views.runs.queries import RunQueries
from baton.projector.views.schedules.queries import ScheduleQueries
from baton.settings import Settings
from baton.stores import open_stores
from benchmarks.load import TENANT
from benchmarks.shapes import SHAPES

JWT_SECRET = "only-for-this-benchmark-" + "0" * 32
_PRINCIPAL = Principal(subject="bench", tenant=TENANT)


@dataclass(frozen=True, slots=True)
class Commands:
    """Creates definitions and starts runs, in the way of a request."""

    stores: Stores
    services: Services

    async def define(self, shapes: Sequence[str]) -> dict[str, str]:
        """Create definitions of shapes; return their ids."""
        ids = {}
        for name in shapes:
            shape = SHAPES[name]
            body = Body(name=shape.name, trigger=ManualTrigger(), graph=shape.graph())
            new = NewDefinition(definition_id=self.services.new_id(), slug=shape.name, body=body)
            at = self.services.clock.now()
            created = await create_definition(self.services, _PRINCIPAL, new, at=at)
            ids[shape.name] = created.state.definition_id
        return ids

    async def definition(self, definition_id: str) -> Definition:
        """Fold and return a definition."""
        stream = stream_name(TENANT, DEFINITION.name, definition_id)
        return (await load(self.stores.events, DEFINITION, stream)).state

    async def start(self, definition: Definition, run_id: str, number: int) -> None:
        """Start a run."""
        command = RequestRun(
            run_id=run_id,
            definition=definition,
            trigger=BY_HAND,
            actor=_PRINCIPAL.actor,
            at=self.services.clock.now(),
            input={"number": number},
        )
        await start_run(self.services, command)


@asynccontextmanager
async def commands_on(store: str, folder: Path) -> AsyncIterator[Commands]:
    """Open the store at an address until the block ends."""
    settings = Settings(data=folder, store=store, jwt_secret=SecretStr(JWT_SECRET))
    stores = await open_stores(settings)
    clock = SystemClock()
    definitions = DefinitionQueries(stores.views)
    try:
        services = Services(
            store=stores.events,
            past=past_of(stores, _nobody_waits, lambda: 0),
            values=RunValues(stores.artifacts),
            definitions=definitions,
            runs=RunQueries(stores.views),
            run_steps=RunStepQueries(stores.views),
            schedules=ScheduleQueries(stores.views),
            webhooks=webhooks_on(stores.views),
            bulks=bulks_on(stores.views),
            reached=_nobody_waits,
            position=lambda: 0,
            live=LiveFeed(
                stores.log,
                stores.events,
                definitions,
                reached=_nobody_waits,
                held=lambda: 0,
                clock=clock,
            ),
            clock=clock,
            new_id=lambda: new_id(clock.now()),
            keys=stores.keys,
            secrets=stores.secrets,
            leaves=stores.leaves,
            backtests=BacktestJobs(stores.leaves, RunValues(stores.artifacts), clock),
            hold=ServerHold(stores.events, stores.checkpoints, clock),
            accesses=accesses_on(stores.events, clock),
            verifications=Verifications(stores.events, build_verify(settings, stores), clock),
            installation=Installation(
                dead_letters=stores.dead_letters,
                leases=stores.leases,
                checkpoints=stores.checkpoints,
                view_sets=stores.view_sets,
            ),
            authenticator=build_authenticator(settings, clock),
        )
        yield Commands(stores, services)
    finally:
        await stores.close()


async def _nobody_waits(_position: int, _timeout_ms: int) -> bool:
    return True
