"""What handlers work with, wired once by `baton.wiring`."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry

from baton.command_api.principal import Authenticator
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.keys import IdempotencyKeys
from baton.eventlog.ports.secrets import Secrets
from baton.eventlog.ports.stores import EventStore
from baton.projector.views.definitions.queries import DefinitionQueries
from baton.projector.views.run_steps.queries import RunStepQueries
from baton.projector.views.runs.queries import RunQueries


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionInfo:
    """A function that steps may name."""

    id: str
    name: str
    kind: str = "python"


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Ports and queries, each of them safe to share between requests.

    `reached(position, timeout_ms)` returns whether the views hold `position` in time; `position()`
    is the newest position known to be in the views; `new_id()` makes a fresh xid; `checks` are run
    by /readyz, True for ready; `functions` lists what is registered now; /metrics shows `metrics`.
    """

    store: EventStore
    definitions: DefinitionQueries
    runs: RunQueries
    run_steps: RunStepQueries
    reached: Callable[[int, int], Awaitable[bool]]
    position: Callable[[], int]
    clock: Clock
    new_id: Callable[[], str]
    keys: IdempotencyKeys
    secrets: Secrets
    authenticator: Authenticator
    checks: Mapping[str, Callable[[], Awaitable[bool]]] = field(default_factory=dict)
    functions: Callable[[], tuple[FunctionInfo, ...]] = tuple
    metrics: CollectorRegistry = field(default_factory=CollectorRegistry)
