"""Faults of a definition's trigger."""

import re
from collections.abc import Iterator
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
"""Characters of a structure, a webhook path or a header name."""
_WEBHOOK_PATH: Final = re.compile(
    r"[A-Za-z0-9._~!$&'()*+,;=:@%-]+(/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)*"
)
_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # a token of RFC 9110, section 5.6.2


def faults_of_trigger(trigger: Trigger) -> Iterator[Fault]:
    """Yield the faults of `trigger`; their paths begin with "trigger"."""
    match trigger:
        case EventTrigger():
            yield from _faults_of_event(trigger)
        case ScheduleTrigger():
            try:
                check_timetable(trigger.timetable)
            except InvalidTimetable as fault:
                yield Fault(("trigger", fault.field), fault.reason)
        case WebhookTrigger():
            yield from _faults_of_http(trigger)
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


def _faults_of_http(trigger: WebhookTrigger) -> Iterator[Fault]:
    path, header = trigger.path, trigger.signature_header
    if path is not None and not (len(path) <= MAX_TEXT and _WEBHOOK_PATH.fullmatch(path)):
        message = (
            f"must be a URL path of at most {MAX_TEXT} characters, without a query, an empty"
            " segment or a slash at its end"
        )
        yield Fault(("trigger", "path"), message)
    elif path is not None and {".", ".."} & {unquote(segment) for segment in path.split("/")}:
        yield Fault(("trigger", "path"), "must not have a segment '.' or '..': no URL keeps it")
    if header is not None and not (len(header) <= MAX_TEXT and _HEADER.fullmatch(header)):
        message = f"must be the name of a header, of at most {MAX_TEXT} characters"
        yield Fault(("trigger", "signature_header"), message)
