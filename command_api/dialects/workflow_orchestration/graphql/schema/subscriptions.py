"""The subscriptions: an execution, its tasks, and its progress, whenever they change.

Each begins with the present state, so that no change between a query and a subscription is missed.
Changes that follow each other faster than the client reads are shown as one.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Annotated

import strawberry
from strawberry import ID

from baton.command_api.dialects.workflow_orchestration.graphql.executions import (
    Execution,
    execution_of,
    load_run,
    progress_of,
    tasks_of,
)
from baton.command_api.dialects.workflow_orchestration.graphql.operation import (
    Operation,
    OperationInfo,
)
from baton.command_api.dialects.workflow_orchestration.graphql.schema.objects import (
    ProgressReport,
    TaskExecution,
    WorkflowExecution,
)
from baton.command_api.dialects.workflow_orchestration.translation import resources
from baton.command_api.http.refusal import Refused
from baton.command_api.live.live_event import LiveEvent
from baton.command_api.live.live_feed import TooManySubscribers
from baton.command_api.live.subscription import EventFilter
from baton.command_api.live.subscription import Subscription as LiveSubscription
from baton.domain.json import JsonObject
from baton.projector.views.runs.view import Document as Run

_Ident = Annotated[ID, strawberry.argument(name="id")]


async def _workflow_execution_updated(
    info: OperationInfo, ident: _Ident
) -> AsyncGenerator[Execution, None]:
    async with aclosing(_states(info.context, ident)) as states:
        async for run in states:
            yield execution_of(run)


async def _task_execution_updated(
    info: OperationInfo, workflow_execution_id: ID
) -> AsyncGenerator[resources.TaskExecution, None]:
    shown: dict[str, resources.TaskExecution] = {}
    async with aclosing(_states(info.context, workflow_execution_id)) as states:
        async for run in states:
            begun = bool(shown)
            for task in await tasks_of(info.context, run):
                before, shown[task.id] = shown.get(task.id), task
                if task != before and (begun or task.status != "PENDING"):
                    yield task


async def _progress_report_updated(
    info: OperationInfo, workflow_execution_id: ID
) -> AsyncGenerator[resources.ProgressReport, None]:
    shown: resources.ProgressReport | None = None
    async with aclosing(_states(info.context, workflow_execution_id)) as states:
        async for run in states:
            report = await progress_of(info.context, run)
            if report != shown:
                shown = report
                yield report


@strawberry.type
class Subscription:
    """The subscriptions; each needs the scope to read, and ends with its token."""

    workflow_execution_updated = strawberry.subscription(
        resolver=_workflow_execution_updated,
        graphql_type=WorkflowExecution,
        description="The execution now, and after each change",
    )
    task_execution_updated = strawberry.subscription(
        resolver=_task_execution_updated,
        graphql_type=TaskExecution,
        description="The tasks that have begun, and each task when it changes",
    )
    progress_report_updated = strawberry.subscription(
        resolver=_progress_report_updated,
        graphql_type=ProgressReport,
        description="The progress now, and after each change",
    )


async def _states(operation: Operation, run_id: str) -> AsyncGenerator[Run, None]:
    """Yield the run now, and after each change until the subscriber leaves.

    Raises NotFound, Refused 429 for a tenant with too many streams, and Refused for the reason for
    which the server ends the stream.
    """
    event_filter = EventFilter(tenant=operation.context.tenant, render=_status, run_id=run_id)
    try:
        async with operation.context.services.live.subscription(event_filter) as changes:
            run = await load_run(operation, run_id)
            yield run
            while True:
                events = await _next(changes)
                if events[-1].position <= run.position:
                    continue
                operation.begin_response()
                run = await load_run(operation, run_id)
                yield run
    except TooManySubscribers:
        message = "The tenant has too many open streams at this server"
        raise Refused("rate_limited", message) from None


async def _next(changes: LiveSubscription) -> Sequence[LiveEvent]:
    """Return the next changes; raises Refused once the server ends the stream."""
    coming = asyncio.ensure_future(changes.next())
    try:
        await asyncio.wait((coming, changes.ended), return_when=asyncio.FIRST_COMPLETED)
        if changes.ended.done():
            ending = changes.ended.result()
            raise Refused(ending.word, ending.message)
        return coming.result()
    finally:
        coming.cancel()


def _status(event: LiveEvent) -> JsonObject:
    return {"status": event.status}
