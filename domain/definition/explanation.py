"""Explains what starts runs of a definition, or why no run starts.

The explanation needs only the definition and its recorded ticks. The caller adds facts about the
installation.
"""

from collections.abc import Iterator
from typing import Literal, TypeAlias, assert_never

from baton.domain.definition.body_triggers import schedule_of
from baton.domain.definition.state import State
from baton.domain.definition.trigger import (
    EventTrigger,
    ManualTrigger,
    ScheduleTrigger,
    Trigger,
    WebhookTrigger,
)
from baton.domain.frozen import frozen
from baton.domain.schedule.timetable import next_fire

Code: TypeAlias = Literal[
    "DRAFT",
    "PAUSED",
    "BY_HAND",
    "EVENT",
    "WEBHOOK",
    "NO_SECRET",
    "TIMER",
    "NO_TICK",
    "SERVER_HELD",
    "NO_SCHEDULER",
    "NO_FUNCTION",
    "NO_EXECUTOR",
    "TOO_MANY_RUNS",
]
"""The events that a definition waits for, or the causes that keep it from starting runs.

Callers add the last five. Later releases may add codes.
"""


@frozen
class Reason:
    """An event that a definition waits for, or a cause that keeps it from starting runs.

    `due_at` is in ms since the epoch.
    """

    code: Code
    text: str
    due_at: int | None = None


def explain(definition: State, *, last: int | None, now: int) -> tuple[Reason, ...]:
    """Return what starts runs of a definition, in the order of its triggers.

    Args:
        definition: The definition.
        last: The nominal time of the newest tick of its schedule, None without a tick.
        now: The time, in ms since the epoch.
    """
    return (*_status(definition), *_triggers(definition, last, now))


def _status(definition: State) -> Iterator[Reason]:
    match definition.body.status:
        case "draft":
            yield Reason(code="DRAFT", text="A draft is started by hand only")
        case "paused":
            yield Reason(code="PAUSED", text="A paused definition starts no run")
        case _:
            pass


def _triggers(definition: State, last: int | None, now: int) -> Iterator[Reason]:
    timed = False
    for trigger in definition.body.triggers:
        if isinstance(trigger, ScheduleTrigger):
            if not timed:
                yield _tick(definition, last, now)
            timed = True
        else:
            yield _waiting(trigger)


def _waiting(trigger: Trigger) -> Reason:
    match trigger:
        case EventTrigger(structure=None):
            return Reason(code="EVENT", text=f"It waits for events of type {trigger.event_type}")
        case EventTrigger():
            kind = f"{trigger.event_type} about '{trigger.structure}'"
            return Reason(code="EVENT", text=f"It waits for events of type {kind}")
        case WebhookTrigger() if trigger.validate_signature and trigger.secret_id is None:
            text = f"Every call of {_named(trigger)} is refused with 401, because it has no secret"
            return Reason(code="NO_SECRET", text=text)
        case WebhookTrigger():
            return Reason(code="WEBHOOK", text=f"It waits for calls of {_named(trigger)}")
        case ManualTrigger() | ScheduleTrigger():
            return Reason(code="BY_HAND", text="It is started by hand only")
    assert_never(trigger)


def _named(webhook: WebhookTrigger) -> str:
    return "its webhook" if webhook.path is None else f"its webhook '{webhook.path}'"


def _tick(definition: State, last: int | None, now: int) -> Reason:
    schedule, anchor = schedule_of(definition.body), definition.active_since
    if schedule is None or not anchor:
        return Reason(code="NO_TICK", text="Its schedule only has ticks while it is active")
    after = anchor if last is None else max(anchor, last)
    due_at = next_fire(schedule.timetable, after=after, anchor=anchor)
    if due_at is None:
        return Reason(code="NO_TICK", text="Its timetable has no later tick")
    text = "Its next tick is due" if due_at <= now else "It waits for its next tick"
    return Reason(code="TIMER", text=text, due_at=due_at)
