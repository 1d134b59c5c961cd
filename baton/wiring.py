"""The only place that names backends and puts the parts together."""

import asyncio
import gc
import importlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random

from prometheus_client import CollectorRegistry

from baton.keys import jwt_secret, sealing_key
from baton.metrics import export_counts
from baton.settings import DeclaredFunction, Settings
from command_api.auth import Expected, SharedSecret, TokenAuthenticator
from command_api.jwks import JwksKeys
from command_api.services import FunctionInfo, Services
from domain.run.decisions import DECIDER as RUN
from domain.stream import stream_name
from eventlog.backend import Backend, Place, Stores
from eventlog.clock import SystemClock
from eventlog.follow import follow
from eventlog.ids import new_id
from eventlog.ports import Clock
from executor.address_policy import AddressPolicy
from executor.functions import RegisteredFunctions
from executor.http_functions import declared
from executor.loading import load
from executor.registry import DEFAULT_HTTP_TIMEOUT_MS, HttpFunction, Registry
from executor.work import Executor
from projector.project import Projector
from projector.queries import Views
from scheduler.role import Scheduler

_log = logging.getLogger("baton")

GRACE_S = 10.0
"""How long a stop waits for functions under way."""
READY_WITHIN_MS = 1_000
"""How far behind the log the views of a ready process may be."""


def backend_of(url: str) -> Backend:
    """Return the backend for a store's address; raises LookupError for an unknown scheme."""
    scheme = url.partition(":")[0]
    names = {"sqlite": "sqlite", "memory": "memory", "postgresql": "postgres"}
    name = names.get(scheme)
    if name is None:
        message = f"no store for {scheme}: — use sqlite:///PATH or postgresql://…"
        raise LookupError(message)
    backend: Backend = importlib.import_module(f"backends.{name}").BACKEND
    return backend


async def open_stores(settings: Settings, *, read_only: bool = False) -> Stores:
    """Open the configured store; raises `InUse` and `Unavailable`."""
    place = Place(
        sealing_key=sealing_key(settings),
        folder=settings.data_folder,
        url=settings.store_url,
        read_only=read_only,
    )
    return await backend_of(settings.store_url).open(place)


@dataclass(slots=True, eq=False, kw_only=True)
class Stack:
    """All roles in one process on one store."""

    settings: Settings
    stores: Stores
    clock: Clock
    registry: Registry
    functions: RegisteredFunctions
    views: Views
    projector: Projector
    executor: Executor
    scheduler: Scheduler
    services: Services


def compose(settings: Settings, stores: Stores, *, clock: Clock, rng: Random) -> Stack:
    """Put every role together on `stores`; nothing runs yet."""
    registry = registry_of(settings)
    functions = RegisteredFunctions(
        registry,
        clock=clock,
        policy=AddressPolicy(allow_private=settings.functions_allow_private),
    )
    views = Views(stores.views)
    projector = Projector(stores.views, clock=clock)
    executor = Executor(stores.events, functions, clock=clock, rng=rng)
    scheduler = Scheduler(stores, views, clock=clock, rng=rng, holder="embedded")
    metrics = CollectorRegistry()
    export_counts(metrics, executor=executor, projector=projector, scheduler=scheduler)
    services = Services(
        store=stores.events,
        views=views,
        reached=projector.reached,
        position=lambda: projector.position,
        clock=clock,
        new_id=lambda: new_id(clock.now()),
        keys=stores.keys,
        secrets=stores.secrets,
        authenticator=authenticator_of(settings, clock),
        checks=_checks(stores, projector),
        functions=lambda: tuple(FunctionInfo(id=one.id, name=one.name) for one in registry),
        metrics=metrics,
    )
    return Stack(
        settings=settings,
        stores=stores,
        clock=clock,
        registry=registry,
        functions=functions,
        views=views,
        projector=projector,
        executor=executor,
        scheduler=scheduler,
        services=services,
    )


def registry_of(settings: Settings) -> Registry:
    """Load the configured functions; raises FunctionsNotLoaded and FunctionNameTaken."""
    registry = Registry()
    for source in settings.functions:
        for function in load(source):
            registry.add(function)
    for name, entry in settings.declared_functions.items():
        if entry.url is not None:
            registry.add(_http_function(name, entry, entry.url))
    return registry


def _http_function(name: str, entry: DeclaredFunction, url: str) -> HttpFunction:
    return declared(
        name,
        url,
        id=entry.id,
        timeout_ms=entry.timeout_ms or DEFAULT_HTTP_TIMEOUT_MS,
        secret=entry.secret.get_secret_value() if entry.secret else None,
    )


def authenticator_of(settings: Settings, clock: Clock) -> TokenAuthenticator:
    """Return what verifies bearer tokens, by the JWKS where one is named; raises NoSecret."""
    expected = Expected(issuer=settings.jwt_issuer, audience=settings.jwt_audience)
    if settings.jwt_jwks_url is not None:
        return TokenAuthenticator(JwksKeys(settings.jwt_jwks_url, clock), clock, expected)
    return TokenAuthenticator(SharedSecret(jwt_secret(settings, make=False)), clock, expected)


def _checks(stores: Stores, projector: Projector) -> dict[str, Callable[[], Awaitable[bool]]]:
    """What must hold for this process to be of use: /readyz asks."""

    async def store() -> bool:
        return await stores.events.head() >= 0

    async def views() -> bool:
        return await projector.reached(await stores.events.head(), READY_WITHIN_MS)

    return {"store": store, "views": views}


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Stack]:
    """Run every role in this process until the block ends; then stop them gracefully.

    A role that ends on its own ends the block with its exception: a process is restarted, not
    mended.
    """
    _collect_garbage_less_often()
    clock, rng = SystemClock(), Random()  # noqa: S311 - spreads backoffs
    stores = await open_stores(settings)
    stack = compose(settings, stores, clock=clock, rng=rng)
    try:
        async with asyncio.TaskGroup() as group:
            roles = await _start(stack, group)
            try:
                yield stack
            finally:
                await _stop(stack, roles)
    finally:
        await stack.functions.close()
        await stores.close()


def _collect_garbage_less_often() -> None:
    """Spare the collector what lives long anyway: it took a third of the time under load."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 10)


async def _start(stack: Stack, group: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
    """Bring the views up to the log, then take up what is unfinished, then follow."""
    log = stack.stores.log
    head = await stack.stores.events.head()
    roles = [group.create_task(stack.projector.run(log), name="projector")]
    while not await stack.projector.reached(head, 60_000):
        _log.info("the views stand at %d of %d", stack.projector.position, head)
    position = stack.projector.position
    subscription = await log.subscribe("executor", after=position)
    await take_up(stack)
    roles.append(
        group.create_task(
            follow(subscription, stack.executor.handle, clock=stack.clock), name="executor"
        )
    )
    roles.append(group.create_task(stack.scheduler.run(), name="scheduler"))
    return roles


async def take_up(stack: Stack) -> None:
    """Hand every run that is not over to the executor."""
    after = ""
    while found := await stack.views.active_runs(after=after):
        await stack.executor.take_up(stream_name(run.tenant, RUN.name, run.id) for run in found)
        after = found[-1].id


async def _stop(stack: Stack, roles: list[asyncio.Task[None]]) -> None:
    """Stop in the order of the work: no new triggers, then the steps under way, then the views."""
    await stack.scheduler.stop()
    await stack.executor.stop(grace_s=GRACE_S)
    await stack.projector.reached(await stack.stores.events.head(), 5_000)
    for role in roles:
        role.cancel()
    await asyncio.gather(*roles, return_exceptions=True)
