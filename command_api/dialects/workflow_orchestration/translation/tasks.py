"""Reads tasks and synchronization points into the core's graph: each is a step that needs others.

An id that isn't given is that of the same name in the graph before, else `task-N` or `sync-N` by
position. Dependencies and required tasks name tasks or points by id, else by a name that only one
of them has.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from baton.command_api.dialect.bodies import Faults, Model
from baton.command_api.dialects.workflow_orchestration.translation.workflows import (
    config_of,
    name_of,
    sync_steps,
    task_steps,
)
from baton.domain.definition.graph import (
    DEFAULT_TIMEOUT_MS,
    Compute,
    Graph,
    Retry,
    Step,
    Sync,
)
from baton.domain.definition.validation import MAX_STEPS
from baton.domain.json import JsonObject

NO_TASKS: Final = Graph(steps=(), flow="needs")
TASKS: Final = "tasks"
POINTS: Final = "synchronizationPoints"
DEPENDENCIES: Final = "dependencies"
REQUIRED_TASKS: Final = "requiredTasks"


class RetryPolicyBody(Model):
    """The attempts of a task in all, and the backoff between them in ms, which grows."""

    max_attempts: int
    backoff_ms: int
    backoff_multiplier: float | None = None

    def to_retry(self) -> Retry:
        """Return the core's policy."""
        retry = Retry(max_attempts=self.max_attempts, backoff_ms=self.backoff_ms)
        if self.backoff_multiplier is None:
            return retry
        return replace(retry, multiplier=self.backoff_multiplier)


class TaskBody(Model):
    """A task; `function` names its function, which gets `config`. `timeout` is in ms."""

    id: str | None = None
    name: str
    description: str | None = None
    resource_requirements: JsonObject | None = None
    dependencies: list[str] | None = None
    timeout: int | None = None
    retry_policy: RetryPolicyBody | None = None
    function: str | None = None
    config: JsonObject | None = None


class SynchronizationPointBody(Model):
    """A point that is reached when the required tasks are done; `timeout` is in ms."""

    id: str | None = None
    name: str
    description: str | None = None
    required_tasks: list[str]
    timeout: int | None = None


_Named: TypeAlias = TaskBody | SynchronizationPointBody
_References: TypeAlias = Mapping[str, Sequence[str]]
"""The ids that a text may stand for."""


def graph_of(
    tasks: Sequence[TaskBody],
    points: Sequence[SynchronizationPointBody],
    faults: Faults,
    *,
    before: Graph = NO_TASKS,
) -> Graph:
    """Return the graph: the tasks, then the points; adds the faults of names to `faults`.

    Args:
        tasks: The tasks.
        points: The synchronization points.
        faults: Collects the faults, with paths in the document.
        before: The graph whose steps keep their ids, and the settings that no task can express.
    """
    if not tasks:
        faults.add("must have at least one task", TASKS)
    if len(tasks) + len(points) > MAX_STEPS:
        faults.add(f"must have at most {MAX_STEPS} tasks and synchronization points", TASKS)
    if not tasks or len(tasks) + len(points) > MAX_STEPS:
        return NO_TASKS
    task_ids = _ids(tasks, "task", _unique_names(task_steps(before)))
    point_ids = _ids(points, "sync", _unique_names(sync_steps(before)))
    known = _references((*tasks, *points), (*task_ids, *point_ids))
    steps: list[Step] = []
    for index, (task, step_id) in enumerate(zip(tasks, task_ids, strict=True)):
        _check_name(task, faults, TASKS, index)
        path = (TASKS, index, DEPENDENCIES)
        needs = _needs(task.dependencies or (), known, faults, path)
        steps.append(_compute(task, step_id, needs, before.by_id.get(step_id)))
    for index, (point, step_id) in enumerate(zip(points, point_ids, strict=True)):
        _check_name(point, faults, POINTS, index)
        path = (POINTS, index, REQUIRED_TASKS)
        needs = _needs(point.required_tasks, known, faults, path)
        steps.append(_sync(point, step_id, needs))
    return Graph(steps=tuple(steps), flow="needs", loop_limit=before.loop_limit)


def _check_name(item: _Named, faults: Faults, *path: str | int) -> None:
    if not item.name.strip():
        faults.add("must not be empty", *path, "name")


def _unique_names(steps: Sequence[Step]) -> dict[str, str]:
    """Return the id of the step by each name that only one of the steps has."""
    ids_by_name: dict[str, list[str]] = {}
    for step in steps:
        ids_by_name.setdefault(name_of(step), []).append(step.id)
    return {name: ids[0] for name, ids in ids_by_name.items() if len(ids) == 1}


def _ids(items: Sequence[_Named], word: str, known: Mapping[str, str]) -> list[str]:
    """Return an id for each item: the given one, the known one, else `word-N`."""
    taken = {item.id for item in items if item.id is not None}
    ids: list[str | None] = []
    for item in items:
        kept = known.get(item.name)
        if item.id is None and kept is not None and kept not in taken:
            taken.add(kept)
            ids.append(kept)
        else:
            ids.append(item.id)
    for index, given in enumerate(ids):
        if given is None:
            number = index + 1
            while f"{word}-{number}" in taken:
                number += 1
            ids[index] = f"{word}-{number}"
            taken.add(f"{word}-{number}")
    return [step_id for step_id in ids if step_id is not None]


def _references(items: Sequence[_Named], ids: Sequence[str]) -> dict[str, list[str]]:
    references: dict[str, list[str]] = {}
    for item, step_id in zip(items, ids, strict=True):
        references.setdefault(item.name, []).append(step_id)
    return {**references, **{step_id: [step_id] for step_id in ids}}


def _needs(
    texts: Sequence[str], known: _References, faults: Faults, path: tuple[str | int, ...]
) -> tuple[str, ...]:
    needs: list[str] = []
    for place, text in enumerate(texts):
        ids = known.get(text, ())
        if not ids:
            faults.add(f"names the unknown task '{text}'", *path, place)
        elif len(ids) > 1:
            faults.add(f"'{text}' is the name of several tasks; use an id", *path, place)
        elif ids[0] in needs:
            faults.add(f"'{text}' is named twice", *path, place)
        else:
            needs.append(ids[0])
    return tuple(needs)


def _compute(task: TaskBody, step_id: str, needs: tuple[str, ...], before: Step | None) -> Compute:
    return Compute(
        id=step_id,
        name=task.name,
        description=task.description,
        function=step_id if task.function is None else task.function,
        implied=task.function is None,
        config=config_of(task.config, task.resource_requirements),
        timeout_ms=DEFAULT_TIMEOUT_MS if task.timeout is None else task.timeout,
        retry=None if task.retry_policy is None else task.retry_policy.to_retry(),
        on_failure=before.on_failure if isinstance(before, Compute) else None,
        needs=needs,
    )


def _sync(point: SynchronizationPointBody, step_id: str, needs: tuple[str, ...]) -> Sync:
    return Sync(
        id=step_id,
        name=point.name,
        description=point.description,
        timeout_ms=point.timeout,
        needs=needs,
    )
