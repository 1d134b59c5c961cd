"""Operations on executions and on their tasks."""

from typing import get_args

from baton.command_api.commands import cancel_run, retry_run
from baton.command_api.dialect.load import load_definition, load_run
from baton.command_api.dialect.paging import offset_page
from baton.command_api.dialect.run_values import reply_with_run
from baton.command_api.dialect.start_run import start_by_hand
from baton.command_api.dialect.task_graphs import newest_visits
from baton.command_api.dialects.workflow_orchestration.load import (
    find_task,
    graph_of_run,
    recorded_durations,
    run_at,
)
from baton.command_api.dialects.workflow_orchestration.requests import StartExecution
from baton.command_api.dialects.workflow_orchestration.translation.executions import (
    accepted_execution,
    execution_of,
    task_execution,
    task_executions_of,
)
from baton.command_api.dialects.workflow_orchestration.translation.json_form import json_form
from baton.command_api.dialects.workflow_orchestration.translation.progress import progress_of
from baton.command_api.dialects.workflow_orchestration.translation.resources import TaskStatus
from baton.command_api.dialects.workflow_orchestration.versions import reply_with_list
from baton.command_api.dialects.workflow_orchestration.workflows import DEFAULT_LIMIT, MAX_LIMIT
from baton.command_api.http.query_parameters import choice
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.domain.json import JsonObject
from baton.projector.views.runs.view import Document as Run
from baton.projector.views.runs.view import is_final

TASK_STATUSES: tuple[TaskStatus, ...] = get_args(TaskStatus)


async def start(context: RequestContext) -> Reply:
    """Start an execution; raises Refused 400, NotFound, InConflict."""
    body = await context.parse(StartExecution)
    initial = body.context(max_values=context.services.budgets.limits.json_values)
    definition = await load_definition(context, body.workflow_definition_id)
    accepted = await start_by_hand(context, definition, run_input=initial, run_context=initial)

    async def render(_inputs: int) -> JsonObject:
        return json_form(accepted_execution(accepted.run))

    position = accepted.position
    return await reply_with_run(context, accepted.run, (), render, status=201, position=position)


async def get(context: RequestContext) -> Reply:
    """Show an execution with its tasks and its context; raises NotFound."""
    return await _reply(context, await load_run(context, context.params["executionId"]))


async def cancel(context: RequestContext) -> Reply:
    """Cancel an execution and show it; raises NotFound, and InConflict if it has ended."""
    await context.json_object(required=False)
    run_id = context.params["executionId"]
    outcome = await cancel_run(context.services, context.principal, run_id, at=context.now())
    run = await run_at(context.services, context.tenant, run_id, outcome.position)
    return await _reply(context, run, position=outcome.position)


async def list_tasks(context: RequestContext) -> Reply:
    """List the tasks of an execution; raises Refused 400, NotFound."""
    page = offset_page(context.query, max_limit=MAX_LIMIT, default_limit=DEFAULT_LIMIT)
    status = choice(context.query, "status", TASK_STATUSES)
    run = await load_run(context, context.params["executionId"])
    steps = await context.services.run_steps.of_run(context.tenant, run.id)
    tasks = task_executions_of(run, await graph_of_run(context.services, run), steps)
    selected = [task for task in tasks if status in (None, task.status)]
    shown = [json_form(task) for task in selected[page.offset : page.offset + page.limit]]
    return reply_with_list(context, shown, page, len(selected))


async def retry_task(context: RequestContext) -> Reply:
    """Retry a failed task of an execution that has ended; raises NotFound, InConflict."""
    await context.json_object(required=False)
    services, tenant = context.services, context.tenant
    run, _, step_id = await find_task(services, tenant, context.params["taskId"])
    outcome = await retry_run(
        services, context.principal, run.id, at=context.now(), step_id=step_id
    )
    run = await run_at(services, tenant, run.id, outcome.position)
    visits = newest_visits(await services.run_steps.of_run(tenant, run.id))
    shown = json_form(task_execution(run, step_id, visits.get(step_id, ())))
    return context.reply(200, shown, position=outcome.position)


async def progress(context: RequestContext) -> Reply:
    """Show the progress of an execution; raises NotFound."""
    services, tenant = context.services, context.tenant
    run = await load_run(context, context.params["executionId"])
    graph = await graph_of_run(services, run)
    steps = await services.run_steps.of_run(tenant, run.id)
    durations = (
        {} if is_final(run) else await recorded_durations(services, tenant, run.definition_id)
    )
    report = progress_of(run, graph, steps, durations, now=context.now())
    return context.reply(200, json_form(report))


async def _reply(context: RequestContext, run: Run, *, position: int | None = None) -> Reply:
    graph = await graph_of_run(context.services, run)
    steps = await context.services.run_steps.of_run(context.tenant, run.id)

    async def render(_inputs: int) -> JsonObject:
        return json_form(execution_of(run, graph, steps))

    return await reply_with_run(context, run, steps, render, position=position)
