"""Events about the steps of a run. Their names and fields are the storage format.

Times are milliseconds since the epoch, UTC. `visit` counts the activations of a step within the run
(more than one in a loop), `attempt` its attempts within one visit. Step id, visit and attempt form
the fencing token that a report of an outcome must carry.
"""

from dataclasses import field
from typing import Literal, TypeAlias

from baton.domain.conditions.evaluation import DecisionResult
from baton.domain.frozen import frozen
from baton.domain.json import Json, JsonObject
from baton.domain.run.hold import TimerKind
from baton.domain.run.outcome import Error
from baton.domain.run.trigger import StepKind

Cause = Literal["start", "retry", "takeover", "reopen", "handover"]
"""The reason why an attempt started. "takeover" occurs only in logs of earlier releases."""


@frozen(slots=False)
class StepStarted:
    """An attempt started. Recorded before the function is called, so that a crash counts too."""

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
    """The attempt succeeded.

    `size` is the size of output and context patch, in bytes of JSON; 0 in events of earlier
    releases.
    """

    step_id: str
    visit: int
    attempt: int
    at: int
    output: Json = None
    context: JsonObject | None = None
    warning: str | None = None
    size: int = field(default=0, compare=False)


@frozen(slots=False)
class StepFailed:
    """The attempt failed; `final` means that no further attempt follows."""

    step_id: str
    visit: int
    attempt: int
    at: int
    error: Error
    final: bool = True


@frozen(slots=False)
class StepTimedOut:
    """The attempt passed its deadline; `final` means that no further attempt follows."""

    step_id: str
    visit: int
    attempt: int
    at: int
    timeout_ms: int
    final: bool = True


@frozen(slots=False)
class StepCancelled:
    """The step was cancelled with its run."""

    step_id: str
    visit: int
    attempt: int
    at: int


@frozen(slots=False)
class StepSkipped:
    """The step was skipped, because its `when` didn't hold. It counts as done, without output.

    `timed` is whether this ends the timer of a synchronization point.
    """

    step_id: str
    visit: int
    at: int
    kind: StepKind = "compute"
    timed: bool = False


@frozen(slots=False)
class StepUndecided:
    """The step failed without an attempt.

    Its conditions read a missing or damaged value, or a synchronization point wasn't reached in
    time.
    """

    step_id: str
    visit: int
    at: int
    error: Error
    kind: StepKind = "compute"


@frozen(slots=False)
class RetryScheduled:
    """Attempt `attempt` starts at `due_at`.

    With the cause "takeover" the previous attempt was lost with its executor.
    """

    step_id: str
    visit: int
    attempt: int
    due_at: int
    at: int
    cause: Literal["retry", "takeover"] = "retry"


@frozen(slots=False)
class StepReleased:
    """The attempt was ended before its outcome; this doesn't count as a failure.

    With the cause "stop" its executor stopped, and the next owner of the run starts another
    attempt. With "pause" the run was paused, and another attempt starts when it is resumed.
    """

    step_id: str
    visit: int
    attempt: int
    at: int
    cause: Literal["stop", "pause"] = "stop"


@frozen(slots=False)
class StepLogged:
    """The function logged lines during the attempt; `logs` is the artifact that holds them.

    Recorded right before the end of the attempt, or later if another process recorded the end.
    """

    step_id: str
    visit: int
    attempt: int
    at: int
    logs: Json = None


@frozen(slots=False)
class DecisionTaken:
    """A decision step chose the next step; `result` holds the evaluations."""

    step_id: str
    visit: int
    result: DecisionResult
    at: int


@frozen(slots=False)
class DelayStarted:
    """A delay step started; it ends at `resume_at`."""

    step_id: str
    visit: int
    delay_ms: int
    resume_at: int
    at: int


@frozen(slots=False)
class DelayElapsed:
    """A delay step ended."""

    step_id: str
    visit: int
    at: int


@frozen(slots=False)
class SyncAwaited:
    """The run waits until `deadline_at` for a synchronization point to be reached."""

    step_id: str
    visit: int
    deadline_at: int
    at: int


@frozen(slots=False)
class SyncReached:
    """A synchronization point was reached: every step that it needs is done.

    `timed` is whether the point had a deadline.
    """

    step_id: str
    visit: int
    at: int
    timed: bool = False


@frozen(slots=False)
class StepCopied:
    """The outcome of a step was copied from the source of a rerun; its function isn't called.

    `size` is the size of the output, in bytes of JSON.
    """

    step_id: str
    visit: int
    kind: StepKind
    at: int
    status: Literal["succeeded", "skipped"] = "succeeded"
    output: Json = None
    decision: DecisionResult | None = None
    size: int = field(default=0, compare=False)


@frozen(slots=False)
class TimerHeld:
    """The timer of a delay or backoff is held until the run is resumed; it keeps its due time."""

    step_id: str
    visit: int
    attempt: int
    at: int


@frozen(slots=False)
class TimerSet:
    """The delay or the backoff of a step of a resumed run ends at `due_at`."""

    step_id: str
    visit: int
    attempt: int
    kind: TimerKind
    due_at: int
    at: int


AttemptEnd: TypeAlias = StepSucceeded | StepFailed | StepTimedOut | StepCancelled | StepReleased

StepEvent: TypeAlias = (
    StepStarted
    | AttemptEnd
    | StepSkipped
    | StepUndecided
    | StepLogged
    | StepCopied
    | RetryScheduled
    | DecisionTaken
    | DelayStarted
    | DelayElapsed
    | SyncAwaited
    | SyncReached
    | TimerHeld
    | TimerSet
)
