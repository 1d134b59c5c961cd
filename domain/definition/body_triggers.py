"""The triggers of a definition's body, by their kind.

A body may have several event triggers, webhooks and timetables. The timetables form one schedule.
A webhook is identified by its path; one webhook of a body may have no path.
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
    """The timetables of a body as one schedule; a policy None stands for the scheduler's policy."""

    timetable: AnyTimetable
    missed: MissedPolicy | None = None
    overlap: OverlapPolicy | None = None


def schedule_of(body: Body) -> Schedule | None:
    """Return the schedule of a body, None if it has no timetable.

    Validation requires that all timetables have the same policies.
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
    """Return the event types of the triggers, without repetitions."""
    types = (one.event_type for one in body.triggers if isinstance(one, EventTrigger))
    return tuple(dict.fromkeys(types))


def webhooks_of(body: Body) -> tuple[WebhookTrigger, ...]:
    """Return the webhooks of a body, in their order."""
    return tuple(one for one in body.triggers if isinstance(one, WebhookTrigger))


def webhook_at(body: Body, path: str) -> WebhookTrigger | None:
    """Return the webhook with a path, None if there is none."""
    return next((one for one in webhooks_of(body) if one.path == path), None)


def webhook_by_id(body: Body) -> WebhookTrigger | None:
    """Return the webhook that a call by the definition's id means; None if there is none.

    It is the webhook without a path, else the first webhook.
    """
    found = webhooks_of(body)
    return next((one for one in found if one.path is None), found[0] if found else None)


def secret_ids_of(body: Body) -> dict[str | None, str]:
    """Return the ids of a body's signing secrets by the path of the webhook."""
    return {one.path: one.secret_id for one in webhooks_of(body) if one.secret_id is not None}


def with_secret_ids(body: Body, secret_ids: Mapping[str | None, str]) -> Body:
    """Return `body` with these signing secrets, by path; other webhooks get no secret."""
    first, *more = (
        replace(one, secret_id=secret_ids.get(one.path)) if isinstance(one, WebhookTrigger) else one
        for one in body.triggers
    )
    return replace(body, trigger=first, more_triggers=tuple(more))


def keeping_secrets(body: Body, before: Body) -> Body:
    """Return `body` with the signing secrets of the previous body.

    A webhook keeps the secret of its path. If each body has only one webhook, it keeps its secret
    even if its path changes.
    """
    kept, last, now = secret_ids_of(before), webhooks_of(before), webhooks_of(body)
    if len(last) == len(now) == 1 and last[0].secret_id is not None:
        kept = {now[0].path: last[0].secret_id}
    return with_secret_ids(body, kept)


def have_the_same_ticks(before: Body, after: Body) -> bool:
    """Return whether both have the same schedule, so that its ticks continue."""
    one, other = schedule_of(before), schedule_of(after)
    if one is not None and other is not None:
        return one.timetable == other.timetable
    return before.triggers == after.triggers
