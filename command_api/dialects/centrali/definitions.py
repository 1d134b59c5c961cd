"""Bodies that create and update orchestrations, read into the body of a definition's version.

An update is partial: a member that it doesn't name keeps its value, and null clears only the
description. A trigger is replaced as a whole, but keeps its signing secret unless the update names
a new one. A trigger or a graph that renders the same as the stored one isn't replaced, so a client
can read a definition that Centrali can't express in full, and send it back without loss. Other
steps for such a definition are refused with 409, because its needs and conditions would be lost,
and so is another trigger for a definition with several, of which Centrali shows the first.
"""

from dataclasses import dataclass, replace

from pydantic import Field

from baton.command_api.dialect.bodies import Faults, Model
from baton.command_api.dialects.centrali.render_steps import render_steps
from baton.command_api.dialects.centrali.steps import (
    StepBody,
    check,
    graph_after,
    graph_of,
    is_expressible,
)
from baton.command_api.dialects.centrali.triggers import TriggerBody, TriggerReader, TriggerRenderer
from baton.command_api.http.refusal import Refused
from baton.domain.definition.graph import Graph
from baton.domain.definition.messages import Body, Status

_BEYOND_WORDS = (
    "The definition has steps that this API can't express: change them with Baton's own API"
)
_SEVERAL_TRIGGERS = "The definition has several triggers: change them with Baton's own API"
READ_ONLY = frozenset(
    ("id", "workspaceSlug", "version", "createdAt", "createdBy", "updatedAt", "updatedBy")
)
"""Members of a definition that is shown; a client may send them back, and they are ignored."""


@dataclass(frozen=True, slots=True)
class Units:
    """The unit of a dialect's `interval`, in milliseconds."""

    interval_ms: int

    @property
    def reader(self) -> TriggerReader:
        """Reads triggers in this unit."""
        return TriggerReader(self.interval_ms)

    @property
    def renderer(self) -> TriggerRenderer:
        """Renders triggers in this unit."""
        return TriggerRenderer(self.interval_ms)


class CreateDefinitionBody(Model):
    """The members of a new orchestration; each dialect adds its form of the status."""

    slug: str
    name: str
    description: str | None = None
    trigger: TriggerBody
    steps: list[StepBody]

    def to_body(self, units: Units, status: Status) -> Body:
        """Return the body of version 1; raises Refused 400."""
        faults = Faults()
        trigger = units.reader.read(self.trigger, faults)
        check(self.steps, faults)
        faults.raise_if_any()
        return Body(
            name=self.name,
            description=self.description,
            status=status,
            trigger=trigger,
            graph=graph_of(self.steps),
        )


def _untouched() -> TriggerBody:
    return TriggerBody(type="on-demand")


class UpdateDefinitionBody(Model):
    """The members that an update may name; each dialect adds its form of the status.

    `model_fields_set` holds the named ones. No default is None except the description's, so null is
    refused for every other member.
    """

    slug: str = Field(default_factory=str, description="Must be the orchestration's own")
    name: str = Field(default_factory=str)
    description: str | None = None
    trigger: TriggerBody = Field(default_factory=_untouched)
    steps: list[StepBody] = Field(default_factory=list)

    def require_slug(self, slug: str) -> None:
        """Raise Refused 400 if the body names another slug, which can't change."""
        if "slug" in self.model_fields_set and self.slug != slug:
            faults = Faults()
            faults.add(f"can't be changed: it is '{slug}'", "slug")
            faults.raise_if_any()

    def applied_to(self, before: Body, units: Units, status: Status) -> Body:
        """Return the body of the next version; raises Refused 400."""
        set_members = self.model_fields_set
        faults = Faults()
        after = replace(before, status=status)
        if "name" in set_members:
            after = replace(after, name=self.name)
        if "description" in set_members:
            after = replace(after, description=self.description)
        if "trigger" in set_members:
            trigger = units.reader.read(self.trigger, faults, before.trigger)
            if units.renderer.render(trigger) != units.renderer.render(before.trigger):
                if before.more_triggers:
                    raise Refused("conflict", _SEVERAL_TRIGGERS)
                after = replace(after, trigger=trigger)
        if "steps" in set_members:
            check(self.steps, faults, before.graph)
            after = replace(after, graph=self._graph_after(before.graph))
        faults.raise_if_any()
        return after

    def _graph_after(self, before: Graph) -> Graph:
        if render_steps(graph_of(self.steps)) == render_steps(before):
            return before
        if not is_expressible(before):
            raise Refused("conflict", _BEYOND_WORDS)
        return graph_after(self.steps, before)
