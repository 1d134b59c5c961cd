"""The object types, with the members of the document's examples.

A field without a resolver reads the attribute of the same name from a record: of `translation`, or
of `executions`.
"""

from collections.abc import Awaitable
from enum import Enum

import strawberry
from strawberry import ID
from strawberry.scalars import JSON

from baton.command_api.dialects.workflow_orchestration.graphql.executions import (
    Execution,
    preloaded_tasks_of,
    shown_context_of,
    tasks_of,
)
from baton.command_api.dialects.workflow_orchestration.graphql.operation import OperationInfo
from baton.command_api.dialects.workflow_orchestration.graphql.schema.scalars import (
    DateTime,
    Milliseconds,
)
from baton.command_api.dialects.workflow_orchestration.translation import resources


@strawberry.enum(description="The status of an execution")
class WorkflowExecutionStatus(Enum):
    """The status of an execution."""

    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


@strawberry.enum(description="The status of a task in an execution")
class TaskExecutionStatus(Enum):
    """The status of a task in an execution."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    WAITING = "WAITING"


@strawberry.type(description="The attempts of a task, and the backoff between them")
class RetryPolicy:
    """The attempts of a task, and the backoff between them."""

    max_attempts: int
    backoff_ms: Milliseconds
    backoff_multiplier: float


@strawberry.type(description="A task of a workflow")
class TaskDefinition:
    """A task of a workflow."""

    id: ID
    name: str
    description: str | None
    dependencies: list[ID] = strawberry.field(
        description="Ids of the tasks and synchronization points that must be done before"
    )
    resource_requirements: JSON | None
    timeout: Milliseconds | None
    retry_policy: RetryPolicy | None
    function: str | None = strawberry.field(
        description="The function that it runs; by default the one called like its id or name"
    )
    config: JSON | None = strawberry.field(description="The configuration that the function gets")


@strawberry.type(description="A point that is reached when its required tasks are done")
class SynchronizationPoint:
    """A point that is reached when its required tasks are done."""

    id: ID
    name: str
    description: str | None
    required_tasks: list[ID]
    timeout: Milliseconds | None


@strawberry.type(description="A workflow in its newest version")
class WorkflowDefinition:
    """A workflow in its newest version."""

    id: ID
    name: str
    description: str | None
    version: str
    created_at: DateTime
    updated_at: DateTime
    tasks: list[TaskDefinition]
    synchronization_points: list[SynchronizationPoint]


@strawberry.type(description="A task in an execution, with all of its attempts")
class TaskExecution:
    """A task in an execution, with all of its attempts."""

    id: ID
    task_definition_id: ID
    status: TaskExecutionStatus
    start_time: DateTime | None
    end_time: DateTime | None
    attempts: int
    error: str | None
    resources: JSON | None


@strawberry.type(description="The data that the tasks of an execution share")
class WorkflowContext:
    """The data that the tasks of an execution share."""

    id: ID
    data: str = strawberry.field(
        description="JSON text: the initial context, and `{taskId}-result` of each finished task"
    )
    version: int = strawberry.field(description="Grows with each change")
    created_at: DateTime
    updated_at: DateTime


def _tasks(
    root: Execution, info: OperationInfo
) -> list[resources.TaskExecution] | Awaitable[list[resources.TaskExecution]]:
    if root.accepted:
        return []
    tasks = preloaded_tasks_of(info.context, root.run)
    return tasks_of(info.context, root.run) if tasks is None else tasks


async def _context(root: Execution, info: OperationInfo) -> resources.Context:
    return await shown_context_of(info.context, root)


@strawberry.type(description="One execution of a workflow")
class WorkflowExecution:
    """One execution of a workflow."""

    id: ID
    workflow_definition_id: ID
    status: WorkflowExecutionStatus
    start_time: DateTime
    end_time: DateTime | None
    task_executions = strawberry.field(
        resolver=_tasks,
        graphql_type=list[TaskExecution],
        description="Every task, in the order of the definition",
    )
    context = strawberry.field(resolver=_context, graphql_type=WorkflowContext)


@strawberry.type(description="A task that failed, or one that waits")
class Blocker:
    """A task that failed, or one that waits."""

    id: ID
    task_execution_id: ID
    description: str
    created_at: DateTime
    resolved_at: DateTime | None


@strawberry.type(description="The start, a synchronization point, or the end of an execution")
class Milestone:
    """The start, a synchronization point, or the end of an execution."""

    id: ID
    name: str
    description: str | None
    achieved: bool
    achieved_at: DateTime | None


@strawberry.type(description="The progress of an execution")
class ProgressReport:
    """The progress of an execution."""

    id: ID
    workflow_execution_id: ID
    completed_tasks: int
    total_tasks: int
    estimated_completion: DateTime | None = strawberry.field(
        description="From the durations of earlier executions; null if there are none"
    )
    blockers: list[Blocker]
    milestones: list[Milestone]
