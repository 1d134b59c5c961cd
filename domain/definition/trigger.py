"""The trigger of a definition: the cause that starts its runs."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from baton.domain.schedule.timetable import MissedPolicy, Once, OverlapPolicy, Timetable


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTrigger:
    """Starts a run for each event of `event_type`, about records of one structure or of any.

    The type is the type of a record event, with dots, or any other CloudEvents type.
    """

    event_type: str
    structure: str | None = None
    kind: Literal["event"] = "event"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleTrigger:
    """Starts a run at each instant of a timetable.

    `missed` and `overlap` replace the scheduler's policies; None leaves them.
    """

    timetable: Timetable
    missed: MissedPolicy | None = None
    overlap: OverlapPolicy | None = None
    kind: Literal["schedule"] = "schedule"

    @property
    def repeats(self) -> bool:
        """Whether there may be several ticks, so that their runs may overlap."""
        return not isinstance(self.timetable, Once)


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualTrigger:
    """Starts runs on request only."""

    kind: Literal["manual"] = "manual"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookTrigger:
    """Starts a run for each call of a webhook.

    `path` has no leading slash and no leading `webhooks/`, `configured_path` is the path as it was
    configured. `secret_id` is the id of the sealed signing secret, never the secret itself.
    """

    path: str | None = None
    configured_path: str | None = None
    validate_signature: bool = False
    secret_id: str | None = None
    signature_header: str | None = None
    kind: Literal["webhook"] = "webhook"


Trigger: TypeAlias = EventTrigger | ScheduleTrigger | ManualTrigger | WebhookTrigger
