"""Request bodies: workflows, executions and logins, read into the core's terms."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, Final

from pydantic import Field

from baton.command_api.dialect.bodies import Faults, Model, invalid
from baton.command_api.dialect.task_graphs import can_express
from baton.command_api.dialects.workflow_orchestration.translation.json_form import json_form
from baton.command_api.dialects.workflow_orchestration.translation.tasks import (
    POINTS,
    REQUIRED_TASKS,
    SynchronizationPointBody,
    TaskBody,
    graph_of,
)
from baton.command_api.dialects.workflow_orchestration.translation.workflows import (
    points_of,
    sync_steps,
    tasks_of,
)
from baton.command_api.http.refusal import Refused, refused_field
from baton.domain.definition.graph import Compute, Graph, Sync
from baton.domain.definition.messages import Body
from baton.domain.definition.state import State
from baton.domain.definition.trigger import ManualTrigger
from baton.domain.definition.validation import faults_of
from baton.domain.errors import Fault, Invalid
from baton.domain.json import JsonObject
from baton.protocols import strict_json

_READ_ONLY: Final = frozenset(("id", "version", "createdAt", "updatedAt"))


class Login(Model):
    """The body of POST /auth/login."""

    username: str
    password: str = Field(repr=False)


class CreateWorkflow(Model):
    """The body of POST /workflows; the workflow is active."""

    read_only: ClassVar[frozenset[str]] = _READ_ONLY

    name: str
    description: str | None = None
    tasks: list[TaskBody]
    synchronization_points: list[SynchronizationPointBody] | None = None

    def body(self) -> Body:
        """Return the body of version 1; raises Refused 400."""
        faults = Faults()
        graph = graph_of(self.tasks, self.synchronization_points or (), faults)
        faults.raise_if_any()
        body = Body(
            name=self.name,
            description=self.description or None,
            trigger=ManualTrigger(),
            graph=graph,
        )
        return _valid(body)


class UpdateWorkflow(Model):
    """The body of PUT /workflows/{id}; members that it doesn't name keep their values.

    `model_fields_set` holds the named ones; null clears the description and the points.
    """

    read_only: ClassVar[frozenset[str]] = _READ_ONLY

    name: str = Field(default_factory=str)
    description: str | None = None
    tasks: list[TaskBody] = Field(default_factory=list)
    synchronization_points: list[SynchronizationPointBody] | None = None

    def after(self, seen: State) -> Body:
        """Return the body of the version after `seen`; raises Refused 400 and 409."""
        set_members, after = self.model_fields_set, seen.body
        if "name" in set_members:
            after = replace(after, name=self.name)
        if "description" in set_members:
            after = replace(after, description=self.description or None)
        if set_members & {"tasks", "synchronization_points"}:
            after = replace(after, graph=self._graph_after(after.graph))
        return _valid(after)

    def _graph_after(self, before: Graph) -> Graph:
        """Return the new graph, or `before` itself if that is shown as the same tasks."""
        faults = Faults()
        tasks = self.tasks if "tasks" in self.model_fields_set else _shown_tasks(before)
        points: Sequence[SynchronizationPointBody] = self.synchronization_points or ()
        if "synchronization_points" not in self.model_fields_set:
            points = _shown_points(before)
        graph = graph_of(tasks, points, faults, before=before)
        faults.raise_if_any()
        if tasks_of(graph) == tasks_of(before) and points_of(graph) == points_of(before):
            return before
        if not can_express(before, (Compute, Sync)):
            message = (
                "This workflow has steps that tasks can't express; its tasks can't be replaced"
            )
            raise Refused("conflict", message)
        return graph


class StartExecution(Model):
    """The body of POST /executions; `initialContext` is an object, or its JSON text."""

    workflow_definition_id: str
    initial_context: JsonObject | str | None = None

    def context(self, *, max_values: int) -> JsonObject:
        """Return the initial context, {} by default; raises Refused 400.

        Args:
            max_values: The number of values that the text may hold; 0 means no limit.
        """
        if not isinstance(self.initial_context, str):
            return self.initial_context or {}
        text = self.initial_context.encode("utf-8", "surrogatepass")
        try:
            value = strict_json.parse(text, max_values=max_values)
        except Invalid as fault:
            raise refused_field(f"The text {fault.message}", "initialContext") from None
        if not isinstance(value, dict):
            message = "must be an object, or the JSON text of one"
            raise refused_field(message, "initialContext")
        return value


def _shown_tasks(graph: Graph) -> list[TaskBody]:
    """Return the tasks of a graph as a client would send them back."""
    return [TaskBody.model_validate(json_form(task)) for task in tasks_of(graph)]


def _shown_points(graph: Graph) -> list[SynchronizationPointBody]:
    return [SynchronizationPointBody.model_validate(json_form(point)) for point in points_of(graph)]


def _valid(body: Body) -> Body:
    """Return `body`; raises Refused 400, with the faults of steps as those of tasks or points."""
    faults = faults_of(body)
    if faults:
        tasks = len(body.graph.steps) - len(sync_steps(body.graph))
        raise invalid([_in_document(fault, tasks) for fault in faults])
    return body


def _in_document(fault: Fault, tasks: int) -> Fault:
    """Return a fault of a step as one of the document; points come after the tasks."""
    match fault.path:
        case ("steps", int(index), *rest) if index >= tasks:
            members = [REQUIRED_TASKS if part == "needs" else part for part in rest]
            return Fault((POINTS, index - tasks, *members), fault.message)
        case _:
            return fault
