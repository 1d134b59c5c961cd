"""Commands and events of a run. Event names and fields are the storage format.

Every time is milliseconds since the epoch, UTC. `visit` counts a step's activations within the run
(loops), `attempt` its tries within one visit; together with the step id they are the fencing token
that a report of an outcome must carry.
"""

from dataclasses import field
from typing import Literal, TypeAlias

from baton.domain.actor import Actor
from baton.domain.definition.graph import Graph
from baton.domain.definition.state import State as Definition
from baton.domain.frozen import frozen
from baton.domain.json import Json, JsonObject
from baton.domain.run.evaluation import DecisionResult
from baton.domain.run.outcome import Error as Error  # noqa: PLC0414 - part of this vocabulary
from baton.domain.run.outcome import Failed as Failed  # noqa: PLC0414
from baton.domain.run.outcome import Outcome as Outcome  # noqa: PLC0414
from baton.domain.run.outcome import Succeeded as Succeeded  # noqa: PLC0414
from baton.domain.run.outcome import TimedOut as TimedOut  # noqa: PLC0414
from baton.domain.run.outcome import Token as Token  # noqa: PLC0414
from baton.domain.run.trigger import Trigger

StepKind = Literal["compute", "decision", "delay", "sync"]
Cause = Literal["start", "retry", "takeover", "reopen"]


# Commands ---------------------------------------------------------------------------------------


@frozen
class RequestRun:
    """Ask for a run of `definition` (as folded now) because of a trigger."""

    run_id: str
    definition: Definition
    trigger: Trigger
    actor: Actor
    at: int
    input: Json = None
    context: JsonObject = field(default_factory=dict)
    correlation_id: str | None = None
    traceparent: str | None = None


@frozen
class StartRun:
    """Activate the first steps."""

    graph: Graph
    at: int


@frozen
class ReportOutcome:
    """Say how the attempt that `token` names ended; raises StaleAttempt when it was superseded."""

    token: Token
    outcome: Outcome
    graph: Graph
    at: int


@frozen
class FireTimer:
    """The timer of a delay, a backoff or a step's deadline is due; early or old ones do nothing."""

    token: Token
    graph: Graph
    at: int
    jitter: float = 1.0


@frozen
class TakeOver:
    """Begin a new attempt of every step whose executor is gone."""

    graph: Graph
    at: int


@frozen
class CancelRun:
    """Stop the run; what is under way is cut off."""

    actor: Actor
    at: int
    reason: str | None = None


@frozen
class RetryRun:
    """Reopen a failed or cancelled run at its failed steps, or at one of them."""

    graph: Graph
    actor: Actor
    at: int
    step_id: str | None = None


Command: TypeAlias = (
    RequestRun | StartRun | ReportOutcome | FireTimer | TakeOver | CancelRun | RetryRun
)

# Events -----------------------------------------------------------------------------------------


@frozen(slots=False)
class RunRequested:
    """Somebody or something asked for the run: the trigger event."""

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


@frozen(slots=False)
class RunStarted:
    """The executor took it up."""

    at: int


@frozen(slots=False)
class StepStarted:
    """An attempt begins; recorded before it is executed, so that a crash counts."""

    step_id: str
    visit: int
    attempt: int
    at: int
    function: str
    deadline_at: int
    cause: Cause = "start"
    kind: StepKind = "compute"


@frozen(slots=False)
class StepSucceeded:
    """The attempt ended well."""

    step_id: str
    visit: int
    attempt: int
    at: int
    output: Json = None
    context: JsonObject | None = None
    warning: str | None = None


@frozen(slots=False)
class StepFailed:
    """The attempt ended badly; `final` when no other attempt follows."""

    step_id: str
    visit: int
    attempt: int
    at: int
    error: Error
    final: bool = True


@frozen(slots=False)
class StepTimedOut:
    """The attempt outlived its deadline; `final` when no other attempt follows."""

    step_id: str
    visit: int
    attempt: int
    at: int
    timeout_ms: int
    final: bool = True


@frozen(slots=False)
class StepCancelled:
    """The step was cut off with its run."""

    step_id: str
    visit: int
    attempt: int
    at: int


@frozen(slots=False)
class StepSkipped:
    """The step's `when` did not hold: it counts as done, without output."""

    step_id: str
    visit: int
    at: int
    kind: StepKind = "compute"


@frozen(slots=False)
class RetryScheduled:
    """Attempt `attempt` begins at `due_at`."""

    step_id: str
    visit: int
    attempt: int
    due_at: int
    at: int


@frozen(slots=False)
class DecisionTaken:
    """A decision step chose, with everything that was compared."""

    step_id: str
    visit: int
    result: DecisionResult
    at: int


@frozen(slots=False)
class DelayStarted:
    """A delay step waits until `resume_at`."""

    step_id: str
    visit: int
    delay_ms: int
    resume_at: int
    at: int


@frozen(slots=False)
class DelayElapsed:
    """A delay step is over."""

    step_id: str
    visit: int
    at: int


@frozen(slots=False)
class SyncReached:
    """A synchronization point has all it needs."""

    step_id: str
    visit: int
    at: int


@frozen(slots=False)
class RunCompleted:
    """The run ended; `has_errors` when a step failed and its failure was allowed to end it."""

    at: int
    has_errors: bool = False


@frozen(slots=False)
class RunFailed:
    """The run ended badly, because of `step_id` where one is to blame."""

    at: int
    error: Error
    step_id: str | None = None


@frozen(slots=False)
class RunCancelled:
    """The run was stopped."""

    actor: Actor
    at: int
    reason: str | None = None


@frozen(slots=False)
class RunReopened:
    """The run left its final status by an explicit retry of `steps`."""

    actor: Actor
    steps: tuple[str, ...]
    at: int


Event: TypeAlias = (
    RunRequested
    | RunStarted
    | StepStarted
    | StepSucceeded
    | StepFailed
    | StepTimedOut
    | StepCancelled
    | StepSkipped
    | RetryScheduled
    | DecisionTaken
    | DelayStarted
    | DelayElapsed
    | SyncReached
    | RunCompleted
    | RunFailed
    | RunCancelled
    | RunReopened
)
