"""Commands and events of a run. Event names and fields are the storage format.

Times are milliseconds since the epoch, UTC. `visit` counts the activations of a step within the run
(more than one in a loop), `attempt` its attempts within one visit. Step id, visit and attempt form
the fencing token that a report of an outcome must carry.
"""

from dataclasses import field
from typing import Literal, TypeAlias

from baton.domain.actor import Actor
from baton.domain.conditions.evaluation import DecisionResult
from baton.domain.frozen import frozen
from baton.domain.json import Json, JsonObject
from baton.domain.run.commands import CancelRun as CancelRun  # noqa: PLC0414 - exported with the messages
from baton.domain.run.commands import Command as Command  # noqa: PLC0414
from baton.domain.run.commands import FireTimer as FireTimer  # noqa: PLC0414
from baton.domain.run.commands import KeepLogs as KeepLogs  # noqa: PLC0414
from baton.domain.run.commands import PauseRun as PauseRun  # noqa: PLC0414
from baton.domain.run.commands import ReleaseAttempts as ReleaseAttempts  # noqa: PLC0414
from baton.domain.run.commands import ReportOutcome as ReportOutcome  # noqa: PLC0414
from baton.domain.run.commands import RequestRun as RequestRun  # noqa: PLC0414
from baton.domain.run.commands import ResumeRun as ResumeRun  # noqa: PLC0414
from baton.domain.run.commands import RetryRun as RetryRun  # noqa: PLC0414
from baton.domain.run.commands import StartRun as StartRun  # noqa: PLC0414
from baton.domain.run.commands import TakeOver as TakeOver  # noqa: PLC0414
from baton.domain.run.hold import RunPaused as RunPaused  # noqa: PLC0414
from baton.domain.run.hold import RunResumed as RunResumed  # noqa: PLC0414
from baton.domain.run.hold import TimerHeld as TimerHeld  # noqa: PLC0414
from baton.domain.run.hold import TimerSet as TimerSet  # noqa: PLC0414
from baton.domain.run.outcome import Error as Error  # noqa: PLC0414
from baton.domain.run.outcome import Failed as Failed  # noqa: PLC0414
from baton.domain.run.outcome import Outcome as Outcome  # noqa: PLC0414
from baton.domain.run.outcome import Succeeded as Succeeded  # noqa: PLC0414
from baton.domain.run.outcome import TimedOut as TimedOut  # noqa: PLC0414
from baton.domain.run.outcome import Token as Token  # noqa: PLC0414
from baton.domain.run.trigger import StepKind as StepKind  # noqa: PLC0414
from baton.domain.run.trigger import Trigger

Cause = Literal["start", "retry", "takeover", "reopen", "handover"]
"""The reason why an attempt started. "takeover" occurs only in logs of earlier releases."""


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


AttemptEnd: TypeAlias = StepSucceeded | StepFailed | StepTimedOut | StepCancelled | StepReleased
RunEnd: TypeAlias = RunCompleted | RunFailed | RunCancelled

Event: TypeAlias = (
    RunRequested
    | RunStarted
    | StepStarted
    | AttemptEnd
    | StepSkipped
    | RetryScheduled
    | DecisionTaken
    | DelayStarted
    | DelayElapsed
    | SyncAwaited
    | SyncReached
    | RunEnd
    | RunReopened
    | StepUndecided
    | StepLogged
    | RunPaused
    | RunResumed
    | TimerHeld
    | TimerSet
    | RunBranched
    | StepCopied
)
