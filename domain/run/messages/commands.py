"""Commands of a run. Times are milliseconds since the epoch, UTC.

`values` are the values of artifacts that a decision requested with `ValuesNeeded`.
"""

from dataclasses import field
from typing import ClassVar, Final, TypeAlias

from baton.domain.actor import Actor
from baton.domain.artifact import Artifact, Values
from baton.domain.definition.graph import Graph
from baton.domain.definition.state import State as Definition
from baton.domain.frozen import frozen
from baton.domain.json import Json, JsonObject
from baton.domain.run.hold import InFlight, Timers
from baton.domain.run.outcome import Outcome, Token
from baton.domain.run.size_limit import MAX_RUN_BYTES
from baton.domain.run.trigger import Branch, Trigger

NO_GRAPH: Final = Graph(steps=())
"""The graph of commands that start no step."""


@frozen
class RequestRun:
    """Request a run of `definition` because of a trigger.

    `version` is a published version; None stands for the version in force. `branch` holds the
    outcomes that a rerun copies from its source. `size` is the size of input and context, in bytes
    of JSON.
    """

    graph: ClassVar[Graph] = NO_GRAPH
    values: ClassVar[Values | None] = None
    run_id: str
    definition: Definition
    trigger: Trigger
    actor: Actor
    at: int
    input: Json = None
    context: JsonObject = field(default_factory=dict)
    correlation_id: str | None = None
    traceparent: str | None = None
    size: int = field(default=0, compare=False)
    version: int | None = None
    branch: Branch | None = None
    linked_traceparent: str | None = None


@frozen
class StartRun:
    """Start the run: activate its first steps."""

    graph: Graph
    at: int
    values: Values | None = None


@frozen
class ReportOutcome:
    """Report the outcome of the attempt `token`; refused with StaleAttempt if it was superseded.

    `max_run_bytes` is the limit of `size_limit`.
    """

    token: Token
    outcome: Outcome
    graph: Graph
    at: int
    max_run_bytes: int = MAX_RUN_BYTES
    values: Values | None = None


@frozen
class FireTimer:
    """Fire the timer of a delay, a backoff or a deadline; does nothing if early or outdated."""

    token: Token
    graph: Graph
    at: int
    jitter: float = 1.0
    values: Values | None = None


@frozen
class TakeOver:
    """Continue the steps whose executor has ended.

    A released step starts a new attempt now. A running step lost its executor: it starts a new
    attempt after a backoff, or fails after too many losses. Without `lost`, running steps still
    have an executor, and only released steps are continued.
    """

    graph: Graph
    at: int
    lost: bool = True
    values: Values | None = None


@frozen
class ReleaseAttempts:
    """Release the attempts `tokens`, because their executor stops; this isn't a failure."""

    graph: ClassVar[Graph] = NO_GRAPH
    values: ClassVar[Values | None] = None
    tokens: tuple[Token, ...]
    at: int


@frozen
class KeepLogs:
    """Record the log lines of an attempt whose end another process recorded.

    The command does nothing while the attempt runs, because the outcome then brings the lines.
    """

    graph: ClassVar[Graph] = NO_GRAPH
    values: ClassVar[Values | None] = None
    token: Token
    logs: Artifact
    at: int


@frozen
class CancelRun:
    """Cancel the run and its open steps."""

    graph: ClassVar[Graph] = NO_GRAPH
    values: ClassVar[Values | None] = None
    actor: Actor
    at: int
    reason: str | None = None


@frozen
class RetryRun:
    """Reopen a failed or cancelled run at its failed steps, or only at `step_id`."""

    graph: Graph
    actor: Actor
    at: int
    step_id: str | None = None
    values: Values | None = None


@frozen
class PauseRun:
    """Pause the run: outcomes are still recorded, but no step starts and no delay ends."""

    graph: ClassVar[Graph] = NO_GRAPH
    values: ClassVar[Values | None] = None
    actor: Actor
    at: int
    reason: str | None = None
    inflight: InFlight = "finish"


@frozen
class ResumeRun:
    """Resume a paused run: decide what the pause held back, and continue."""

    graph: Graph
    actor: Actor
    at: int
    timers: Timers = "fire"
    values: Values | None = None


Command: TypeAlias = (
    RequestRun
    | StartRun
    | ReportOutcome
    | FireTimer
    | TakeOver
    | ReleaseAttempts
    | KeepLogs
    | CancelRun
    | RetryRun
    | PauseRun
    | ResumeRun
)
