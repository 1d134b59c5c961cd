"""What starts a run of a definition."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from baton.domain.schedule.timetable import Timetable


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTrigger:
    """Starts on record events of `event_type` (dotted), of one structure or of any."""

    event_type: str
    structure: str | None = None
    kind: Literal["event"] = "event"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleTrigger:
    """Starts at the instants of a timetable."""

    timetable: Timetable
    kind: Literal["schedule"] = "schedule"


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualTrigger:
    """Starts when somebody asks for it."""

    kind: Literal["manual"] = "manual"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookTrigger:
    """Starts on a webhook call; `secret_id` names the sealed signing secret, never the secret.

    `path` has no leading slash and no leading `webhooks/`; `shown_path` is what was configured.
    """

    path: str | None = None
    shown_path: str | None = None
    validate_signature: bool = False
    secret_id: str | None = None
    signature_header: str | None = None
    kind: Literal["webhook"] = "webhook"


Trigger: TypeAlias = EventTrigger | ScheduleTrigger | ManualTrigger | WebhookTrigger
