"""The executions of a response, whose tasks and context are loaded when a field asks for them.

A value over 64 KiB is named as in lists of other dialects (`{"$artifact": …}`); a context that the
response has no room for is replaced by its size.
"""

from dataclasses import replace

import orjson

from baton.command_api.dialect.rendering import optional_time
from baton.command_api.dialect.run_values import named, omitted
from baton.command_api.dialects.workflow_orchestration.graphql.operation import Operation
from baton.command_api.dialects.workflow_orchestration.translation.executions import (
    STATUS_WORDS,
    context_of,
    task_executions_of,
)
from baton.command_api.dialects.workflow_orchestration.translation.progress import (
    progress_of as progress_report,
)
from baton.command_api.dialects.workflow_orchestration.translation.resources import (
    Context,
    ExecutionStatus,
    ProgressReport,
    TaskExecution,
)
from baton.domain.artifact import Artifact
from baton.domain.errors import NotFound
from baton.domain.frozen import frozen
from baton.domain.json import Json
from baton.projector.views.run_steps.view import Document as Step
from baton.projector.views.runs.view import Document as Run
from baton.projector.views.runs.view import is_final
from baton.protocols.iso_time import format_time


@frozen
class Execution:
    """An execution without its tasks and its context.

    One that was `accepted` just now has no tasks, and its first context, whatever happened since.
    """

    run: Run
    accepted: bool
    id: str
    workflow_definition_id: str
    status: ExecutionStatus
    start_time: str
    end_time: str | None


def execution_of(run: Run) -> Execution:
    """Return a run as an execution."""
    return _execution(run, accepted=False)


def accepted_execution(run: Run) -> Execution:
    """Return a run as the execution that was accepted."""
    return _execution(run, accepted=True)


def _execution(run: Run, *, accepted: bool) -> Execution:
    return Execution(
        run=run,
        accepted=accepted,
        id=run.id,
        workflow_definition_id=run.definition_id,
        status=STATUS_WORDS[run.status],
        start_time=format_time(run.requested_at),
        end_time=optional_time(run.completed_at),
    )


async def load_run(operation: Operation, run_id: str) -> Run:
    """Return a run; raises NotFound, also for one of another tenant."""
    context = operation.context
    run = await context.services.runs.get(context.tenant, run_id)
    if run is None:
        raise NotFound("run", run_id)
    return run


def preloaded_tasks_of(operation: Operation, run: Run) -> list[TaskExecution] | None:
    """Return the tasks of a preloaded execution, without the cost of awaiting them."""
    preloaded = operation.loaders.preloaded(run)
    return None if preloaded is None else task_executions_of(run, *preloaded)


async def tasks_of(operation: Operation, run: Run) -> list[TaskExecution]:
    """Return every task of an execution, in the definition's order."""
    graph = await operation.loaders.graph_of(run)
    return task_executions_of(run, graph, await operation.loaders.steps_of(run))


async def shown_context_of(operation: Operation, execution: Execution) -> Context:
    """Return the context of an execution."""
    run = execution.run
    steps = [] if execution.accepted else await operation.loaders.steps_of(run)
    context = context_of(_with_names(run), [_step_with_names(step) for step in steps])
    size = len(context.data)
    if operation.has_room_for(size):
        return context
    return replace(context, data=orjson.dumps(omitted(size)).decode())


async def progress_of(operation: Operation, run: Run) -> ProgressReport:
    """Return the progress of an execution."""
    graph = await operation.loaders.graph_of(run)
    steps = await operation.loaders.steps_of(run)
    durations = {} if is_final(run) else await operation.durations_of(run)
    now = operation.context.services.clock.now()
    return progress_report(run, graph, steps, durations, now=now)


def _with_names(run: Run) -> Run:
    context = {name: _shown(value) for name, value in run.context.items()}
    return replace(run, input=_shown(run.input), context=context)


def _step_with_names(step: Step) -> Step:
    return replace(step, output=_shown(step.output)) if isinstance(step.output, Artifact) else step


def _shown(value: Json) -> Json:
    return named(value) if isinstance(value, Artifact) else value
