"""The resources of this API as records.

Times are ISO-8601 text in UTC, durations milliseconds.
"""

from typing import Literal, TypeAlias

from baton.domain.frozen import frozen
from baton.domain.json import JsonObject

ExecutionStatus: TypeAlias = Literal["RUNNING", "COMPLETED", "FAILED", "CANCELLED"]
TaskStatus: TypeAlias = Literal["PENDING", "RUNNING", "COMPLETED", "FAILED", "CANCELLED", "WAITING"]


@frozen
class RetryPolicy:
    """Attempts in all, the first backoff and its growth per failure."""

    max_attempts: int
    backoff_ms: int
    backoff_multiplier: float


@frozen
class Task:
    """A task of a workflow; `dependencies` are ids of tasks and of synchronization points.

    `function` is None for a task that names none, `config` for one without configuration.
    """

    id: str
    name: str
    description: str | None
    resource_requirements: JsonObject | None
    dependencies: tuple[str, ...]
    timeout: int | None
    retry_policy: RetryPolicy | None
    function: str | None = None
    config: JsonObject | None = None


@frozen
class SynchronizationPoint:
    """A point that is reached when the required tasks, by id, are done; else it times out."""

    id: str
    name: str
    description: str | None
    required_tasks: tuple[str, ...]
    timeout: int | None


@frozen
class Workflow:
    """The version in force of a definition."""

    id: str
    name: str
    description: str | None
    version: str
    created_at: str
    updated_at: str
    tasks: tuple[Task, ...]
    synchronization_points: tuple[SynchronizationPoint, ...]


@frozen
class TaskExecution:
    """A task in an execution, with all of its attempts; `error` is `CODE: message`."""

    id: str
    task_definition_id: str
    status: TaskStatus
    start_time: str | None = None
    end_time: str | None = None
    attempts: int = 0
    error: str | None = None
    resources: JsonObject | None = None


@frozen
class Context:
    """The context of an execution; `data` is JSON text, `version` counts its changes from 1."""

    id: str
    data: str
    version: int
    created_at: str
    updated_at: str


@frozen
class WorkflowExecution:
    """A run of a workflow."""

    id: str
    workflow_definition_id: str
    status: ExecutionStatus
    start_time: str
    end_time: str | None
    task_executions: tuple[TaskExecution, ...]
    context: Context


@frozen
class Blocker:
    """A task that failed or waits; `resolved_at` is None, because only open ones are reported."""

    id: str
    task_execution_id: str
    description: str
    created_at: str
    resolved_at: str | None = None


@frozen
class Milestone:
    """The start, a synchronization point, or the end of an execution."""

    id: str
    name: str
    description: str | None
    achieved: bool
    achieved_at: str | None


@frozen
class ProgressReport:
    """The progress of an execution; `estimated_completion` is None if nothing is known."""

    id: str
    workflow_execution_id: str
    completed_tasks: int
    total_tasks: int
    estimated_completion: str | None
    blockers: tuple[Blocker, ...]
    milestones: tuple[Milestone, ...]
