"""The history of a run as an auditor reads it: events with actors and leaves, then the state."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

from baton.domain.json import JsonObject
from baton.domain.run.decisions import DECIDER
from baton.eventlog.events.codec import decode_recorded
from baton.eventlog.events.envelope import Recorded, Stored
from baton.eventlog.notary.leaf import NO_LEAF, leaf_of
from baton.projector.folding import fold_events
from baton.projector.views.runs.view import VIEW as RUNS
from baton.protocols.iso_time import format_time


@dataclass(frozen=True, slots=True, kw_only=True)
class Until:
    """The end of a history: at `position`, or before the first event after `at` (ms, UTC)."""

    position: int | None = None
    at: int | None = None

    def holds(self, recorded: Recorded) -> bool:
        """Return whether an event belongs to the history."""
        late = self.at is not None and getattr(recorded.event, "at", 0) > self.at
        return not late and (self.position is None or recorded.position <= self.position)


@dataclass(frozen=True, slots=True)
class Entry:
    """An event of a run with its leaf."""

    recorded: Recorded
    leaf: bytes

    @property
    def document(self) -> JsonObject:
        """The event as JSON; its data are left out."""
        event = self.recorded.event
        return {
            "position": self.recorded.position,
            "version": self.recorded.version,
            "at": format_time(getattr(event, "at", 0)),
            "actor": actor_of(event),
            "type": type(event).__name__,
            "about": about(event),
            "leaf": self.leaf.hex(),
        }


def history(events: Sequence[Stored], until: Until) -> list[Entry]:
    """Return the events of a stream up to its end or `until`; raises `Unreadable`."""
    found: list[Entry] = []
    leaf = NO_LEAF
    for event in events:
        recorded = decode_recorded(*event)
        if not until.holds(recorded):
            break
        leaf = leaf_of(event, leaf)
        found.append(Entry(recorded, leaf))
    return found


def state_of(entries: Sequence[Entry]) -> JsonObject:
    """Return the state that a history leads to."""
    history = [one.recorded for one in entries]
    if not history:
        return {}
    (document,) = fold_events(RUNS, history).values()
    state = DECIDER.fold(one.event for one in history)
    return {
        "status": document.status,
        "definitionId": document.definition_id,
        "definitionVersion": document.definition_version,
        "currentStepId": document.current_step_id,
        "failureCode": document.failure_code,
        "failureMessage": document.failure_message,
        "cancelReason": document.cancel_reason,
        "steps": [
            {"stepId": name, "status": one.status, "visit": one.visit, "attempt": one.attempt}
            for name, one in state.steps.items()
        ],
    }


def actor_of(event: Any) -> str | None:
    """Return the subject that acted and its method; None for what the engine did by itself."""
    actor = getattr(event, "actor", None) or getattr(event, "by", None)
    if actor is None:
        return None
    key = f" {actor.key_id}" if actor.key_id else ""
    return f"{actor.subject} ({actor.method}{key})"


def about(event: Any) -> str:
    """Return the short members of an event: its step, attempt, code, reason."""
    return ", ".join(_members(event))


def _members(event: Any) -> Iterator[str]:
    for one in fields(event):
        value, name = getattr(event, one.name), one.name.replace("_", " ")
        left_out = one.name in ("at", "tenant", "run_id", "size") or name.endswith(" at")
        if left_out or value in ("", None) or value is False or not isinstance(value, str | int):
            continue
        if len(str(value)) <= 64:  # noqa: PLR2004 - a line
            yield name if value is True else f"{name} {value}"
