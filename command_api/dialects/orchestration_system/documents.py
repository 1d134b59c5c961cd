"""Models of the responses, for the OpenAPI document; a test validates the responses with them."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from baton.command_api.dialect.run_values import ShownObject
from baton.command_api.dialects.orchestration_system.requests import StatusWord
from baton.domain.json import JsonObject


class _Shape(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True)


TaskStatus = Literal["pending", "running", "completed", "failed"]


class WorkflowListed(_Shape):
    """A workflow without its tasks."""

    id: str
    name: str
    description: str
    status: StatusWord
    created_at: str
    updated_at: str


class Task(_Shape):
    """A task of a workflow; `status` is that in the newest execution."""

    id: str
    name: str
    type: str
    config: JsonObject
    depends_on: list[str]
    status: TaskStatus


class Workflow(WorkflowListed):
    """A whole workflow."""

    tasks: list[Task]


class Workflows(_Shape):
    """A page of workflows."""

    workflows: list[WorkflowListed]
    total: int
    limit: int
    offset: int


class Deleted(_Shape):
    """The reply to a deletion."""

    success: Literal[True]


class ExecutionStarted(_Shape):
    """An execution as it was accepted."""

    execution_id: str
    status: Literal["started"]
    started_at: str


class ExecutionListed(_Shape):
    """An execution without its tasks."""

    id: str
    workflow_id: str
    status: Literal["pending", "running", "completed", "failed", "cancelled"]
    started_at: str
    completed_at: str = Field(default="", description="left out until the execution has ended")


class TaskResult(_Shape):
    """A task of an execution."""

    id: str
    name: str
    status: TaskStatus
    attempts: int
    started_at: str = Field(default="", description="left out until the task has started")
    completed_at: str = Field(default="", description="left out until the task has ended")
    result: ShownObject = Field(default_factory=dict, description="the output, or the error")


class Execution(ExecutionListed):
    """A whole execution."""

    tasks: list[TaskResult]


class Executions(_Shape):
    """A page of executions."""

    executions: list[ExecutionListed]
    total: int
    limit: int
    offset: int


class Schedule(_Shape):
    """A schedule of a workflow."""

    id: str
    workflow_id: str
    cron_expression: str
    timezone: str
    next_run_at: str | None
    created_at: str


class Schedules(_Shape):
    """A page of schedules."""

    schedules: list[Schedule]
    total: int
    limit: int
    offset: int
