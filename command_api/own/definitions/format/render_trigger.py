"""Renders triggers in Baton's own format; a signing secret is never shown."""

from collections.abc import Sequence
from typing import assert_never

from baton.command_api.dialect.rendering import without_none
from baton.domain.definition.trigger import (
    EventTrigger,
    ManualTrigger,
    ScheduleTrigger,
    Trigger,
    WebhookTrigger,
)
from baton.domain.durations import render_duration
from baton.domain.json import JsonObject
from baton.domain.schedule.timetable import AnyTimetable, Cron, Interval, Once, parts_of
from baton.protocols.iso_time import format_time


def render_triggers(triggers: Sequence[Trigger]) -> JsonObject | list[JsonObject]:
    """Return the triggers of a definition: the only one, or a list."""
    shown = [render_trigger(trigger) for trigger in triggers]
    return shown[0] if len(shown) == 1 else shown


def render_timetable(timetable: AnyTimetable) -> JsonObject | list[JsonObject]:
    """Return a timetable, or those that it consists of, as triggers without policies."""
    return render_triggers([ScheduleTrigger(timetable=part) for part in parts_of(timetable)])


def render_trigger(trigger: Trigger) -> JsonObject:
    """Return the trigger without the members that have their default."""
    match trigger:
        case EventTrigger():
            return without_none({"event": trigger.event_type, "structure": trigger.structure})
        case ScheduleTrigger():
            return _schedule(trigger)
        case WebhookTrigger():
            return _webhook(trigger)
        case ManualTrigger():
            return {"manual": True}
    assert_never(trigger)


def _schedule(trigger: ScheduleTrigger) -> JsonObject:
    timetable = trigger.timetable
    shown: JsonObject
    match timetable:
        case Cron():
            shown = {"cron": timetable.expression}
        case Interval():
            shown = {"every": render_duration(timetable.every_ms)}
        case Once():
            shown = {"at": format_time(timetable.at)}
        case _:
            assert_never(timetable)
    if timetable.timezone != "UTC":
        shown["timezone"] = timetable.timezone
    return {**shown, **without_none({"missed": trigger.missed, "overlap": trigger.overlap})}


def _webhook(trigger: WebhookTrigger) -> JsonObject:
    """Return a webhook; `signed` says that calls need a signature, because no secret is shown."""
    path = trigger.path if trigger.configured_path is None else trigger.configured_path
    shown: JsonObject = {"webhook": path}
    if trigger.validate_signature:
        shown["signed"] = True
    if trigger.signature_header is not None:
        shown["header"] = trigger.signature_header
    return shown
