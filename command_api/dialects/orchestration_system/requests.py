"""Request bodies: workflows, executions and schedules, read into the core's terms."""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Final, Literal

from pydantic import Field

from baton.command_api.dialect.bodies import Faults, Model
from baton.command_api.dialect.task_graphs import can_express
from baton.command_api.dialects.orchestration_system.render_tasks import render_tasks
from baton.command_api.dialects.orchestration_system.tasks import TaskBody, graph_of
from baton.command_api.http.refusal import Refused
from baton.domain.definition.graph import Graph
from baton.domain.definition.messages import Body, Status
from baton.domain.definition.state import State
from baton.domain.definition.trigger import ManualTrigger
from baton.domain.json import JsonObject
from baton.domain.schedule.timetable import Cron

StatusWord = Literal["draft", "active", "inactive"]
STATUSES: Final[Mapping[StatusWord, Status]] = {
    "draft": "draft",
    "active": "active",
    "inactive": "paused",
}
"""The core's status for each word of the dialect."""
_READ_ONLY = frozenset(("id", "createdAt", "updatedAt"))


class CreateWorkflow(Model):
    """The body of POST /workflows; the workflow is active."""

    read_only: ClassVar[frozenset[str]] = _READ_ONLY

    name: str
    description: str | None = None
    tasks: list[TaskBody]

    def body(self) -> Body:
        """Return the body of version 1; raises Refused 400."""
        faults = Faults()
        graph = graph_of(self.tasks, faults)
        faults.raise_if_any()
        return Body(
            name=self.name,
            description=self.description or None,
            trigger=ManualTrigger(),
            graph=graph,
        )


def _active() -> StatusWord:
    return "active"


class UpdateWorkflow(Model):
    """The body of PUT /workflows/{workflowId}; members that it doesn't name keep their values.

    `model_fields_set` holds the named ones; null clears only the description.
    """

    read_only: ClassVar[frozenset[str]] = _READ_ONLY

    name: str = Field(default_factory=str)
    description: str | None = None
    status: StatusWord = Field(default_factory=_active)
    tasks: list[TaskBody] = Field(default_factory=list)

    def after(self, seen: State) -> Body:
        """Return the body of the version after `seen`; raises Refused 400 and 409."""
        set_members, after = self.model_fields_set, seen.body
        if "name" in set_members:
            after = replace(after, name=self.name)
        if "description" in set_members:
            after = replace(after, description=self.description or None)
        if "status" in set_members:
            after = replace(after, status=STATUSES[self.status])
        if "tasks" in set_members:
            after = replace(after, graph=self._graph_after(after.graph))
        return after

    def _graph_after(self, before: Graph) -> Graph:
        """Return the graph of the tasks, or `before` itself if that is shown as the same tasks."""
        faults = Faults()
        graph = graph_of(self.tasks, faults, before=before)
        faults.raise_if_any()
        if render_tasks(graph) == render_tasks(before):
            return before
        if not can_express(before):
            message = (
                "This workflow has steps that tasks can't express; its tasks can't be replaced"
            )
            raise Refused("conflict", message)
        return graph


class ExecuteWorkflow(Model):
    """The body of POST /workflows/{workflowId}/execute."""

    parameters: JsonObject | None = None


class CreateSchedule(Model):
    """The body of POST /schedules."""

    read_only: ClassVar[frozenset[str]] = frozenset(("id", "nextRunAt", "createdAt"))

    workflow_id: str
    cron_expression: str
    timezone: str | None = Field(default=None, description="An IANA name; UTC by default")
    parameters: JsonObject | None = None

    def timetable(self) -> Cron:
        """Return the timetable, which isn't checked yet."""
        timezone = "UTC" if self.timezone is None else self.timezone
        return Cron(expression=self.cron_expression, timezone=timezone)
