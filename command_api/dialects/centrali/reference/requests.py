"""Request bodies of the Centrali reference dialect: `isActive`, `interval` in milliseconds."""

from typing import ClassVar

from pydantic import Field

from baton.command_api.dialect.bodies import Model
from baton.command_api.dialects.centrali.definitions import (
    READ_ONLY,
    CreateDefinitionBody,
    Units,
    UpdateDefinitionBody,
)
from baton.domain.definition.messages import Body, Status
from baton.domain.definition.state import State
from baton.domain.json import JsonObject

UNITS = Units(interval_ms=1)


def _active() -> bool:
    return True


class CreateOrchestration(CreateDefinitionBody):
    """The body of POST /orchestrations; without `isActive` the orchestration is active."""

    read_only: ClassVar[frozenset[str]] = READ_ONLY

    is_active: bool = Field(default_factory=_active)

    def body(self) -> Body:
        """Return the body of version 1; raises Refused 400."""
        return self.to_body(UNITS, "active" if self.is_active else "paused")


class UpdateOrchestration(UpdateDefinitionBody):
    """The body of PUT /orchestrations/{orchestrationId}; an unnamed member keeps its value."""

    read_only: ClassVar[frozenset[str]] = READ_ONLY

    is_active: bool = Field(default_factory=_active)

    def after(self, seen: State) -> Body:
        """Return the body of the version after `seen`; raises Refused 400."""
        self.require_slug(seen.slug)
        before = seen.body
        return self.applied_to(before, UNITS, self._status_after(before.status))

    def _status_after(self, before: Status) -> Status:
        if "is_active" not in self.model_fields_set:
            return before
        if self.is_active:
            return "active"
        return "paused" if before == "active" else before  # a draft, too, is rendered as not active


class TriggerRun(Model):
    """The body of POST /orchestrations/{orchestrationId}/trigger."""

    input: JsonObject | None = None
    correlation_id: str | None = Field(default=None, min_length=1, max_length=200)
