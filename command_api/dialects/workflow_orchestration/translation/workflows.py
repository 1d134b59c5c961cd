"""Translates definitions, whichever dialect made them, into workflows.

Each version of a definition is a patch of version 1.0. Synchronization points are the core's sync
steps; every other step is a task, which depends on the steps after which it may start.
"""

from typing import Final

from baton.command_api.dialect.task_graphs import predecessors
from baton.command_api.dialects.workflow_orchestration.translation.resources import (
    RetryPolicy,
    SynchronizationPoint,
    Task,
    Workflow,
)
from baton.domain.definition.graph import (
    DEFAULT_TIMEOUT_MS,
    Compute,
    Graph,
    Retry,
    Step,
    Sync,
)
from baton.domain.definition.state import State
from baton.domain.json import JsonObject
from baton.protocols.iso_time import format_time

RESOURCES: Final = "resourceRequirements"
"""The member of a step's configuration that holds the resource requirements of its task."""


def workflow_of(definition: State) -> Workflow:
    """Return the version in force as a workflow."""
    body = definition.body
    return Workflow(
        id=definition.definition_id,
        name=body.name,
        description=body.description,
        version=version_text(definition.version),
        created_at=format_time(definition.created_at),
        updated_at=format_time(definition.updated_at),
        tasks=tasks_of(body.graph),
        synchronization_points=points_of(body.graph),
    )


def version_text(version: int) -> str:
    """Return the text of a version: "1.0.0" for the first one."""
    return f"1.0.{version - 1}"


def tasks_of(graph: Graph) -> tuple[Task, ...]:
    """Return the tasks in the definition's order."""
    needs = predecessors(graph)
    return tuple(_task(step, needs[step.id]) for step in task_steps(graph))


def points_of(graph: Graph) -> tuple[SynchronizationPoint, ...]:
    """Return the synchronization points in the definition's order."""
    needs = predecessors(graph)
    return tuple(
        SynchronizationPoint(
            id=step.id,
            name=name_of(step),
            description=step.description,
            required_tasks=tuple(needs[step.id]),
            timeout=step.timeout_ms,
        )
        for step in sync_steps(graph)
    )


def task_steps(graph: Graph) -> list[Step]:
    """Return the steps that are tasks."""
    return [step for step in graph.steps if not isinstance(step, Sync)]


def sync_steps(graph: Graph) -> list[Sync]:
    """Return the steps that are synchronization points."""
    return [step for step in graph.steps if isinstance(step, Sync)]


def name_of(step: Step) -> str:
    """Return the name of a step, which is its id if it has no other."""
    return step.name or step.id


def _task(step: Step, needs: list[str]) -> Task:
    task = Task(
        id=step.id,
        name=name_of(step),
        description=step.description,
        resource_requirements=None,
        dependencies=tuple(needs),
        timeout=None,
        retry_policy=None,
    )
    return _with_settings(task, step) if isinstance(step, Compute) else task


def _with_settings(task: Task, step: Compute) -> Task:
    config = dict(step.config or {})
    resources = config.get(RESOURCES)
    if isinstance(resources, dict):
        del config[RESOURCES]
    else:
        resources = None
    return Task(
        id=task.id,
        name=task.name,
        description=task.description,
        resource_requirements=resources,
        dependencies=task.dependencies,
        timeout=None if step.timeout_ms == DEFAULT_TIMEOUT_MS else step.timeout_ms,
        retry_policy=None if step.retry is None else _retry_policy(step.retry),
        function=None if step.names_no_function else step.function,
        config=config or None,
    )


def _retry_policy(retry: Retry) -> RetryPolicy:
    return RetryPolicy(
        max_attempts=retry.max_attempts,
        backoff_ms=retry.backoff_ms,
        backoff_multiplier=retry.multiplier,
    )


def config_of(config: JsonObject | None, resources: JsonObject | None) -> JsonObject | None:
    """Return a step's configuration, which its function gets as `config`."""
    required: JsonObject = {} if resources is None else {RESOURCES: resources}
    return {**(config or {}), **required} or None
