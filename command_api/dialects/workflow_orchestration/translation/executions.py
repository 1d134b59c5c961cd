"""Translates runs into executions, with one record per task.

`startTime` of an execution is the time of its request. A task that never started is PENDING while
the execution goes on and CANCELLED once it has ended; one in a delay, or in the backoff before
another attempt, is WAITING. Times and the error of a task are those of its newest visit. The id of
a task's execution is that of the run and that of the step: a single read finds it.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import orjson

from baton.command_api.dialect.rendering import optional_time
from baton.command_api.dialect.task_graphs import newest_visits
from baton.command_api.dialects.workflow_orchestration.translation.resources import (
    Context,
    ExecutionStatus,
    TaskExecution,
    TaskStatus,
    WorkflowExecution,
)
from baton.command_api.dialects.workflow_orchestration.translation.workflows import task_steps
from baton.domain.definition.graph import Graph
from baton.domain.json import JsonObject
from baton.domain.run.outcome import Error
from baton.projector.views.run_steps.view import Document as Step
from baton.projector.views.run_steps.view import Status as StepStatus
from baton.projector.views.runs.view import Document as Run
from baton.projector.views.runs.view import Status, is_final
from baton.protocols.iso_time import format_time

STATUSES: Final[Mapping[ExecutionStatus, tuple[Status, ...]]] = {
    "RUNNING": ("pending", "running", "waiting", "paused"),
    "COMPLETED": ("completed",),
    "FAILED": ("failed",),
    "CANCELLED": ("cancelled",),
}
"""The core's statuses for each word of an execution."""
STATUS_WORDS: Final = {status: word for word, statuses in STATUSES.items() for status in statuses}
_TASK_WORDS: Final[Mapping[StepStatus, TaskStatus]] = {
    "running": "RUNNING",
    "waiting": "WAITING",
    "succeeded": "COMPLETED",
    "skipped": "COMPLETED",
    "failed": "FAILED",
    "cancelled": "CANCELLED",
}
_GIVEN_UP: Final = ("EXECUTOR_LOST", "EXECUTOR_STOPPED", "RUN_PAUSED")
"""Errors of attempts that another attempt follows while the run goes on."""
_RESULT: Final = "-result"
_STANDS_FOR_A_VALUE: Final = frozenset(("$artifact", "$omitted"))


def execution_of(run: Run, graph: Graph, steps: Sequence[Step]) -> WorkflowExecution:
    """Return a whole execution.

    Args:
        run: The run; its values are shown as they are.
        graph: The graph of the version that it runs.
        steps: The records of its history, in their order.
    """
    return _execution(run, tuple(task_executions_of(run, graph, steps)), context_of(run, steps))


def accepted_execution(run: Run) -> WorkflowExecution:
    """Return an execution as it was accepted: no task has begun."""
    return _execution(run, (), context_of(run, ()))


def task_executions_of(run: Run, graph: Graph, steps: Sequence[Step]) -> list[TaskExecution]:
    """Return every task in the definition's order."""
    visits = newest_visits(steps)
    return [task_execution(run, step.id, visits.get(step.id, ())) for step in task_steps(graph)]


def task_execution(run: Run, step_id: str, visit: Sequence[Step]) -> TaskExecution:
    """Return one task; `visit` are the records of its newest visit, in their order."""
    ident = task_execution_id(run.id, step_id)
    if not visit:
        status: TaskStatus = "CANCELLED" if is_final(run) else "PENDING"
        return TaskExecution(id=ident, task_definition_id=step_id, status=status)
    newest, status = visit[-1], task_status(run, visit[-1])
    starts = [step.started_at for step in visit if step.started_at is not None]
    ended = status in ("COMPLETED", "FAILED", "CANCELLED")
    return TaskExecution(
        id=ident,
        task_definition_id=step_id,
        status=status,
        start_time=optional_time(min(starts, default=None)),
        end_time=optional_time(newest.completed_at) if ended else None,
        attempts=0 if newest.status == "skipped" else len(starts),
        error=error_text(newest.error) if status == "FAILED" else None,
    )


def task_status(run: Run, step: Step) -> TaskStatus:
    """Return the status of the task whose newest record is `step`."""
    if step.error is not None and step.error.code in _GIVEN_UP and not is_final(run):
        return "RUNNING"
    return _TASK_WORDS[step.status]


def error_text(error: Error | None) -> str | None:
    """Return code and message of an error as one text, None if there is none."""
    return None if error is None else f"{error.code}: {error.message}"


def task_execution_id(run_id: str, step_id: str) -> str:
    """Return the id of the execution of a task."""
    return f"{run_id}.{step_id}"


def parse_task_execution_id(text: str) -> tuple[str, str] | None:
    """Return the ids of the run and of the step, None for any other text."""
    run_id, dot, step_id = text.partition(".")
    return (run_id, step_id) if dot and run_id and step_id else None


def context_of(run: Run, steps: Sequence[Step]) -> Context:
    """Return the context: the input, what functions added, and the result of each finished task.

    Each finished task changes it, whatever its function added.
    """
    finished = [step for step in steps if step.kind == "compute" and step.status == "succeeded"]
    changes = [step.completed_at for step in finished if step.completed_at is not None]
    data: JsonObject = {
        **_initial(run),
        **run.context,
        **{f"{step.step_id}{_RESULT}": step.output for step in finished},
    }
    return Context(
        id=run.id,
        data=orjson.dumps(data).decode(),
        version=1 + len(finished),
        created_at=format_time(run.requested_at),
        updated_at=format_time(max((run.requested_at, *changes))),
    )


def _initial(run: Run) -> JsonObject:
    """Return the input if it is an object that is shown: its members are in the context, too."""
    if isinstance(run.input, dict) and not run.input.keys() & _STANDS_FOR_A_VALUE:
        return run.input
    return {}


def _execution(run: Run, tasks: tuple[TaskExecution, ...], context: Context) -> WorkflowExecution:
    return WorkflowExecution(
        id=run.id,
        workflow_definition_id=run.definition_id,
        status=STATUS_WORDS[run.status],
        start_time=format_time(run.requested_at),
        end_time=optional_time(run.completed_at),
        task_executions=tasks,
        context=context,
    )
