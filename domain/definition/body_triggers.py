"""The triggers of a definition's body, by their kind.

A body has any number of event triggers, of webhooks, and of timetables, which form one schedule. A
webhook is known by its path; one webhook of a body may have none.
"""

from collections.abc import Mapping
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


def webhooks_of(body: Body) -> tuple[WebhookTrigger, ...]:
    """Return the webhooks of a body, in their order."""
    return tuple(one for one in body.triggers if isinstance(one, WebhookTrigger))


def webhook_at(body: Body, path: str) -> WebhookTrigger | None:
    """Return the webhook with a path, None if there is none."""
    return next((one for one in webhooks_of(body) if one.path == path), None)


def webhook_by_id(body: Body) -> WebhookTrigger | None:
    """Return the webhook that is called by the definition's id.

    It is the one without a path, else the first one; None if there is none.
    """
    found = webhooks_of(body)
    return next((one for one in found if one.path is None), found[0] if found else None)


def secret_ids_of(body: Body) -> dict[str | None, str]:
    """Return the ids of the signing secrets of a body by the paths of their webhooks."""
    return {one.path: one.secret_id for one in webhooks_of(body) if one.secret_id is not None}


def with_secret_ids(body: Body, secret_ids: Mapping[str | None, str]) -> Body:
    """Return `body` with the ids of signing secrets; a webhook without one there has none."""
    first, *more = (
        replace(one, secret_id=secret_ids.get(one.path)) if isinstance(one, WebhookTrigger) else one
        for one in body.triggers
    )
    return replace(body, trigger=first, more_triggers=tuple(more))


def keeping_secrets(body: Body, before: Body) -> Body:
    """Return `body` with the signing secrets that its webhooks have in the body before.

    A webhook keeps the secret of its path. The only webhook of a definition keeps it under another
    path, too.
    """
    kept, last, now = secret_ids_of(before), webhooks_of(before), webhooks_of(body)
    if len(last) == len(now) == 1 and last[0].secret_id is not None:
        kept = {now[0].path: last[0].secret_id}
    return with_secret_ids(body, kept)


def have_the_same_ticks(before: Body, after: Body) -> bool:
    """Return whether the ticks of the later body continue those of the earlier one."""
    one, other = schedule_of(before), schedule_of(after)
    if one is not None and other is not None:
        return one.timetable == other.timetable
    return before.triggers == after.triggers
