"""The cause of one run. `kind` distinguishes the classes in stored events."""

from typing import Literal, TypeAlias

from baton.domain.frozen import frozen


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
    """A call of the webhook at `path`, as the definition writes it, started the run."""

    path: str
    kind: Literal["webhook"] = "webhook"


@frozen(slots=False)
class ByHand:
    """A request for this one run started it; the run's actor is the requester."""

    kind: Literal["manual"] = "manual"


Trigger: TypeAlias = ByHand | ByRecord | BySchedule | ByWebhook
TriggerKind: TypeAlias = Literal["record", "schedule", "webhook", "manual"]
BY_HAND = ByHand()
