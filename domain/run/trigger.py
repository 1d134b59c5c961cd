"""The cause of one run, and the outcomes that a rerun copies from its source.

`kind` distinguishes the classes of causes in stored events.
"""

from typing import Literal, TypeAlias

from baton.domain.conditions.evaluation import DecisionResult
from baton.domain.frozen import frozen
from baton.domain.json import Json

StepKind: TypeAlias = Literal["compute", "decision", "delay", "sync"]


@frozen(slots=False)
class ByRecord:
    """A record event of `event_type` (dotted) about a record of `structure` started the run.

    `event_id` is the id that the sender gave the event; `record_id` is empty for a bulk event.
    """

    event_type: str
    structure: str
    record_id: str
    event_id: str
    kind: Literal["record"] = "record"


@frozen(slots=False)
class BySchedule:
    """The tick of a schedule at `nominal_at` (milliseconds since the epoch, UTC) started the run.

    `schedule_id` is the id of the schedule's stream: of a schedule of its own, or of the definition
    whose trigger is a timetable.
    """

    schedule_id: str
    nominal_at: int
    kind: Literal["schedule"] = "schedule"


@frozen(slots=False)
class ByWebhook:
    """A call of the webhook at `path`, as the definition writes the path, started the run."""

    path: str
    kind: Literal["webhook"] = "webhook"


@frozen(slots=False)
class ByHand:
    """A request for this one run started it; the run's actor is the requester."""

    kind: Literal["manual"] = "manual"


@frozen(slots=False)
class ByRerun:
    """A request to rerun the run `run_id` started the run, at `from_step` if it is set."""

    run_id: str
    from_step: str | None = None
    kind: Literal["rerun"] = "rerun"


Trigger: TypeAlias = ByHand | ByRecord | BySchedule | ByWebhook | ByRerun
TriggerKind: TypeAlias = Literal["record", "schedule", "webhook", "manual", "rerun"]
BY_HAND = ByHand()


@frozen
class CopiedStep:
    """The outcome of a step that a rerun copies, from the visit `visit` of its source.

    `size` is the size of the output, in bytes of JSON.
    """

    step_id: str
    visit: int
    kind: StepKind
    status: Literal["succeeded", "skipped"] = "succeeded"
    output: Json = None
    decision: DecisionResult | None = None
    size: int = 0


@frozen
class Branch:
    """The outcomes of its source that a rerun copies.

    The source had `source_version` events, the last of them at `position`. `entry` is the step that
    starts first in a graph with *next* pointers, None for the graph's first step.
    """

    source: str
    source_version: int
    position: int
    copied: tuple[CopiedStep, ...] = ()
    entry: str | None = None
    reason: str | None = None
