"""A server over the stores of a backend (memory by default) and its projector; no other role."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from baton.command_api.app import make_app
from baton.command_api.auditing.access_log import accesses_on
from baton.command_api.auditing.verifications import Progress, Verifications
from baton.command_api.backtest_jobs import BacktestJobs
from baton.command_api.dialect.contract import Dialect
from baton.command_api.live.live_feed import LiveFeed
from baton.command_api.security.access_watch import AccessWatch
from baton.command_api.security.api_keys import ApiKeyAuthenticator
from baton.command_api.security.auth import TokenAuthenticator
from baton.command_api.security.bearer import BearerAuthenticator
from baton.command_api.security.token_keys import SharedSecrets
from baton.command_api.services import Installation, Services, bulks_on, webhooks_on
from baton.command_api.sessions.sessions import Sessions
from baton.domain.verification.messages import Finding
from baton.eventlog.clock import SystemClock
from baton.eventlog.ids import new_id
from baton.eventlog.loops.server_hold import ServerHold
from baton.eventlog.notary.checks.store import Requirements, verify_store
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.clock import Clock
from baton.eventlog.run_values import RunValues
from baton.projector.as_of.history import history_projector
from baton.projector.as_of.past import past_of
from baton.projector.projector import Projector
from baton.projector.views.definitions.queries import DefinitionQueries
from baton.projector.views.run_steps.queries import RunStepQueries
from baton.projector.views.runs.queries import RunQueries
from baton.projector.views.schedules.queries import ScheduleQueries
from tests.api.tiny_dialect import DIALECT
from tests.backends import memory
from tests.kit.stack import SECRET, RunningServer, in_background, serving


@asynccontextmanager
async def running(
    folder: Path,
    *,
    dialects: Sequence[Dialect] = (DIALECT,),
    open_stores: Callable[[Path], Awaitable[Stores]] = memory.open_stores,
    installation: Mapping[str, Any] | None = None,
    **changed: Any,
) -> AsyncIterator[RunningServer]:
    """Run a server; `changed` replaces members of `Services`, `installation` of its part."""
    stores, clock = await open_stores(folder), SystemClock()
    projector = Projector(stores.views, clock=clock)
    history = history_projector(stores.history, clock=clock)
    services = _services(stores, projector, history, clock)
    parts = replace(services.installation, **(installation or {}))
    services = replace(services, installation=parts, **changed)
    try:
        async with (
            in_background(projector.run(stores.log), history.run(stores.log), services.live.run()),
            serving(make_app(services, dialects), services, stores, RunningServer) as server,
        ):
            yield server
    finally:
        await stores.close()


def _services(stores: Stores, projector: Projector, history: Projector, clock: Clock) -> Services:
    watch = AccessWatch(stores.checkpoints, clock)
    api_keys = ApiKeyAuthenticator(stores.events, watch, stores.api_key_uses, clock)
    definitions = DefinitionQueries(stores.views)
    return Services(
        store=stores.events,
        past=past_of(stores, history.reached, lambda: projector.position),
        values=RunValues(stores.artifacts),
        definitions=definitions,
        runs=RunQueries(stores.views),
        run_steps=RunStepQueries(stores.views),
        schedules=ScheduleQueries(stores.views),
        webhooks=webhooks_on(stores.views),
        bulks=bulks_on(stores.views),
        reached=projector.reached,
        position=lambda: projector.position,
        live=_live_feed(stores, projector, definitions, clock),
        clock=clock,
        new_id=lambda: new_id(clock.now()),
        keys=stores.keys,
        secrets=stores.secrets,
        leaves=stores.leaves,
        backtests=BacktestJobs(stores.leaves, RunValues(stores.artifacts), clock),
        hold=ServerHold(stores.events, stores.checkpoints, clock),
        accesses=accesses_on(stores.events, clock),
        verifications=Verifications(stores.events, partial(_verify, stores), clock),
        installation=_installation(stores),
        authenticator=BearerAuthenticator(
            TokenAuthenticator(SharedSecrets(SECRET), clock), api_keys
        ),
        sessions=Sessions((), clock.now),
    )


def _live_feed(
    stores: Stores, projector: Projector, definitions: DefinitionQueries, clock: Clock
) -> LiveFeed:
    return LiveFeed(
        stores.log,
        stores.events,
        definitions,
        reached=projector.reached,
        held=lambda: projector.position,
        clock=clock,
    )


def _installation(stores: Stores) -> Installation:
    return Installation(
        dead_letters=stores.dead_letters,
        leases=stores.leases,
        checkpoints=stores.checkpoints,
        view_sets=stores.view_sets,
        topics=stores.topics,
    )


async def _verify(stores: Stores, progress: Progress) -> Finding:
    verdict = await verify_store(stores.leaves, stores.artifacts, Requirements(), progress=progress)
    return verdict.finding
