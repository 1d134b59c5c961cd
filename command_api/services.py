"""The dependencies of request handlers, composed once for a process."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from prometheus_client import CollectorRegistry

from baton.command_api.auditing.access_log import AccessLog
from baton.command_api.auditing.verifications import Verifications
from baton.command_api.backtest_jobs import BacktestJobs
from baton.command_api.budgets import Budgets
from baton.command_api.live.live_feed import LiveFeed
from baton.command_api.principal import Authenticator, SignIn
from baton.command_api.sessions.sessions import Sessions
from baton.domain.json import JsonObject
from baton.domain.run.trigger import TriggerKind
from baton.eventlog.function_logs.live_logs import LiveLogs
from baton.eventlog.known_functions import KnownFunctions
from baton.eventlog.live_attempts import LiveAttempts
from baton.eventlog.loops.server_hold import ServerHold
from baton.eventlog.ports.audit.leaf_store import LeafStore
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.dead_letters import DeadLetters
from baton.eventlog.ports.keys import IdempotencyKeys
from baton.eventlog.ports.leases import Leases
from baton.eventlog.ports.partitions import PartitionOwners
from baton.eventlog.ports.secrets import Secrets
from baton.eventlog.ports.stores import Checkpoints, EventStore
from baton.eventlog.ports.topics import Topics
from baton.eventlog.ports.views import ViewSets, ViewStore
from baton.eventlog.run_values import RunValues
from baton.eventlog.virtual_time.virtual_time import VirtualTime
from baton.eventlog.waiting_calls import WaitingCalls
from baton.projector.as_of.past import Past
from baton.projector.traces.keep import Keep
from baton.projector.views.bulk_items.queries import BulkItemQueries
from baton.projector.views.bulks.queries import BulkQueries
from baton.projector.views.definitions.queries import DefinitionQueries
from baton.projector.views.deliveries.queries import DeliveryQueries
from baton.projector.views.run_steps.queries import RunStepQueries
from baton.projector.views.runs.queries import RunQueries
from baton.projector.views.schedules.queries import ScheduleQueries
from baton.projector.views.webhooks.queries import WebhookQueries
from baton.protocols.address_policy import AddressPolicy
from baton.protocols.document_signatures import DocumentSignatures
from baton.protocols.http_client import HttpClient
from baton.protocols.trace_context import Caller, Sampling, TraceParent

MAX_ANSWER_BYTES: Final = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhooks:
    """Webhooks out: their views, and the client that posts, with the policy for addresses."""

    registrations: WebhookQueries
    deliveries: DeliveryQueries
    client: HttpClient


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulks:
    """Bulks: their view, and that of the outcomes of their runs."""

    jobs: BulkQueries
    items: BulkItemQueries


def bulks_on(views: ViewStore) -> Bulks:
    """Return the bulks in `views`."""
    return Bulks(jobs=BulkQueries(views), items=BulkItemQueries(views))


def webhooks_on(views: ViewStore, client: HttpClient | None = None) -> Webhooks:
    """Return the webhooks in `views`; without a `client`, only public addresses are permitted."""
    return Webhooks(
        registrations=WebhookQueries(views),
        deliveries=DeliveryQueries(views),
        client=client or HttpClient(AddressPolicy()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """The services for administrators of an installation.

    Attributes:
        dead_letters: The messages that could not be processed.
        leases: Who leads: the projector, the scheduler and others.
        checkpoints: The positions of followers of the log.
        view_sets: The sets of views, of which one is live.
        topics: Sends messages again; None where the log has no topics.
        partition_owners: Returns the owners of the log's partitions; None where it has none.
        operator_tenant: The tenant whose administrators see what names no tenant.
        config: The settings of this process, without secrets.
        sampling: The traces that are exported; None where traces are off.
        trace_url: The address of the page of a trace, with {trace_id} for its id.
        trace_parent: The role of a caller's trace context in a run; None: the trigger decides it.
        keep: Chooses the runs whose traces are exported once they have ended; None exports all.
    """

    dead_letters: DeadLetters
    leases: Leases
    checkpoints: Checkpoints
    view_sets: ViewSets
    topics: Topics | None = None
    partition_owners: PartitionOwners | None = None
    operator_tenant: str | None = None
    config: JsonObject = field(default_factory=dict)
    sampling: Sampling | None = None
    trace_url: str | None = None
    trace_parent: TraceParent | None = None
    keep: Keep | None = None

    def caller_of(self, traceparent: str | None, trigger: TriggerKind) -> Caller:
        """Return the trace context of a caller in its role for a run that it starts.

        The caller of a webhook may be anyone, so by default it chooses neither the trace of the run
        nor whether its spans are recorded.
        """
        parent = self.trace_parent or ("link" if trigger == "webhook" else "child")
        return Caller.of(traceparent, parent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Ports and queries, all of them safe to share between requests.

    Attributes:
        past: Everything as of any earlier position.
        values: The large values of runs, which the events and views only name.
        max_answer_bytes: Bytes beyond which an answer names large values instead of showing them;
            0 means no limit.
        webhooks: Webhooks out.
        bulks: Actions on many runs.
        reached: Called with a log position and a timeout in ms; returns whether the views hold
            that position within the timeout.
        position: Returns the newest position that the views are known to hold.
        live: Streams the events of runs.
        leaves: The tree over the stored events, of which proofs are made.
        hold: The hold on the server, as this process sees it.
        accesses: Records sign-ins, exports and refused requests.
        verifications: Verifies the log on request.
        new_id: Returns a new id.
        installation: The services for administrators.
        checks: Readiness checks by name, run by /readyz; a check returns True for ready.
        sign_in: Exchanges passwords for tokens; None where there are no users.
        sessions: The sessions of the UI; None in a process that takes no commands.
        budgets: The remaining budgets under the limits of this process.
        live_logs: The logs of the attempts that run in this process.
        live_attempts: These attempts with their heartbeats.
        functions: The functions that executors know, in this process and in others.
        waiting_calls: The function calls that wait for a slot of an executor.
        signatures: Verifies the signatures of published documents.
        metrics: The registry that /metrics exports.
        backtests: The backtests that this process runs.
        stuck_runs: The ids of runs that an explanation has found stuck, which is a defect.
        virtual_time: Moves the clock of the process; None where that is the machine's.
    """

    store: EventStore
    past: Past
    values: RunValues
    definitions: DefinitionQueries
    runs: RunQueries
    run_steps: RunStepQueries
    schedules: ScheduleQueries
    webhooks: Webhooks
    bulks: Bulks
    reached: Callable[[int, int], Awaitable[bool]]
    position: Callable[[], int]
    live: LiveFeed
    clock: Clock
    new_id: Callable[[], str]
    keys: IdempotencyKeys
    secrets: Secrets
    leaves: LeafStore
    backtests: BacktestJobs
    hold: ServerHold
    accesses: AccessLog
    verifications: Verifications
    installation: Installation
    authenticator: Authenticator
    checks: dict[str, Callable[[], Awaitable[bool]]] = field(default_factory=dict)
    max_answer_bytes: int = MAX_ANSWER_BYTES
    sign_in: SignIn | None = None
    sessions: Sessions | None = None
    budgets: Budgets = field(default_factory=Budgets)
    live_logs: LiveLogs = field(default_factory=LiveLogs)
    live_attempts: LiveAttempts = field(default_factory=LiveAttempts)
    functions: KnownFunctions = field(default_factory=KnownFunctions)
    waiting_calls: WaitingCalls = field(default_factory=WaitingCalls)
    signatures: DocumentSignatures = field(default_factory=DocumentSignatures)
    metrics: CollectorRegistry = field(default_factory=CollectorRegistry)
    stuck_runs: set[str] = field(default_factory=set)
    virtual_time: VirtualTime | None = None
