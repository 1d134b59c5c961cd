"""Faults of a definition's triggers."""

import re
from collections.abc import Iterator, Sequence
from typing import Final, assert_never
from urllib.parse import unquote

from baton.domain.definition.trigger import (
    EventTrigger,
    ManualTrigger,
    ScheduleTrigger,
    Trigger,
    WebhookTrigger,
)
from baton.domain.errors import Fault
from baton.domain.event_type import type_fault
from baton.domain.schedule.timetable import InvalidTimetable, check_timetable
from baton.domain.text import NOT_PLAIN, is_plain

MAX_TEXT = 200
"""The largest number of characters of a structure, a webhook path or a header name."""
MAX_TRIGGERS: Final = 20
"""The largest number of triggers of one definition."""
_SAME_POLICY: Final = "must be the same for all timetables, which form one schedule"
_WEBHOOK_PATH: Final = re.compile(
    r"[A-Za-z0-9._~!$&'()*+,;=:@%-]+(/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)*"
)
_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # a token of RFC 9110, section 5.6.2


def faults_of_triggers(triggers: Sequence[Trigger]) -> Iterator[Fault]:
    """Yield the faults of a definition's triggers.

    Paths begin with "trigger", followed by the index of the trigger if there are several.
    """
    if len(triggers) == 1:
        yield from _faults_of_trigger(triggers[0])
        return
    if len(triggers) > MAX_TRIGGERS:
        yield Fault(("trigger",), f"must have at most {MAX_TRIGGERS} triggers")
        return
    for index, trigger in enumerate(triggers):
        for fault in (*_faults_of_trigger(trigger), *_faults_after(trigger, triggers[:index])):
            yield Fault(("trigger", index, *fault.path[1:]), fault.message)


def _faults_after(trigger: Trigger, others: Sequence[Trigger]) -> Iterator[Fault]:
    """Yield the faults of a trigger that result from the triggers before it."""
    if isinstance(trigger, ManualTrigger) or ManualTrigger() in others:
        yield Fault(("trigger",), "adds nothing: every definition can be started by hand")
    elif trigger in others:
        yield Fault(("trigger",), "must not repeat another trigger")
    elif isinstance(trigger, WebhookTrigger) and any(
        isinstance(one, WebhookTrigger) and one.path == trigger.path for one in others
    ):
        yield Fault(("trigger", "path"), "must not be that of another webhook of the definition")
    if isinstance(trigger, ScheduleTrigger):
        timed = [one for one in others if isinstance(one, ScheduleTrigger)]
        if any(one.missed != trigger.missed for one in timed):
            yield Fault(("trigger", "missed"), _SAME_POLICY)
        if trigger.repeats and any(one.repeats and one.overlap != trigger.overlap for one in timed):
            yield Fault(("trigger", "overlap"), _SAME_POLICY)


def _faults_of_trigger(trigger: Trigger) -> Iterator[Fault]:
    """Yield the faults of one trigger."""
    match trigger:
        case EventTrigger():
            yield from _faults_of_event(trigger)
        case ScheduleTrigger():
            try:
                check_timetable(trigger.timetable)
            except InvalidTimetable as fault:
                yield Fault(("trigger", fault.field), fault.reason)
        case WebhookTrigger():
            yield from _faults_of_webhook(trigger)
        case ManualTrigger():
            pass
        case _:
            assert_never(trigger)


def _faults_of_event(trigger: EventTrigger) -> Iterator[Fault]:
    fault = type_fault(trigger.event_type)
    if fault is not None:
        yield Fault(("trigger", "event_type"), fault)
    if trigger.structure is not None and not is_plain(trigger.structure):
        yield Fault(("trigger", "structure"), NOT_PLAIN)
    if trigger.structure is not None and not 0 < len(trigger.structure) <= MAX_TEXT:
        message = f"must have 1 to {MAX_TEXT} characters"
        yield Fault(("trigger", "structure"), message)


def _faults_of_webhook(trigger: WebhookTrigger) -> Iterator[Fault]:
    path, header = trigger.path, trigger.signature_header
    if path is not None and not (len(path) <= MAX_TEXT and _WEBHOOK_PATH.fullmatch(path)):
        message = (
            f"must be a URL path of at most {MAX_TEXT} characters, without a query, an empty"
            " segment or a slash at its end"
        )
        yield Fault(("trigger", "path"), message)
    elif path is not None and {".", ".."} & {unquote(segment) for segment in path.split("/")}:
        yield Fault(
            ("trigger", "path"), "must not have a segment '.' or '..', which clients remove"
        )
    if header is not None and not (len(header) <= MAX_TEXT and _HEADER.fullmatch(header)):
        message = f"must be the name of a header, of at most {MAX_TEXT} characters"
        yield Fault(("trigger", "signature_header"), message)
