"""The triggers of a definition's body, by their kind.

A body has any number of event triggers, one webhook at most, and any number of timetables, which
form one schedule.
"""

from dataclasses import dataclass, replace

from baton.domain.definition.messages import Body
from baton.domain.definition.trigger import EventTrigger, ScheduleTrigger, WebhookTrigger
from baton.domain.schedule.timetable import (
    AnyTimetable,
    Combined,
    MissedPolicy,
    OverlapPolicy,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The timetables of a body as one schedule; None as a policy leaves the scheduler's."""

    timetable: AnyTimetable
    missed: MissedPolicy | None = None
    overlap: OverlapPolicy | None = None


def schedule_of(body: Body) -> Schedule | None:
    """Return the schedule of a body, None if it has no timetable.

    Its policies are those of the first timetable that has any: validation requires the same of all.
    """
    found = [one for one in body.triggers if isinstance(one, ScheduleTrigger)]
    if not found:
        return None
    first = found[0]
    timetable: AnyTimetable = first.timetable
    if len(found) > 1:
        timetable = Combined(timetables=tuple(one.timetable for one in found))
    overlap = next((one.overlap for one in found if one.repeats), None)
    return Schedule(timetable=timetable, missed=first.missed, overlap=overlap)


def event_types_of(body: Body) -> tuple[str, ...]:
    """Return the types of events that start runs, each of them once."""
    types = (one.event_type for one in body.triggers if isinstance(one, EventTrigger))
    return tuple(dict.fromkeys(types))


def webhook_of(body: Body) -> WebhookTrigger | None:
    """Return the webhook of a body, None if it has none."""
    return next((one for one in body.triggers if isinstance(one, WebhookTrigger)), None)


def with_secret_id(body: Body, secret_id: str | None) -> Body:
    """Return `body` with the id of its webhook's signing secret; without a webhook, unchanged."""
    first, *more = (
        replace(one, secret_id=secret_id) if isinstance(one, WebhookTrigger) else one
        for one in body.triggers
    )
    return replace(body, trigger=first, more_triggers=tuple(more))


def have_the_same_ticks(before: Body, after: Body) -> bool:
    """Return whether the ticks of the later body continue those of the earlier one."""
    one, other = schedule_of(before), schedule_of(after)
    if one is not None and other is not None:
        return one.timetable == other.timetable
    return before.triggers == after.triggers
