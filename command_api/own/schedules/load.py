"""Finds schedules with the definitions that they start."""

from dataclasses import dataclass

from baton.command_api.http.request_context import RequestContext
from baton.domain.definition.body_triggers import schedule_of
from baton.domain.definition.state import State as Definition
from baton.domain.errors import NotFound
from baton.domain.schedule.timetable import next_fire
from baton.projector.views.schedules.view import Document


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule, and its definition."""

    document: Document
    definition: Definition

    @property
    def anchor(self) -> int | None:
        """The time (ms) after which the schedule fires; None while it fires nothing."""
        document = self.document
        if not document.separate:
            return document.anchor if document.active else None
        return self.definition.ticks_after(document.created_at)

    def next_at(self, now: int) -> int | None:
        """Return the next tick (ms) after `now`, None if there is none."""
        anchor = self.anchor
        if anchor is None:
            return None
        return next_fire(self.document.timetable, after=self.after(anchor, now), anchor=anchor)

    def after(self, anchor: int, now: int) -> int:
        """Return the time (ms) after which the next ticks come."""
        return max(anchor, now, self.document.last_nominal or 0)

    @property
    def reason(self) -> str | None:
        """The reason why the schedule fires nothing, None if it fires."""
        if self.anchor is not None:
            return None
        if not self.document.separate and schedule_of(self.definition.body) is None:
            return "the definition has another trigger now"
        return f"the definition is {self.definition.body.status}"


async def load_schedule(context: RequestContext, schedule_id: str) -> Schedule:
    """Return a schedule; raises NotFound, also if its definition was deleted."""
    document = await context.services.schedules.get(context.tenant, schedule_id)
    schedule = None if document is None else await with_definition(context, document)
    if schedule is None:
        raise NotFound("schedule", schedule_id)
    return schedule


async def with_definition(context: RequestContext, document: Document) -> Schedule | None:
    """Return a schedule with its definition, None if that was deleted."""
    definitions = context.services.definitions
    definition = await definitions.get(context.tenant, document.definition_id)
    if definition is None or definition.deleted:
        return None
    return Schedule(document, definition)
