"""Builds the roles of a process, runs them, and stops them in order."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Final

from aiohttp import web

from baton.availability import LogContact
from baton.backend_choice import backend_of, transport_of
from baton.command_api.services import Services
from baton.eventlog.clock import SystemClock
from baton.eventlog.ids import new_id
from baton.eventlog.known_functions import KnownFunctions
from baton.eventlog.loops.server_hold import ServerHold
from baton.eventlog.loops.stop_tasks import stop_tasks
from baton.eventlog.ports.backend import StoreLocation, Stores
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.transport import Transport
from baton.eventlog.virtual_time.counted_stores import counted_stores
from baton.eventlog.waiting_calls import WaitingCalls
from baton.executor.functions.registry import Registry
from baton.executor.workers.worker import Worker
from baton.http_services import build_credentials, build_services, readiness_checks
from baton.metrics.commits import CommitMetrics
from baton.process import Process
from baton.process_memory import (
    collect_garbage_less_often,
    return_freed_memory,
    return_large_buffers,
)
from baton.projector.open_runs import OpenRuns
from baton.projector.positions import followers_of, keepers_of
from baton.protocols.address_policy import AddressPolicy
from baton.protocols.http_client import HttpClient
from baton.role import ALL_ROLES, Replacements, Role, RoleContext, RoleName
from baton.roles import api, executor, projector, scheduler, worker
from baton.settings import Settings
from baton.stores import open_shared, transport_location

BUILDERS: Final[Mapping[RoleName, Callable[[RoleContext], Role]]] = {
    "projector": projector.build,
    "executor": executor.build,
    "scheduler": scheduler.build,
    "api": api.build,
}
"""The roles in the order of starting.

