"""The history of a run as text, one line per event, equal for equal sequences of events."""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any, Final

import orjson

from baton.domain.artifact import Artifact
from baton.domain.durations import render_duration
from baton.domain.run.messages.run_events import RunCancelled, RunFailed, RunRequested
from baton.domain.run.messages.step_events import (
    DecisionTaken,
    DelayStarted,
    RetryScheduled,
    StepFailed,
    StepStarted,
    StepSucceeded,
    StepTimedOut,
    StepUndecided,
)
from baton.domain.run.outcome import Error
from baton.eventlog.events.envelope import Recorded

_UNITS_MS: Final = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
MAX_SHOWN: Final = 200
"""Characters of JSON beyond which the hash of a value is shown instead."""
THIS_RUN: Final = "<run>"
"""Replaces the id of the run, which also occurs in idempotency keys."""


def render_history(history: Sequence[Recorded]) -> str:
    """Return the lines of a run's events, each with its time since the request of the run."""
    return "".join(f"{line}\n" for line in _lines(history))


def _lines(history: Sequence[Recorded]) -> Iterator[str]:
    began, run_id = 0, ""
    for recorded in history:
        event: Any = recorded.event
        if isinstance(event, RunRequested):
            began, run_id = event.at, event.run_id
        after = f"+{_in_units(event.at - began)}"
        line = f"{after:<10} {type(event).__name__:<15} {_place(event):<24} {_detail(event)}"
        yield (line.replace(run_id, THIS_RUN) if run_id else line).rstrip()


def _in_units(duration_ms: int) -> str:
    """Return a duration in every unit that it needs, such as `3h2m11s`."""
    text, left = "", duration_ms
    for unit, length in _UNITS_MS.items():
        count, left = divmod(left, length)
        text += f"{count}{unit}" if count else ""
    return text or "0s"


def _place(event: Any) -> str:
    """Return step, attempt and visit of an event; the first visit is left out."""
    step_id = getattr(event, "step_id", None)
    if step_id is None:
        return ""
    attempt, visit = getattr(event, "attempt", 0), getattr(event, "visit", 1)
    return f"{step_id}{f' #{attempt}' if attempt else ''}{f' visit {visit}' if visit > 1 else ''}"


def _detail(event: Any) -> str:  # noqa: C901 - one case an event
    match event:
        case RunRequested():
            return render_value(event.input)
        case StepStarted():
            return event.function if event.cause == "start" else f"{event.function} ({event.cause})"
        case StepSucceeded():
            patch = "" if event.context is None else f" context {render_value(event.context)}"
            return f"{render_value(event.output)}{patch}"
        case StepFailed() | StepUndecided() | RunFailed():
            return render_error(event.error)
        case StepTimedOut():
            return f"after {render_duration(event.timeout_ms)}"
        case RetryScheduled():
            return f"in {render_duration(event.due_at - event.at)}"
        case DecisionTaken():
            return event.result.selected or "$end"
        case DelayStarted():
            return f"for {render_duration(event.delay_ms)}"
        case RunCancelled():
            return event.reason or ""
        case _:
            return ""


def render_error(error: Error) -> str:
    """Return code and message of a failure in one line."""
    return f"{error.code}: {' '.join(error.message.split())}"


def render_value(value: object) -> str:
    """Return a value as JSON with sorted members, or if that is long, its size and its hash."""
    if isinstance(value, Artifact):
        return f"{value.bytes} bytes, sha256 {value.sha256[:16]}"
    raw = orjson.dumps(value, default=render_value, option=orjson.OPT_SORT_KEYS)
    if len(raw) <= MAX_SHOWN:
        return raw.decode()
    return f"{len(raw)} bytes, sha256 {sha256(raw).hexdigest()[:16]}"
