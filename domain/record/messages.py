"""Commands and events of a record event. Event names and fields are the storage format.

A record event is its own stream, whose id is derived from source and event id: delivered twice, it
is recorded once.
"""

from dataclasses import dataclass
from typing import TypeAlias

from baton.domain.json import Json, JsonObject

Fired: TypeAlias = tuple[str, str]
"""A definition's id and the id of the run its trigger started."""
Skipped: TypeAlias = tuple[str, str]
"""A definition's id and why its trigger was considered and started nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveRecord:
    """Take in what happened to a record; `type` is dotted, `time` the sender's (or `at`)."""

    event_id: str
    source: str
    type: str
    tenant: str
    structure: str
    record_id: str
    data: Json
    time: int
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportMatches:
    """Say what became of the triggers that were considered; the first word counts."""

    at: int
    fired: tuple[Fired, ...] = ()
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordReceived:
    """Something happened to a record; `input` is what runs get: the plain payload."""

    event_id: str
    source: str
    type: str
    tenant: str
    structure: str
    record_id: str
    data: Json
    time: int
    at: int

    @property
    def input(self) -> JsonObject:
        """The payload as functions know it: the event's name has an underscore there."""
        return {
            "event": self.type.replace(".", "_"),
            "workspaceSlug": self.tenant,
            "recordSlug": self.structure,
            "recordId": self.record_id,
            "data": self.data,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggersConsidered:
    """Every trigger that could have fired was looked at."""

    at: int
    fired: tuple[Fired, ...] = ()
    skipped: tuple[Skipped, ...] = ()


Command: TypeAlias = ReceiveRecord | ReportMatches
Event: TypeAlias = RecordReceived | TriggersConsidered