A process stops them in reverse: first triggers, then the running steps, then the views.
"""

NO_TOPICS: Final = "workers receive their tasks through Kafka: set BATON_LOG=kafka://HOST:PORT"

_FOLLOW_SHARED_LOG: Final[frozenset[RoleName]] = frozenset(("executor", "scheduler"))


@asynccontextmanager
async def run_roles(
    settings: Settings,
    names: frozenset[RoleName] = ALL_ROLES,
    *,
    stores: Stores | None = None,
    replaced: Replacements | None = None,
) -> AsyncIterator[Process]:
    """Run the named roles in this process until the block ends; then stop them gracefully.

    A role that ends with an exception ends the block with it: the process must be restarted. An
    unavailable server ends nothing.

    Args:
        stores: The opened stores, which are closed at the end; None opens the configured ones.
        replaced: Parts that a test or virtual time replaces. Virtual time needs a store that only
            this process uses.
    """
    collect_garbage_less_often()
    return_large_buffers()
    async with AsyncExitStack() as closing:
        stores = stores or await open_shared(settings, names)
        closing.push_async_callback(stores.close)
        process = build_process(settings, stores, names, closing=closing, replaced=replaced)
        contact = _log_contact(settings, names, process.context.clock)
        async with run_built(process, contact):
            trimming = asyncio.create_task(return_freed_memory(SystemClock()), name="memory")
            try:
                yield process
            finally:
                await stop_tasks((trimming,))


@asynccontextmanager
async def run_built(process: Process, contact: LogContact | None = None) -> AsyncIterator[None]:
    """Run the roles of a built process until the block ends; then stop them gracefully.

    Args:
        process: The process; its stores stay open.
        contact: Waits for the shared log, if a role follows one.
    """
    await process.prepare()
    async with asyncio.TaskGroup() as group:
        tasks = process.start(group)
        if contact is not None:
            process.context.checks["log"] = contact.check
            tasks.append(group.create_task(contact.wait(), name="log"))
        try:
            yield
        finally:
            await process.stop()
            await stop_tasks(tasks)


def _log_contact(settings: Settings, names: frozenset[RoleName], clock: Clock) -> LogContact | None:
    """Return the contact with the shared log, None if no role of this process follows one."""
    transport = transport_of(settings.log)
    if transport is None or not names & _FOLLOW_SHARED_LOG:
        return None
    return _log_contact_of(transport, settings, clock)


def _log_contact_of(transport: Transport, settings: Settings, clock: Clock) -> LogContact:
    return LogContact(partial(transport.reach, transport_location(settings)), clock=clock)


def build_process(
    settings: Settings,
    stores: Stores,
    names: frozenset[RoleName],
    *,
    closing: AsyncExitStack,
    replaced: Replacements | None = None,
) -> Process:
    """Build the named roles on `stores` and register their metrics; nothing runs yet.

    The process of a worker has none of the roles and no store, so no check of its reads one.
    Processes that share the store hold leases under names of their own. A process that uses it
    alone always has the same name, so that it gets its leases back at once after a crash.
    """
    replaced = replaced or Replacements()
    clock, time = replaced.clock, replaced.time
    if time is not None:
        stores = counted_stores(stores, time.activity)
    followers = followers_of(stores, clock, on_demand="api" not in names)
    holder = new_id(clock.now()) if stores.view_progress else "embedded"
    view_position, history_position = followers or keepers_of(
        stores,
        clock,
        holder=holder,
        pauses=time is None,
        events_per_s=settings.views_rebuild_rate,
    )
    if time is not None:
        time.watch_views(stores.events.head, view_position.reached)
    context = RoleContext(
        settings=settings,
        stores=stores,
        clock=clock,
        rng=replaced.rng or Random(),  # noqa: S311 - spreads backoffs
        holder=holder,
        view_position=view_position,
        history_position=history_position,
        closing=closing,
        tenant_runs=OpenRuns(settings.limit_tenant_open_runs),
        hold=ServerHold(stores.events, stores.checkpoints, clock),
        functions=KnownFunctions(stores.functions),
        waiting_calls=WaitingCalls(stores.functions),
        webhook_client=replaced.counted(HttpClient(webhook_policy(settings))),
        checks=readiness_checks(stores, view_position) if names else {},
        replaced=replaced,
    )
    closing.push_async_callback(context.webhook_client.close)
    roles = _build_roles(context, names)
    services = _services_of(context, roles.get("api"))
    return Process(
        context=context, services=services, roles=roles, followers=[*followers, context.hold]
    )


def _build_roles(context: RoleContext, names: frozenset[RoleName]) -> Mapping[RoleName, Role]:
    """Build the named roles, in the order of starting, and register the metrics."""
    roles: dict[RoleName, Role] = {
        name: build(context) for name, build in BUILDERS.items() if name in names
    }
    context.metrics.register(CommitMetrics(context.stores.commits))
    for role in roles.values():
        role.export(context.metrics)
    return roles


def webhook_policy(settings: Settings) -> AddressPolicy:
    """Return the policy for the addresses of webhooks out."""
    return AddressPolicy(
        allow_private=settings.webhooks_allow_private, setting="BATON_WEBHOOKS_ALLOW_PRIVATE"
    )


def _services_of(context: RoleContext, role: Role | None) -> Services:
    """Return the services of the API role, or of a process that accepts no commands."""
    if isinstance(role, api.ApiRole):
        return role.services
    return build_services(context, build_credentials(context), takes_commands=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerProcess:
    """A worker, and the application that answers /healthz, /readyz and /metrics."""

    worker: Worker
    app: web.Application


@asynccontextmanager
async def open_worker(
    settings: Settings, registry: Registry, *, concurrency: int
) -> AsyncIterator[WorkerProcess]:
    """Yield a worker with the functions of `registry`; a worker needs a log and no store.

    It isn't ready before the log has answered. Raises LookupError for a log without topics, and
    `Unavailable`.
    """
    transport = transport_of(settings.log)
    if transport is None:
        raise LookupError(NO_TOPICS)
    no_store = await backend_of("memory:").open(StoreLocation(secrets_keys=()))
    stores = await transport.attach(no_store, transport_location(settings))
    async with AsyncExitStack() as closing:
        closing.push_async_callback(stores.close)
        if stores.topics is None:
            raise LookupError(NO_TOPICS)
        process = build_process(settings, stores, frozenset(), closing=closing)
        await process.prepare()
        built = worker.build(process.context, stores.topics, registry, concurrency=concurrency)
        contact = _log_contact_of(transport, settings, process.context.clock)
        process.context.checks["log"] = contact.check
        waiting = asyncio.create_task(contact.wait(), name="log")
        closing.push_async_callback(stop_tasks, (waiting,))
        yield WorkerProcess(worker=built, app=process.app())
