"""The document of a run; `view` folds events into it."""

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from baton.domain.actor import Actor
from baton.domain.json import Json, JsonObject
from baton.domain.run.trigger import Trigger

Status = Literal["pending", "running", "waiting", "paused", "completed", "failed", "cancelled"]
WaitsFor: TypeAlias = Literal["QUEUED", "RUNNING", "TIMER", "BACKOFF", "RELEASED", "PAUSED"]
"""The cause that an open run waits for, by the codes of its explanation.

With several open steps it is the first of: a running attempt, a delay, a backoff, a released
attempt.
"""
FINAL_STATUSES: Final = frozenset(("completed", "failed", "cancelled"))


@dataclass(kw_only=True)
class Pause:
    """The pause of a run: since when, by which subject and why."""

    at: int
    by: str
    reason: str | None = None


@dataclass(kw_only=True)
class Document:
    """One run. Times are milliseconds since the epoch, UTC.

    `running` counts the open steps with a running attempt, `waiting` those in a delay or a backoff
    (`delayed` are the delays among them), `released` those whose attempt was given up, `unfinished`
    the steps that have failed for good or were cancelled, until a retry reopens them. A run with
    waiting steps only has the status "waiting". `idle_since` is set while the run should go on and
    has no open step: for longer than an append takes, that is a defect. `current_step_id` is the
    step entered last, None once the run has ended. `has_errors` is also set when the run failed.
    `attempts` counts the attempts that have started, `attempt` is the number of the newest one, or
    of the one that a backoff ends with. `timers` are the due times of delays and backoffs by step.
    `pause` is set while the run is paused. `rerun_id` is the newest run that runs this one again.
    `version` counts the run's events, `position` is that of the newest one. The class has no slots,
    because orjson writes it three times as fast without them.
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
        """The cause that the run waits for; None once it has ended, and while it is idle."""
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
        """The time (ms) at which the first of its delays and backoffs ends, None without one."""
        return min(self.timers.values(), default=None)

    @property
    def idle(self) -> bool:
        """True while the run should go on and has no open step."""
        return self.status == "running" and not (self.running or self.waiting or self.released)

    @property
    def reopenable(self) -> bool:
        """True if a retry finds something to reopen, once the run has failed or was cancelled."""
        return self.unfinished > 0 or self.started_at is None
