"""Renders runs as executions, with one record per task.

A task that never started is pending, whatever became of the execution; one that a cancel cut off
has failed with the code CANCELLED. An attempt that its executor gave up is followed by another.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from baton.command_api.dialect.rendering import as_object, optional_time, without_none
from baton.command_api.dialect.task_graphs import newest_visits
from baton.command_api.dialects.orchestration_system.render_tasks import PENDING, task_names
from baton.domain.definition.graph import Graph
from baton.domain.json import JsonObject
from baton.projector.views.run_steps.view import Document as Step
from baton.projector.views.run_steps.view import Status as StepStatus
from baton.projector.views.runs.view import Document as Run
from baton.projector.views.runs.view import Status, is_final
from baton.protocols.iso_time import format_time

STATUSES: Final[Mapping[str, tuple[Status, ...]]] = {
    "pending": ("pending",),
    "running": ("running", "waiting", "paused"),
    "completed": ("completed",),
    "failed": ("failed",),
    "cancelled": ("cancelled",),
}
"""The core's statuses for each word of the dialect."""

_WORDS: Final = {status: word for word, statuses in STATUSES.items() for status in statuses}
_TASK_WORDS: Final[Mapping[StepStatus, str]] = {
    "running": "running",
    "waiting": "running",
    "succeeded": "completed",
    "skipped": "completed",
    "failed": "failed",
    "cancelled": "failed",
}
_GIVEN_UP: Final = ("EXECUTOR_LOST", "EXECUTOR_STOPPED", "RUN_PAUSED")
_CANCELLED: Final[JsonObject] = {"code": "CANCELLED", "message": "cancelled"}


def execution_in_list(run: Run) -> JsonObject:
    """Return an execution without its tasks."""
    started_at = run.requested_at if run.started_at is None else run.started_at
    return without_none(
        {
            "id": run.id,
            "workflowId": run.definition_id,
            "status": _WORDS[run.status],
            "startedAt": format_time(started_at),
            "completedAt": optional_time(run.completed_at),
        }
    )


def execution(run: Run, graph: Graph, steps: Sequence[Step]) -> JsonObject:
    """Return a whole execution; `graph` is that of the version which it runs."""
    visits, names = newest_visits(steps), task_names(graph)
    tasks = [
        {"id": step_id, "name": name, **_task(run, visits.get(step_id, ()), names)}
        for step_id, name in names.items()
    ]
    return {**execution_in_list(run), "tasks": tasks}


def task_statuses(run: Run, steps: Sequence[Step]) -> dict[str, str]:
    """Return the status of each task that has started, by step id."""
    return {step_id: _status(run, visit[-1]) for step_id, visit in newest_visits(steps).items()}


def _task(run: Run, visit: Sequence[Step], names: Mapping[str, str]) -> JsonObject:
    if not visit:
        return {"status": PENDING, "attempts": 0}
    starts = [step.started_at for step in visit if step.started_at is not None]
    newest, status = visit[-1], _status(run, visit[-1])
    ended = status in ("completed", "failed")
    return without_none(
        {
            "status": status,
            "attempts": len(starts),
            "startedAt": optional_time(min(starts, default=None)),
            "completedAt": optional_time(newest.completed_at) if ended else None,
            "result": _result(newest, names) if ended else None,
        }
    )


def _status(run: Run, step: Step) -> str:
    if step.error is not None and step.error.code in _GIVEN_UP and not is_final(run):
        return "running"
    return _TASK_WORDS[step.status]


def _result(step: Step, names: Mapping[str, str]) -> JsonObject | None:
    if step.status == "cancelled":
        return {"error": _CANCELLED}
    if step.error is not None:
        return {"error": {"code": step.error.code, "message": step.error.message}}
    if step.decision is not None:
        selected = step.decision.selected
        return {"next": None if selected is None else names.get(selected, selected)}
    if step.kind == "compute" and step.status == "succeeded":
        return as_object(step.output)
    return None
