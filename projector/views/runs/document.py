"""The document of a run; `view` folds events into it."""

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from baton.domain.actor import Actor
from baton.domain.json import Json, JsonObject
from baton.domain.run.trigger import Trigger

Status = Literal["pending", "running", "waiting", "paused", "completed", "failed", "cancelled"]
WaitsFor: TypeAlias = Literal["QUEUED", "RUNNING", "TIMER", "BACKOFF", "RELEASED", "PAUSED"]
"""The thing that an unfinished run waits for, as a code of its explanation.

With several open steps, a running attempt takes precedence over a delay, a delay over a backoff,
and a backoff over a released attempt.
"""
FINAL_STATUSES: Final = frozenset(("completed", "failed", "cancelled"))


@dataclass(kw_only=True)
class Pause:
    """The pause of a run since `at`, by the subject `by`."""

    at: int
    by: str
    reason: str | None = None


@dataclass(kw_only=True)
class Document:
    """One run. Times are milliseconds since the epoch, UTC.

    - `running` counts open steps with a running attempt, `waiting` open steps in a delay or a
      backoff, `delayed` the delays among them, and `released` open steps whose attempt was
      released. A run that has only waiting steps has the status "waiting".
    - `unfinished` counts steps that failed for good or were cancelled, until a retry reopens them.
    - `idle_since` is set while the run is running and has no open step. If that takes longer than
      an append, it is a defect.
    - `current_step_id` is the step entered last, None once the run has ended.
    - `has_errors` is also set when the run failed.
    - `attempts` counts started attempts. `attempt` is the number of the newest attempt, or of the
      attempt that follows a backoff.
    - `timers` are the due times of delays and backoffs by step.
    - `pause` is set while the run is paused.
    - `rerun_id` is the id of the newest rerun of this run.
    - `version` counts the run's events, `position` is the position of the newest event.

    The class has no slots, because orjson writes it three times as fast without them.
    """

    id: str
    tenant: str
    definition_id: str
    definition_version: int
    trigger: Trigger
    actor: Actor
    requested_at: int
    input: Json = None
    context: JsonObject = field(default_factory=dict)
    correlation_id: str | None = None
    traceparent: str | None = None
    status: Status = "pending"
    current_step_id: str | None = None
    has_errors: bool = False
    delay_count: int = 0
    running: int = 0
    waiting: int = 0
    delayed: int = 0
    released: int = 0
    unfinished: int = 0
    idle_since: int | None = None
    attempts: int = 0
    attempt: int | None = None
    timers: dict[str, int] = field(default_factory=dict)
    failure_code: str | None = None
    failure_message: str | None = None
    failed_step: str | None = None
    cancelled_by: str | None = None
    cancel_reason: str | None = None
    started_at: int | None = None
    completed_at: int | None = None
    pause: Pause | None = None
    rerun_id: str | None = None
    version: int = 0
    position: int = 0

    @property
    def waits_for(self) -> WaitsFor | None:
        """The thing that the run waits for; None while it is idle and once it has ended."""
        if self.status == "pending":
            return "QUEUED"
        if self.status == "paused":
            return "PAUSED"
        if self.running:
            return "RUNNING"
        if self.waiting:
            return "TIMER" if self.delayed else "BACKOFF"
        return "RELEASED" if self.released else None

    @property
    def due_at(self) -> int | None:
        """The earliest due time (ms) of its delays and backoffs, None without any."""
        return min(self.timers.values(), default=None)

    @property
    def idle(self) -> bool:
        """Whether the run is running and has no open step."""
        return self.status == "running" and not (self.running or self.waiting or self.released)

    @property
    def reopenable(self) -> bool:
        """Whether a retry has steps to reopen, if the run failed or was cancelled."""
        return self.unfinished > 0 or self.started_at is None
