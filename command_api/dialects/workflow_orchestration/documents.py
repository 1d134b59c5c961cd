"""Models of the responses, for the OpenAPI document; a test validates the responses with them."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel
from pydantic.alias_generators import to_camel

from baton.command_api.dialects.workflow_orchestration.translation.resources import (
    ExecutionStatus,
    TaskStatus,
)
from baton.domain.json import JsonObject


class _Shape(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True)


class Token(_Shape):
    """A bearer token, and the seconds for which it is valid."""

    token: str
    token_type: Literal["Bearer"]
    expires_in: int


class RetryPolicy(_Shape):
    """Attempts in all, the first backoff in ms, and its growth per failure."""

    max_attempts: int
    backoff_ms: int
    backoff_multiplier: float


class Task(_Shape):
    """A task of a workflow; `timeout` is in ms, null for the default of 300,000."""

    id: str
    name: str
    description: str | None
    resource_requirements: JsonObject | None
    dependencies: list[str]
    timeout: int | None
    retry_policy: RetryPolicy | None
    function: str = Field(default="", description="left out if the task names none")
    config: JsonObject = Field(default_factory=dict, description="left out if there is none")


class SynchronizationPoint(_Shape):
    """A point that is reached when the required tasks are done; `timeout` is in ms."""

    id: str
    name: str
    description: str | None
    required_tasks: list[str]
    timeout: int | None


class Workflow(_Shape):
    """The newest version of a workflow."""

    id: str
    name: str
    description: str | None
    version: str
    created_at: str
    updated_at: str
    tasks: list[Task]
    synchronization_points: list[SynchronizationPoint]


class _Page(_Shape):
    total: int
    limit: int
    offset: int


class WorkflowPage(_Page):
    """A page of workflows in version 2."""

    items: list[Workflow]


class Workflows(RootModel[list[Workflow] | WorkflowPage]):
    """Workflows: an array in version 1, a page in version 2."""


class TaskExecution(_Shape):
    """A task in an execution; `attempts` counts them, `error` is `CODE: message`."""

    id: str
    task_definition_id: str
    status: TaskStatus
    start_time: str | None
    end_time: str | None
    attempts: int
    error: str | None
    resources: JsonObject | None


class TaskExecutionPage(_Page):
    """A page of tasks in version 2."""

    items: list[TaskExecution]


class TaskExecutions(RootModel[list[TaskExecution] | TaskExecutionPage]):
    """Tasks of an execution: an array in version 1, a page in version 2."""


class Context(_Shape):
    """The context of an execution; `version` grows with each change."""

    id: str
    data: str = Field(description="JSON text: initial context, and `{taskId}-result` of each task")
    version: int
    created_at: str
    updated_at: str


class Execution(_Shape):
    """An execution of a workflow."""

    id: str
    workflow_definition_id: str
    status: ExecutionStatus
    start_time: str
    end_time: str | None
    task_executions: list[TaskExecution]
    context: Context


class Blocker(_Shape):
    """A task that failed or waits."""

    id: str
    task_execution_id: str
    description: str
    created_at: str
    resolved_at: str | None


class Milestone(_Shape):
    """The start, a synchronization point, or the end of an execution."""

    id: str
    name: str
    description: str | None
    achieved: bool
    achieved_at: str | None


class ProgressReport(_Shape):
    """The progress of an execution."""

    id: str
    workflow_execution_id: str
    completed_tasks: int
    total_tasks: int
    estimated_completion: str | None = Field(description="null if no earlier run completed")
    blockers: list[Blocker]
    milestones: list[Milestone]
