"""The document of a run; `view` folds events into it."""

from dataclasses import dataclass, field
from typing import Final, Literal

from baton.domain.actor import Actor
from baton.domain.json import Json, JsonObject
from baton.domain.run.trigger import Trigger

Status = Literal["pending", "running", "waiting", "paused", "completed", "failed", "cancelled"]
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

    `running` counts the open steps with a running attempt, `waiting` those in a delay or a backoff;
    a run with waiting steps only has the status "waiting". `current_step_id` is the step entered
    last, None once the run has ended. `has_errors` is also set when the run failed. `pause` is set
    while the run is paused. `version` counts the run's events, `position` is that of the newest
    one. The class has no slots, because orjson writes it three times as fast without them.
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
    failure_code: str | None = None
    failure_message: str | None = None
    failed_step: str | None = None
    cancelled_by: str | None = None
    cancel_reason: str | None = None
    started_at: int | None = None
    completed_at: int | None = None
    pause: Pause | None = None
    version: int = 0
    position: int = 0
