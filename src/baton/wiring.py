"""The only place that puts the parts of a process together."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Final, Literal, TypeAlias, get_args

from prometheus_client import CollectorRegistry

from baton.backend_choice import backend_of, transport_of
from baton.command_api.security.auth import ExpectedClaims, SharedSecret, TokenAuthenticator
from baton.command_api.security.jwks import JwksKeys
from baton.command_api.services import Services
from baton.eventlog.ids import new_id
from baton.eventlog.loops.relay import Relay
from baton.eventlog.ports.backend import StoreLocation, Stores
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.transport import TransportLocation
from baton.eventlog.ports.views import ViewProgress
from baton.executor.executor import Executor
from baton.executor.functions.http_functions import http_function
from baton.executor.functions.loading import load_functions
from baton.executor.functions.registered_functions import RegisteredFunctions
from baton.executor.functions.registry import DEFAULT_HTTP_TIMEOUT_MS, HttpFunction, Registry
from baton.executor.ownership import Ownership
from baton.executor.workers.remote_workers import RemoteWorkers, queue_function
from baton.keys import jwt_secret, secrets_key
from baton.metrics import export_executor, export_projector, export_scheduler
from baton.projector.checkpoint_follower import CheckpointFollower
from baton.projector.projector import Projector
from baton.projector.views.definitions.queries import DefinitionQueries
from baton.projector.views.run_steps.queries import RunStepQueries
from baton.projector.views.runs.queries import RunQueries
from baton.protocols.address_policy import AddressPolicy
from baton.scheduler.records.receive_records import RecordReceiver
from baton.scheduler.scheduler import FOLLOWED_EVENTS, Scheduler
from baton.settings import DeclaredFunction, Settings

Role: TypeAlias = Literal["api", "executor", "projector", "scheduler"]
EVERY: Final[frozenset[Role]] = frozenset(get_args(Role))
ONLY_SCHEDULER: Final[frozenset[Role]] = frozenset(("scheduler",))

READY_WITHIN_MS = 1_000
"""How far behind the log the views of a ready process may be."""


def transport_location(settings: Settings) -> TransportLocation:
    """Return where the transport is and how its topics are called."""
    return TransportLocation(
        url=settings.log, prefix=settings.topic_prefix, records=settings.records_topic
    )


async def open_shared(settings: Settings, roles: frozenset[Role] = EVERY) -> Stores:
    """Open the configured store for `roles`, with the transport beside it, if there is one.

    Raises `InUse` and `Unavailable`.
    """
    transport = transport_of(settings.log)
    followed = FOLLOWED_EVENTS if roles == ONLY_SCHEDULER else None
    stores = await open_stores(settings, followed=followed)
    if transport is None:
        return stores
    try:
        return await transport.attach(stores, transport_location(settings))
    except BaseException:
        await stores.close()
        raise


async def open_stores(
    settings: Settings, *, read_only: bool = False, followed: frozenset[type] | None = None
) -> Stores:
    """Open the configured store; raises `InUse` and `Unavailable`."""
    place = replace(store_location(settings), read_only=read_only, followed=followed)
    return await backend_of(settings.store_url).open(place)


def store_location(settings: Settings) -> StoreLocation:
    """Return where the configured store is."""
    return StoreLocation(
        secrets_key=secrets_key(settings), folder=settings.data_folder, url=settings.store_url
    )


@dataclass(slots=True, eq=False, kw_only=True)
class Stack:
    """Every role, put together on one store; a process runs all of them or some.

    `progress` follows the views where another process may keep them; `relay` and `receiver` belong
    to the scheduler where a transport is beside the store.
    """

    settings: Settings
    stores: Stores
    clock: Clock
    registry: Registry
    functions: RegisteredFunctions
    remote: RemoteWorkers | None
    projector: Projector
    progress: CheckpointFollower | None
    executor: Executor
    ownership: Ownership
    scheduler: Scheduler
    relay: Relay | None
    receiver: RecordReceiver | None
    services: Services
    holder: str


def compose(
    settings: Settings,
    stores: Stores,
    roles: frozenset[Role] = EVERY,
    *,
    clock: Clock,
    rng: Random,
) -> Stack:
    """Put every role together on `stores`, for a process that runs `roles`; nothing runs yet.

    Where processes share the store, each has a name of its own in the leases. In one alone the name
    is always the same, so that it goes on at once after a crash.
    """
    registry = registry_of(settings)
    remote = _remote_workers(settings, stores, clock)
    functions = RegisteredFunctions(
        registry,
        clock=clock,
        policy=AddressPolicy(allow_private=settings.functions_allow_private),
        remote=remote,
    )
    projector = Projector(stores.views, clock=clock, watched=stores.view_progress is not None)
    progress = _progress(stores.view_progress, roles, clock) if stores.view_progress else None
    kept = progress or projector
    executor = Executor(stores.events, functions, clock=clock, rng=rng)
    holder = new_id(clock.now()) if stores.view_progress else "embedded"
    scheduler = Scheduler(stores, clock=clock, rng=rng, holder=holder)
    relay = Relay(stores, clock=clock, holder=holder) if stores.publisher else None
    return Stack(
        settings=settings,
        stores=stores,
        clock=clock,
        registry=registry,
        functions=functions,
        remote=remote,
        projector=projector,
        progress=progress,
        executor=executor,
        ownership=Ownership(executor, stores.events, RunQueries(stores.views), kept.reached),
        scheduler=scheduler,
        relay=relay,
        receiver=_receiver(settings, stores, clock, scheduler),
        services=_services(settings, stores, kept=kept, clock=clock),
        holder=holder,
    )


def _progress(kept: ViewProgress, roles: frozenset[Role], clock: Clock) -> CheckpointFollower:
    return CheckpointFollower(kept, clock=clock, on_demand="api" not in roles)


def export(stack: Stack, roles: frozenset[Role]) -> None:
    """Show on /metrics what `roles` count."""
    metrics = stack.services.metrics
    if "executor" in roles:
        export_executor(metrics, stack.executor, stack.remote)
    if "projector" in roles:
        export_projector(metrics, stack.projector)
    if "scheduler" in roles:
        export_scheduler(metrics, stack.scheduler, stack.relay)


def _services(
    settings: Settings,
    stores: Stores,
    *,
    kept: CheckpointFollower | Projector,
    clock: Clock,
) -> Services:
    return Services(
        store=stores.events,
        definitions=DefinitionQueries(stores.views),
        runs=RunQueries(stores.views),
        run_steps=RunStepQueries(stores.views),
        reached=kept.reached,
        position=lambda: kept.position,
        clock=clock,
        new_id=lambda: new_id(clock.now()),
        keys=stores.keys,
        secrets=stores.secrets,
        authenticator=authenticator_of(settings, clock),
        checks=_checks(stores, kept.reached),
        metrics=CollectorRegistry(),
    )


def loaded(settings: Settings) -> Registry:
    """Load the Python functions; raises FunctionsNotLoaded and FunctionNameTaken."""
    registry = Registry()
    for source in settings.functions:
        for function in load_functions(source):
            registry.add(function)
    return registry


def registry_of(settings: Settings) -> Registry:
    """Load the configured functions, declared ones included; raises as `loaded` does."""
    registry = loaded(settings)
    for name, entry in settings.declared_functions.items():
        if entry.url is not None:
            registry.add(_http_function(name, entry, entry.url))
        if entry.queue is not None:
            registry.add(queue_function(name, entry.queue, id=entry.id))
    return registry


def _remote_workers(settings: Settings, stores: Stores, clock: Clock) -> RemoteWorkers | None:
    if stores.topics is None:
        return None
    return RemoteWorkers(stores.topics, prefix=settings.topic_prefix, clock=clock)


def _receiver(
    settings: Settings, stores: Stores, clock: Clock, scheduler: Scheduler
) -> RecordReceiver | None:
    if stores.topics is None:
        return None
    return RecordReceiver(
        stores,
        clock=clock,
        topic=settings.records_topic,
        prefix=settings.topic_prefix,
        counters=scheduler.counters,
    )


def _http_function(name: str, entry: DeclaredFunction, url: str) -> HttpFunction:
    return http_function(
        name,
        url,
        id=entry.id,
        timeout_ms=entry.timeout_ms or DEFAULT_HTTP_TIMEOUT_MS,
        secret=entry.secret.get_secret_value() if entry.secret else None,
    )


def authenticator_of(settings: Settings, clock: Clock) -> TokenAuthenticator:
    """Return the verifier of bearer tokens; raises MissingJwtSecret if no key is configured."""
    expected = ExpectedClaims(issuer=settings.jwt_issuer, audience=settings.jwt_audience)
    if settings.jwt_jwks_url is not None:
        return TokenAuthenticator(JwksKeys(settings.jwt_jwks_url, clock), clock, expected)
    return TokenAuthenticator(SharedSecret(jwt_secret(settings, create=False)), clock, expected)


def _checks(
    stores: Stores, reached: Callable[[int, int], Awaitable[bool]]
) -> dict[str, Callable[[], Awaitable[bool]]]:
    """What must hold for this process to be of use: /readyz asks."""

    async def store() -> bool:
        return await stores.events.head() >= 0

    async def views() -> bool:
        return await reached(await stores.events.head(), READY_WITHIN_MS)

    return {"store": store, "views": views}
