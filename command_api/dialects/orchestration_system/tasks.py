"""Reads a list of tasks into the core's graph: every task is a step that needs others."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, Final

from baton.command_api.dialect.bodies import Faults, Model
from baton.command_api.dialects.orchestration_system.render_tasks import task_names
from baton.domain.definition.graph import Compute, Graph, Step
from baton.domain.definition.step_faults import STEP_ID
from baton.domain.definition.validation import MAX_STEPS
from baton.domain.json import JsonObject

NO_TASKS: Final = Graph(steps=(), flow="needs")


class TaskBody(Model):
    """A task; `type` names its function, which gets `config`."""

    read_only: ClassVar[frozenset[str]] = frozenset(("id", "status"))

    name: str
    type: str
    config: JsonObject | None = None
    depends_on: list[str] | None = None


def graph_of(tasks: Sequence[TaskBody], faults: Faults, *, before: Graph = NO_TASKS) -> Graph:
    """Return the graph of `tasks`; adds the faults of their names to `faults`.

    A task keeps the id and the other settings of the task of the same name in `before`.
    """
    if len(tasks) > MAX_STEPS:
        faults.add(f"must have at most {MAX_STEPS} tasks", "tasks")
        return NO_TASKS
    _check_names(tasks, faults)
    known = {name: step_id for step_id, name in task_names(before).items()}
    ids = _ids([task.name for task in tasks], known)
    by_name = {
        **{task_id: task_id for task_id in ids},
        **dict(zip(_names(tasks), ids, strict=True)),
    }
    steps = tuple(
        _step(task, ids[index], _needs(task, index, by_name, faults), before.by_id.get(ids[index]))
        for index, task in enumerate(tasks)
    )
    return Graph(steps=steps, flow="needs", loop_limit=before.loop_limit)


def _names(tasks: Sequence[TaskBody]) -> list[str]:
    return [task.name for task in tasks]


def _check_names(tasks: Sequence[TaskBody], faults: Faults) -> None:
    seen: set[str] = set()
    for index, task in enumerate(tasks):
        if not task.name.strip():
            faults.add("must not be empty", "tasks", index, "name")
        elif task.name in seen:
            faults.add(f"'{task.name}' is used by another task", "tasks", index, "name")
        seen.add(task.name)


def _ids(names: Sequence[str], known: Mapping[str, str]) -> list[str]:
    """Return an id for each name: the known one, else the name itself, else `task-N`."""
    ids = {name: known[name] for name in names if name in known}
    taken = set(ids.values())
    for name in names:
        if name not in ids and name not in taken and STEP_ID.fullmatch(name):
            ids[name] = name
            taken.add(name)
    for position, name in enumerate(names, start=1):
        if name in ids:
            continue
        number = position
        while f"task-{number}" in taken:
            number += 1
        ids[name] = f"task-{number}"
        taken.add(ids[name])
    return [ids[name] for name in names]


def _needs(
    task: TaskBody, index: int, by_name: Mapping[str, str], faults: Faults
) -> tuple[str, ...]:
    needs: list[str] = []
    for place, text in enumerate(task.depends_on or ()):
        need = by_name.get(text)
        if need is None:
            faults.add(f"names the unknown task '{text}'", "tasks", index, "dependsOn", place)
        elif need in needs:
            faults.add(f"'{text}' is named twice", "tasks", index, "dependsOn", place)
        else:
            needs.append(need)
    return tuple(needs)


def _step(task: TaskBody, step_id: str, needs: tuple[str, ...], before: Step | None) -> Compute:
    if not isinstance(before, Compute):
        return Compute(
            id=step_id, name=task.name, function=task.type, config=task.config, needs=needs
        )
    unchanged = (task.config or {}) == (before.config or {})
    return replace(
        before,
        name=before.name if before.name is None and task.name == step_id else task.name,
        function=task.type,
        config=before.config if unchanged else task.config,
        needs=needs,
        next=None,
        on_success_next=None,
    )
