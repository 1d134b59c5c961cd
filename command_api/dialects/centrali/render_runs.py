"""Parts of a run that both of Centrali's dialects render alike: status, trigger, outputs, errors.

A cancelled run has the status "failed" and the reason "cancelled". Every other reason starts with
its code (`LOOP_LIMIT: …`). A paused run has the status "waiting". The view of a run holds no
outputs; they come from the records of its steps, the newest of each step.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import assert_never

from baton.domain.json import JsonObject
from baton.domain.run.trigger import ByHand, ByRecord, ByRerun, BySchedule, ByWebhook
from baton.projector.views.run_steps.view import Document as Step
from baton.projector.views.runs.view import Document as Run
from baton.projector.views.runs.view import Status

CANCELLED = "cancelled"
STATUSES = ("pending", "running", "waiting", "completed", "failed")
"""The statuses by which a client can filter runs."""


def core_statuses(word: str) -> tuple[Status, ...]:
    """Return the core's statuses that are rendered as `word`."""
    if word == "failed":
        return ("failed", "cancelled")
    if word == "waiting":
        return ("waiting", "paused")
    known: tuple[Status, ...] = ("pending", "running", "completed")
    return tuple(status for status in known if status == word)


def render_status(run: Run) -> str:
    """Return the run's status in Centrali's words."""
    if run.status == CANCELLED:
        return "failed"
    return "waiting" if run.status == "paused" else run.status


def failure_reason(run: Run) -> str | None:
    """Return the reason of a failed run, starting with its code; None for any other run."""
    if run.status == CANCELLED:
        return CANCELLED
    if run.failure_code is None:
        return None
    return f"{run.failure_code}: {run.failure_message}"


def trigger_metadata(run: Run) -> JsonObject:
    """Return the trigger's details, in Centrali's words."""
    match run.trigger:
        case ByHand() | ByRerun():
            return {"initiatedByPrincipalId": run.actor.subject}
        case ByRecord(event_type=event_type, record_id=record_id):
            record: JsonObject = {"recordId": record_id} if record_id else {}
            return {"eventType": event_type, **record}
        case BySchedule(schedule_id=schedule_id):
            return {"scheduleId": schedule_id}
        case ByWebhook(path=path):
            return {"webhookPath": path}
    assert_never(run.trigger)


def step_outputs(steps: Iterable[Step]) -> JsonObject:
    """Return the newest output of every compute step that succeeded."""
    return {
        step.step_id: step.output
        for step in steps
        if step.kind == "compute" and step.status == "succeeded"
    }


def executed_steps(steps: Iterable[Step]) -> list[str]:
    """Return the ids of finished steps in order, one per visit however many attempts it had."""
    ended = {
        (step.step_id, step.visit): step.step_id
        for step in steps
        if step.status in ("succeeded", "failed")
    }
    return list(ended.values())


def errors(run: Run, steps: Sequence[Step]) -> list[JsonObject]:
    """Return the failures that no later attempt recovered, and the run's own failure."""
    failures = list(_lasting_failures(steps))
    if run.failure_code is not None and run.failed_step not in {
        each["stepId"] for each in failures
    }:
        failures.append(
            {
                "stepId": run.failed_step,
                "code": run.failure_code,
                "message": run.failure_message,
            }
        )
    return failures


def _lasting_failures(steps: Sequence[Step]) -> Iterator[JsonObject]:
    newest = {(step.step_id, step.visit): step for step in steps}
    for step in newest.values():
        if step.status == "failed" and step.error is not None:
            yield {
                "stepId": step.step_id,
                "code": step.error.code,
                "message": step.error.message,
            }
