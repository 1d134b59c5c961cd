"""Request bodies of the Centrali OpenAPI dialect: `status` is text, `interval` is in seconds."""

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

UNITS = Units(interval_ms=1_000)


def _active() -> Status:
    return "active"


class CreateOrchestration(CreateDefinitionBody):
    """The body of POST /orchestrations; without `status` the orchestration is active."""

    read_only: ClassVar[frozenset[str]] = READ_ONLY

    status: Status = Field(default_factory=_active)

    def body(self) -> Body:
        """Return the body of version 1; raises Refused 400."""
        return self.to_body(UNITS, self.status)


class UpdateOrchestration(UpdateDefinitionBody):
    """The body of PUT /orchestrations/{id}; members that it doesn't name keep their values."""

    read_only: ClassVar[frozenset[str]] = READ_ONLY

    status: Status = Field(default_factory=_active)

    def after(self, seen: State) -> Body:
        """Return the body of the version after `seen`; raises Refused 400."""
        self.require_slug(seen.slug)
        before = seen.body
        status = self.status if "status" in self.model_fields_set else before.status
        return self.applied_to(before, UNITS, status)


class TriggerRun(Model):
    """The body of POST /orchestrations/{orchestrationId}/runs."""

    input: JsonObject | None = None
    correlation_id: str | None = Field(default=None, min_length=1, max_length=200)


class TestDecision(Model):
    """The body of POST …/test-decision: `{input?, context?, steps?}`, or else the input itself."""

    __test__ = False  # pytest would collect it as a test class

    test_data: JsonObject
