"""Events about a run as a whole. Their names and fields are the storage format.

Times are milliseconds since the epoch, UTC.
"""

from dataclasses import field
from typing import TypeAlias

from baton.domain.actor import Actor
from baton.domain.frozen import frozen
from baton.domain.json import Json, JsonObject
from baton.domain.run.hold import InFlight, Timers
from baton.domain.run.outcome import Error
from baton.domain.run.trigger import Trigger


@frozen(slots=False)
class RunRequested:
    """The run was requested, by its trigger or by hand.

    The run continues the trace context `traceparent`. It doesn't belong to the trace of
    `linked_traceparent`, the context of its caller. `size` is the size of input and context, in
    bytes of JSON; 0 in events of earlier releases.
    """

    tenant: str
    run_id: str
    definition_id: str
    version: int
    trigger: Trigger
    actor: Actor
    at: int
    input: Json = None
    context: JsonObject = field(default_factory=dict)
    correlation_id: str | None = None
    traceparent: str | None = None
    size: int = field(default=0, compare=False)
    linked_traceparent: str | None = None


@frozen(slots=False)
class RunStarted:
    """An executor started the run."""

    at: int


@frozen(slots=False)
class RunCompleted:
    """The run completed; `has_errors` if a step failed whose `on_failure` is "end"."""

    at: int
    has_errors: bool = False


@frozen(slots=False)
class RunFailed:
    """The run failed; `step_id` names the step that caused it, if a step did."""

    at: int
    error: Error
    step_id: str | None = None


@frozen(slots=False)
class RunCancelled:
    """The run was cancelled."""

    actor: Actor
    at: int
    reason: str | None = None


@frozen(slots=False)
class RunReopened:
    """The run left its final status, because a retry of `steps` was requested."""

    actor: Actor
    steps: tuple[str, ...]
    at: int


@frozen(slots=False)
class RunPaused:
    """The run was paused. `TimerHeld` follows for each delay and backoff in progress."""

    actor: Actor
    at: int
    reason: str | None = None
    inflight: InFlight = "finish"


@frozen(slots=False)
class RunResumed:
    """The run was resumed; the decisions that were held back follow."""

    actor: Actor
    at: int
    timers: Timers = "fire"


@frozen(slots=False)
class RunBranched:
    """The run is a rerun of `source`, as of its version `source_version` at `position`.

    `StepCopied` follows for each outcome that it copies. In a graph with *next* pointers the run
    begins at `entry`; without `entry`, and in other graphs, it begins with its first steps.
    """

    source: str
    source_version: int
    position: int
    at: int
    entry: str | None = None
    reason: str | None = None


RunEnd: TypeAlias = RunCompleted | RunFailed | RunCancelled

RunEvent: TypeAlias = (
    RunRequested | RunStarted | RunEnd | RunReopened | RunPaused | RunResumed | RunBranched
)
