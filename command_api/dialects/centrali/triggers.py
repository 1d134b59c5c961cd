"""Reads and renders the triggers of Centrali's dialects, which differ in the unit of `interval`.

A signing secret is write-only: it is stored sealed, and no response contains it. A `scheduledAt`
without an offset is on the wall clock of the trigger's `timezone`. An event type may be written
with underscores (`record_created`) and is rendered with dots.
"""

from dataclasses import dataclass
from typing import Literal, assert_never

from baton.command_api.commands.signing_secrets import SigningSecrets
from baton.command_api.dialect.bodies import Faults, Model
from baton.command_api.dialect.rendering import without_none
from baton.command_api.dialect.webhook import normalized_path
from baton.domain.definition.trigger import (
    EventTrigger,
    ManualTrigger,
    ScheduleTrigger,
    Trigger,
    WebhookTrigger,
)
from baton.domain.event_type import RECORD_TYPES
from baton.domain.json import JsonObject
from baton.domain.schedule import zone
from baton.domain.schedule.timetable import Cron, Interval, Once, Timetable
from baton.protocols.iso_time import format_time, parse_time
from baton.protocols.standard_webhooks import secret_fault

_DOTTED = {name.replace(".", "_"): name for name in RECORD_TYPES}
_UTC = "UTC"


_MEMBERS_OF: dict[str, frozenset[str]] = {
    "event-driven": frozenset(("eventType", "structureSlug")),
    "scheduled": frozenset(("scheduleType", "timezone")),
    "on-demand": frozenset(),
    "http-trigger": frozenset(
        ("path", "validateSignature", "signingSecret", "signatureHeaderName")
    ),
    "interval": frozenset(("interval",)),
    "cron": frozenset(("cronExpression",)),
    "once": frozenset(("scheduledAt",)),
}
"""The members that a trigger has because of its type and its type of schedule."""
_KIND_MEMBERS: frozenset[str] = frozenset().union(*_MEMBERS_OF.values())


class TriggerBody(Model):
    """A trigger of any kind; members of other kinds are ignored, with a warning."""

    type: Literal["event-driven", "scheduled", "on-demand", "http-trigger"]
    event_type: str | None = None
    structure_slug: str | None = None
    schedule_type: Literal["interval", "cron", "once"] | None = None
    interval: int | None = None
    cron_expression: str | None = None
    scheduled_at: str | None = None
    timezone: str | None = None
    path: str | None = None
    validate_signature: bool | None = None
    signing_secret: str | None = None
    signature_header_name: str | None = None

    @property
    def unused_members(self) -> frozenset[str]:
        """The names of members that a trigger of this type doesn't have."""
        used = _MEMBERS_OF[self.type]
        if self.type == "scheduled" and self.schedule_type is not None:
            used |= _MEMBERS_OF[self.schedule_type]
        return _KIND_MEMBERS - used

    @property
    def secrets(self) -> SigningSecrets:
        """The new signing secret; without one, the webhook keeps the stored one."""
        if self.type != "http-trigger" or self.signing_secret is None:
            return {}
        return {_webhook_path(self): self.signing_secret}


@dataclass(frozen=True, slots=True)
class TriggerReader:
    """Reads triggers; `interval_ms` is the unit of the dialect's `interval`."""

    interval_ms: int

    def read(self, body: TriggerBody, faults: Faults, before: Trigger | None = None) -> Trigger:
        """Return the core's trigger; adds the faults of the body to `faults`.

        Args:
            body: The trigger as sent.
            faults: Collects the faults.
            before: The definition's trigger so far. Its type of event may stay, whatever it is.
        """
        match body.type:
            case "event-driven":
                return _event(body, faults, before)
            case "scheduled":
                return ScheduleTrigger(timetable=self._timetable(body, faults))
            case "on-demand":
                return ManualTrigger()
            case "http-trigger":
                return _http(body, faults)
        assert_never(body.type)

    def _timetable(self, body: TriggerBody, faults: Faults) -> Timetable:
        timezone = _UTC if body.timezone is None else body.timezone
        match body.schedule_type:
            case "interval":
                faults.require(body.interval, "trigger", "interval")
                every_ms = (body.interval or 0) * self.interval_ms
                return Interval(every_ms=every_ms, timezone=timezone)
            case "cron":
                faults.require(body.cron_expression, "trigger", "cronExpression")
                return Cron(expression=body.cron_expression or "", timezone=timezone)
            case "once":
                return Once(at=_scheduled_at(body, timezone, faults), timezone=timezone)
            case None:
                faults.require(None, "trigger", "scheduleType")
                return Interval(every_ms=0)
        assert_never(body.schedule_type)


def _event(body: TriggerBody, faults: Faults, before: Trigger | None) -> EventTrigger:
    faults.require(body.event_type, "trigger", "eventType")
    event_type = body.event_type or ""
    event_type = _DOTTED.get(event_type, event_type)
    kept = isinstance(before, EventTrigger) and before.event_type == event_type
    if event_type and event_type not in RECORD_TYPES and not kept:
        faults.add(f"must be one of {', '.join(RECORD_TYPES)}", "trigger", "eventType")
    return EventTrigger(event_type=event_type, structure=body.structure_slug)


def _http(body: TriggerBody, faults: Faults) -> WebhookTrigger:
    secret = body.signing_secret
    if secret is not None and (fault := secret_fault(secret)) is not None:
        faults.add(fault, "trigger", "signingSecret")
    return WebhookTrigger(
        path=_webhook_path(body),
        configured_path=body.path,
        validate_signature=bool(body.validate_signature),
        signature_header=body.signature_header_name,
    )


def _webhook_path(body: TriggerBody) -> str | None:
    return None if body.path is None else normalized_path(body.path)


def _scheduled_at(body: TriggerBody, timezone: str, faults: Faults) -> int:
    if body.scheduled_at is None:
        faults.require(None, "trigger", "scheduledAt")
        return 0
    try:
        return parse_time(body.scheduled_at, zone.load(timezone))
    except zone.UnknownZone as error:
        faults.add(str(error), "trigger", "timezone")
    except ValueError as error:
        faults.add(str(error), "trigger", "scheduledAt")
    return 0


@dataclass(frozen=True, slots=True)
class TriggerRenderer:
    """Renders triggers; an interval is rounded up to a multiple of the unit `interval_ms`."""

    interval_ms: int

    def render(self, trigger: Trigger) -> JsonObject:
        """Return the trigger without its secret and without members that have no value."""
        match trigger:
            case EventTrigger():
                return without_none(
                    {
                        "type": "event-driven",
                        "eventType": trigger.event_type,
                        "structureSlug": trigger.structure,
                    }
                )
            case ScheduleTrigger():
                return {"type": "scheduled", **self._timetable(trigger.timetable)}
            case ManualTrigger():
                return {"type": "on-demand"}
            case WebhookTrigger():
                return without_none(
                    {
                        "type": "http-trigger",
                        "path": trigger.path
                        if trigger.configured_path is None
                        else trigger.configured_path,
                        "validateSignature": trigger.validate_signature,
                        "signatureHeaderName": trigger.signature_header,
                    }
                )
        assert_never(trigger)

    def _timetable(self, timetable: Timetable) -> JsonObject:
        shown: JsonObject = {"scheduleType": timetable.kind}
        match timetable:
            case Interval():
                shown["interval"] = -(-timetable.every_ms // self.interval_ms)
            case Cron():
                shown["cronExpression"] = timetable.expression
            case Once():
                shown["scheduledAt"] = format_time(timetable.at)
            case _:
                assert_never(timetable)
        return {**shown, "timezone": timetable.timezone}
