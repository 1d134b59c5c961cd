"""The queries: one workflow, execution or progress report, and the lists."""

from collections.abc import Iterable
from typing import Annotated

import strawberry
from strawberry import ID
from strawberry.types.nodes import Selection

from baton.command_api.dialect.load import load_definition
from baton.command_api.dialects.workflow_orchestration.graphql.cursors import (
    cursor_of,
    position_of,
    require_page,
)
from baton.command_api.dialects.workflow_orchestration.graphql.executions import (
    Execution,
    execution_of,
    load_run,
    progress_of,
)
from baton.command_api.dialects.workflow_orchestration.graphql.limits import DEFAULT_PAGE
from baton.command_api.dialects.workflow_orchestration.graphql.operation import OperationInfo
from baton.command_api.dialects.workflow_orchestration.graphql.schema.connections import (
    Connection,
    Edge,
    WorkflowDefinitionConnection,
    WorkflowExecutionConnection,
    connection,
)
from baton.command_api.dialects.workflow_orchestration.graphql.schema.objects import (
    ProgressReport,
    WorkflowDefinition,
    WorkflowExecution,
    WorkflowExecutionStatus,
)
from baton.command_api.dialects.workflow_orchestration.graphql.schema.webhooks import (
    Webhook,
    list_webhooks,
)
from baton.command_api.dialects.workflow_orchestration.translation import resources
from baton.command_api.dialects.workflow_orchestration.translation.executions import STATUSES
from baton.command_api.dialects.workflow_orchestration.translation.workflows import workflow_of

Ident = Annotated[ID, strawberry.argument(name="id")]


async def _workflow_definition(info: OperationInfo, ident: Ident) -> resources.Workflow:
    return workflow_of(await load_definition(info.context.context, ident))


async def _workflow_definitions(
    info: OperationInfo, first: int = DEFAULT_PAGE, after: str | None = None
) -> Connection[resources.Workflow]:
    context, size = info.context.context, require_page(first)
    definitions = context.services.definitions
    documents = await definitions.page_after(context.tenant, position_of(after), limit=size + 1)

    async def count() -> int:
        _, total = await definitions.page(context.tenant, limit=1)
        return total

    edges = [
        Edge(
            cursor=cursor_of(document.created_at, document.definition_id),
            node=workflow_of(document),
        )
        for document in documents
    ]
    return connection(edges, size=size, after=after, count=count)


async def _workflow_execution(info: OperationInfo, ident: Ident) -> Execution:
    return execution_of(await load_run(info.context, ident))


async def _workflow_executions(
    info: OperationInfo,
    first: int = DEFAULT_PAGE,
    after: str | None = None,
    workflow_definition_id: ID | None = None,
    status: WorkflowExecutionStatus | None = None,
) -> Connection[Execution]:
    context, size = info.context.context, require_page(first)
    runs = context.services.runs
    statuses = () if status is None else STATUSES[status.value]
    documents = await runs.page_after(
        context.tenant,
        position_of(after),
        definition_id=workflow_definition_id,
        statuses=statuses,
        limit=size + 1,
    )

    if _selects("taskExecutions", info.selected_fields):
        await info.context.loaders.preload(documents[:size])

    async def count() -> int:
        _, total = await runs.page(
            context.tenant, definition_id=workflow_definition_id, statuses=statuses, limit=1
        )
        return total

    edges = [
        Edge(cursor=cursor_of(run.requested_at, run.id), node=execution_of(run))
        for run in documents
    ]
    return connection(edges, size=size, after=after, count=count)


def _selects(name: str, selections: Iterable[Selection]) -> bool:
    """Return whether a field of the name is selected at any depth."""
    return any(
        getattr(selection, "name", None) == name or _selects(name, selection.selections)
        for selection in selections
    )


async def _progress_report(
    info: OperationInfo, workflow_execution_id: ID
) -> resources.ProgressReport:
    return await progress_of(info.context, await load_run(info.context, workflow_execution_id))


@strawberry.type
class Query:
    """The queries; each needs the scope to read."""

    workflow_definition = strawberry.field(
        resolver=_workflow_definition,
        graphql_type=WorkflowDefinition | None,
        description="A workflow in its newest version",
    )
    workflow_definitions = strawberry.field(
        resolver=_workflow_definitions,
        graphql_type=WorkflowDefinitionConnection | None,
        description="The workflows, the newest first",
    )
    workflow_execution = strawberry.field(
        resolver=_workflow_execution,
        graphql_type=WorkflowExecution | None,
        description="An execution with its tasks and its context",
    )
    workflow_executions = strawberry.field(
        resolver=_workflow_executions,
        graphql_type=WorkflowExecutionConnection | None,
        description="The executions, the newest first",
    )
    webhooks = strawberry.field(
        resolver=list_webhooks,
        graphql_type=list[Webhook] | None,
        description="The webhooks, the oldest first, without their secrets",
    )
    progress_report = strawberry.field(
        resolver=_progress_report,
        graphql_type=ProgressReport | None,
        description="The progress of an execution",
    )
