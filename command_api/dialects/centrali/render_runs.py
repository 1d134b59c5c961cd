"""Runs as Centrali clients read them: words for statuses and triggers, outputs, reasons.

A cancelled run is a failed one whose reason is "cancelled". Any other reason begins with its code
(`LOOP_LIMIT: …`). Outputs stand with each step's record, never in the run itself; they are put
together here, the newest of each step.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import assert_never

from baton.domain.json import Json, JsonObject
from baton.domain.run.trigger import ByHand, ByRecord, BySchedule, ByWebhook
from baton.projector.views.run_steps.view import Document as Step
from baton.projector.views.runs.view import Document as Run
from baton.projector.views.runs.view import Status

CANCELLED = "cancelled"
STATUSES = ("pending", "running", "waiting", "completed", "failed")
"""What a client may ask for."""


def core_statuses(word: str) -> tuple[Status, ...]:
    """Return the core's statuses that a client reads as `word`."""
    if word == "failed":
        return ("failed", "cancelled")
    known: tuple[Status, ...] = ("pending", "running", "waiting", "completed")
    return tuple(status for status in known if status == word)


def render_status(run: Run) -> str:
    """Return the run's status as a client reads it."""
    return "failed" if run.status == CANCELLED else run.status


def failure_reason(run: Run) -> str | None:
    """Return why the run failed, with the code in front; None when it did not."""
    if run.status == CANCELLED:
        return CANCELLED
    if run.failure_code is None:
        return None
    return f"{run.failure_code}: {run.failure_message}"


def trigger_metadata(run: Run) -> JsonObject:
    """Return the trigger's details, in Centrali's words."""
    match run.trigger:
        case ByHand():
            return {"initiatedByPrincipalId": run.actor.subject}
        case ByRecord(event_type=event_type, record_id=record_id):
            return {"eventType": event_type, "recordId": record_id}
        case BySchedule(schedule_id=schedule_id):
            return {"scheduleId": schedule_id}
        case ByWebhook(path=path):
            return {"webhookPath": path}
    assert_never(run.trigger)


def as_object(value: Json) -> JsonObject:
    """Return an object as it is and any other value as `{"value": …}`."""
    return value if isinstance(value, dict) else {"value": value}


def step_outputs(steps: Iterable[Step]) -> JsonObject:
    """Return the newest output of every compute step that succeeded."""
    return {
        step.step_id: step.output
        for step in steps
        if step.kind == "compute" and step.status == "succeeded"
    }


def executed_steps(steps: Iterable[Step]) -> list[str]:
    """Return the ids of the steps that ended, in order: once a visit, however often tried."""
    ended = {
        (step.step_id, step.visit): step.step_id
        for step in steps
        if step.status in ("succeeded", "failed")
    }
    return list(ended.values())


def errors(run: Run, steps: Sequence[Step]) -> list[JsonObject]:
    """Return the failures that no later attempt made good, and the run's own."""
    found = list(_lasting_failures(steps))
    if run.failure_code is not None and run.failed_step not in {each["stepId"] for each in found}:
        found.append(
            {
                "stepId": run.failed_step,
                "code": run.failure_code,
                "message": run.failure_message,
            }
        )
    return found


def _lasting_failures(steps: Sequence[Step]) -> Iterator[JsonObject]:
    newest = {(step.step_id, step.visit): step for step in steps}
    for step in newest.values():
        if step.status == "failed" and step.error is not None:
            yield {
                "stepId": step.step_id,
                "code": step.error.code,
                "message": step.error.message,
            }
