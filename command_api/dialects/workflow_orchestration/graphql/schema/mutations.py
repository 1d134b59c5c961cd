"""The mutations; each calls the same command as its operation of REST."""

from typing import Annotated

import strawberry
from strawberry import ID

from baton.command_api.commands import (
    NewDefinition,
    cancel_run,
    create_named_definition,
    delete_definition,
    retry_run,
    update_definition,
)
from baton.command_api.dialect.load import load_definition
from baton.command_api.dialect.start_run import start_by_hand
from baton.command_api.dialects.workflow_orchestration.graphql.executions import (
    Execution,
    accepted_execution,
    execution_of,
    load_run,
    tasks_of,
)
from baton.command_api.dialects.workflow_orchestration.graphql.operation import OperationInfo
from baton.command_api.dialects.workflow_orchestration.graphql.schema import webhooks
from baton.command_api.dialects.workflow_orchestration.graphql.schema.inputs import (
    CreateWorkflowDefinitionInput,
    StartWorkflowExecutionInput,
    UpdateWorkflowDefinitionInput,
    read_input,
)
from baton.command_api.dialects.workflow_orchestration.graphql.schema.objects import (
    TaskExecution,
    WorkflowDefinition,
    WorkflowExecution,
)
from baton.command_api.dialects.workflow_orchestration.load import find_task
from baton.command_api.dialects.workflow_orchestration.requests import (
    CreateWorkflow,
    StartExecution,
    UpdateWorkflow,
)
from baton.command_api.dialects.workflow_orchestration.translation import resources
from baton.command_api.dialects.workflow_orchestration.translation.workflows import workflow_of

_Ident = Annotated[ID, strawberry.argument(name="id")]
_NewWorkflow = Annotated[CreateWorkflowDefinitionInput, strawberry.argument(name="input")]
_Change = Annotated[UpdateWorkflowDefinitionInput, strawberry.argument(name="input")]
_Start = Annotated[StartWorkflowExecutionInput, strawberry.argument(name="input")]


async def _create_workflow(info: OperationInfo, given: _NewWorkflow) -> resources.Workflow:
    context = info.context.writer()
    body = read_input(context, CreateWorkflow, given).body()
    new = NewDefinition(definition_id=context.new_id(), slug="", body=body)
    outcome = await create_named_definition(
        context.services, context.principal, new, at=context.now()
    )
    await info.context.accepted(outcome.position)
    return workflow_of(outcome.state)


async def _update_workflow(
    info: OperationInfo, ident: _Ident, given: _Change
) -> resources.Workflow:
    context = info.context.writer()
    change = read_input(context, UpdateWorkflow, given)
    outcome = await update_definition(
        context.services, context.principal, ident, change.after, at=context.now()
    )
    await info.context.accepted(outcome.position)
    return workflow_of(outcome.state)


async def _delete_workflow(info: OperationInfo, ident: _Ident) -> bool:
    context = info.context.writer()
    outcome = await delete_definition(context.services, context.principal, ident, at=context.now())
    await info.context.accepted(outcome.position)
    return True


async def _start_execution(info: OperationInfo, given: _Start) -> Execution:
    context = info.context.writer()
    body = read_input(context, StartExecution, given)
    initial = body.context(max_values=context.services.budgets.limits.json_values)
    definition = await load_definition(context, body.workflow_definition_id)
    accepted = await start_by_hand(context, definition, run_input=initial, run_context=initial)
    await info.context.accepted(accepted.position)
    return accepted_execution(accepted.run)


async def _cancel_execution(info: OperationInfo, ident: _Ident) -> Execution:
    context = info.context.writer()
    outcome = await cancel_run(context.services, context.principal, ident, at=context.now())
    await info.context.accepted(outcome.position)
    return execution_of(await load_run(info.context, ident))


async def _retry_task(info: OperationInfo, ident: _Ident) -> resources.TaskExecution:
    context = info.context.writer()
    run, _, step_id = await find_task(context.services, context.tenant, ident)
    outcome = await retry_run(
        context.services, context.principal, run.id, at=context.now(), step_id=step_id
    )
    await info.context.accepted(outcome.position)
    tasks = await tasks_of(info.context, await load_run(info.context, run.id))
    return next(task for task in tasks if task.task_definition_id == step_id)


@strawberry.type
class Mutation:
    """The mutations; each needs the scope to write, and they are executed one after the other."""

    create_workflow_definition = strawberry.mutation(
        resolver=_create_workflow,
        graphql_type=WorkflowDefinition | None,
        description="Create a workflow",
    )
    update_workflow_definition = strawberry.mutation(
        resolver=_update_workflow,
        graphql_type=WorkflowDefinition | None,
        description="Publish the next version of a workflow",
    )
    delete_workflow_definition = strawberry.mutation(
        resolver=_delete_workflow,
        graphql_type=bool | None,
        description="Delete a workflow; its executions go on",
    )
    start_workflow_execution = strawberry.mutation(
        resolver=_start_execution,
        graphql_type=WorkflowExecution | None,
        description="Start an execution, and show it as it was accepted",
    )
    cancel_workflow_execution = strawberry.mutation(
        resolver=_cancel_execution,
        graphql_type=WorkflowExecution | None,
        description="Cancel an execution",
    )
    register_webhook = strawberry.mutation(
        resolver=webhooks.register,
        graphql_type=webhooks.Webhook | None,
        description="Register a webhook, and show its secret",
    )
    update_webhook = strawberry.mutation(
        resolver=webhooks.update,
        graphql_type=webhooks.Webhook | None,
        description="Change a webhook, and show its secret",
    )
    delete_webhook = strawberry.mutation(
        resolver=webhooks.delete,
        graphql_type=bool | None,
        description="Delete a webhook",
    )
    test_webhook = strawberry.mutation(
        resolver=webhooks.test,
        graphql_type=webhooks.WebhookTest | None,
        description="Post a message once, and show what became of it",
    )
    retry_task_execution = strawberry.mutation(
        resolver=_retry_task,
        graphql_type=TaskExecution | None,
        description="Retry a failed task of an execution that has ended",
    )
