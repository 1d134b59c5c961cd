"""Bodies that create and change orchestrations, read into what a version of a definition says.

A change is partial: a member that is not named keeps its value, and null clears only the
description. A trigger is replaced whole; its stored signing secret stays unless another one is
named. What reads the same as before stays as it is, so that a document can be
read in a dialect that cannot say all of it and be sent back without loss.
"""

from dataclasses import dataclass, replace

from pydantic import Field

from baton.command_api.dialect.bodies import Faults, Model
from baton.command_api.dialects.centrali.render_steps import render_steps
from baton.command_api.dialects.centrali.steps import StepBody, check, graph_after, graph_of
from baton.command_api.dialects.centrali.triggers import TriggerBody, TriggerReader, TriggerRenderer
from baton.domain.definition.graph import Graph
from baton.domain.definition.messages import Body, Status


@dataclass(frozen=True, slots=True)
class Units:
    """What a dialect's `interval` counts, in ms."""

    interval_ms: int

    @property
    def reader(self) -> TriggerReader:
        """Reads triggers in these units."""
        return TriggerReader(self.interval_ms)

    @property
    def renderer(self) -> TriggerRenderer:
        """Shows triggers in these units."""
        return TriggerRenderer(self.interval_ms)


class CreateDefinitionBody(Model):
    """What every new orchestration says; dialects add how its status is said."""

    slug: str
    name: str
    description: str | None = None
    trigger: TriggerBody
    steps: list[StepBody]

    def to_body(self, units: Units, status: Status) -> Body:
        """Return it in the core's words; raises Refused 400."""
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
    """What a change may name; dialects add how the status is said.

    Defaults stand for members that are not named, which `model_fields_set` tells: so null is
    refused where there is nothing to clear.
    """

    name: str = Field(default_factory=str)
    description: str | None = None
    trigger: TriggerBody = Field(default_factory=_untouched)
    steps: list[StepBody] = Field(default_factory=list)

    @property
    def secret(self) -> str | None:
        """The new signing secret; None keeps the one there is."""
        return self.trigger.secret

    def applied_to(self, before: Body, units: Units, status: Status) -> Body:
        """Return what the next version says; raises Refused 400."""
        named = self.model_fields_set
        faults = Faults()
        after = replace(before, status=status)
        if "name" in named:
            after = replace(after, name=self.name)
        if "description" in named:
            after = replace(after, description=self.description)
        if "trigger" in named:
            trigger = units.reader.read(self.trigger, faults)
            same = units.renderer.render(trigger) == units.renderer.render(before.trigger)
            after = after if same else replace(after, trigger=trigger)
        if "steps" in named:
            check(self.steps, faults)
            after = replace(after, graph=self._graph_after(before.graph))
        faults.raise_if_any()
        return after

    def _graph_after(self, before: Graph) -> Graph:
        same = render_steps(graph_of(self.steps)) == render_steps(before)
        return before if same else graph_after(self.steps, before)
