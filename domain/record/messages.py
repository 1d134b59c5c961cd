"""Commands and events of a record event. Event names and fields are the storage format.

Each record event has a stream of its own, whose id is derived from its source and event id. A
record event that is delivered twice is therefore recorded once. Times are milliseconds since the
epoch, UTC.
"""

from dataclasses import dataclass
from typing import TypeAlias

from baton.domain.actor import Actor
from baton.domain.event_type import RECORD_TYPES
from baton.domain.json import Json, JsonObject

Fired: TypeAlias = tuple[str, str]
"""The id of a definition and the id of the run that its trigger started."""
Skipped: TypeAlias = tuple[str, str]
"""The id of a definition and the reason why its trigger started no run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveRecord:
    """Record an event about a record.

    The sender sets `event_id`, `source` and, optionally, `time`. `type` has its parts separated by
    dots. `record_id` may be empty for an event about many records. `actor` is the sender of an
    event over HTTP; an event from a topic has none.
    """

    event_id: str
    source: str
    type: str
    tenant: str
    structure: str
    record_id: str
    data: Json
    time: int
    at: int
    actor: Actor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportMatches:
    """Report the outcome of matching the event against all triggers; the first report counts."""

    at: int
    fired: tuple[Fired, ...] = ()
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordReceived:
    """An event was received; `input` is the input of the runs that it starts.

    `actor` is None for an event from a topic, and in events of earlier releases.
    """

    event_id: str
    source: str
    type: str
    tenant: str
    structure: str
    record_id: str
    data: Json
    time: int
    at: int
    actor: Actor | None = None

    @property
    def input(self) -> JsonObject:
        """The input of the runs that the event starts.

        For a record event it is the plain payload, whose event type has an underscore instead of
        the dot; an event about many records has no `recordId`. For an event of any other type it
        has the members `event`, `id`, `source`, `subject` (if the event has one) and `data`.
        """
        if self.type not in RECORD_TYPES:
            return self._other_input
        record: JsonObject = {"recordId": self.record_id} if self.record_id else {}
        return {
            "event": self.type.replace(".", "_"),
            "workspaceSlug": self.tenant,
            "recordSlug": self.structure,
            **record,
            "data": self.data,
        }

    @property
    def _other_input(self) -> JsonObject:
        subject = f"{self.structure}/{self.record_id}" if self.record_id else self.structure
        return {
            "event": self.type,
            "id": self.event_id,
            "source": self.source,
            **({"subject": subject} if subject else {}),
            "data": self.data,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggersConsidered:
    """All triggers were matched against the record event."""

    at: int
    fired: tuple[Fired, ...] = ()
    skipped: tuple[Skipped, ...] = ()


Command: TypeAlias = ReceiveRecord | ReportMatches
Event: TypeAlias = RecordReceived | TriggersConsidered
