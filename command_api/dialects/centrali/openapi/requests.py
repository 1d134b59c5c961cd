"""Bodies of the Centrali OpenAPI dialect: `status` is said in words, `interval` counts seconds."""

from pydantic import Field

from baton.command_api.dialect.bodies import Model
from baton.command_api.dialects.centrali.definitions import (
    CreateDefinitionBody,
    Units,
    UpdateDefinitionBody,
)
from baton.domain.definition.messages import Body, Status
from baton.domain.json import JsonObject

UNITS = Units(interval_ms=1_000)


def _active() -> Status:
    return "active"


class CreateOrchestration(CreateDefinitionBody):
    """POST /orchestrations; it is active unless `status` says otherwise."""

    status: Status = Field(default_factory=_active)

    def body(self) -> Body:
        """Return version 1; raises Refused 400."""
        return self.to_body(UNITS, self.status)


class UpdateOrchestration(UpdateDefinitionBody):
    """PUT /orchestrations/{id}: what is named changes."""

    status: Status = Field(default_factory=_active)

    def after(self, before: Body) -> Body:
        """Return the next version; raises Refused 400."""
        status = self.status if "status" in self.model_fields_set else before.status
        return self.applied_to(before, UNITS, status)


class TriggerRun(Model):
    """POST /orchestrations/{orchestrationId}/runs."""

    input: JsonObject | None = None
    correlation_id: str | None = Field(default=None, min_length=1, max_length=200)


class TestDecision(Model):
    """POST …/test-decision: `{input?, context?, steps?}`; with none of these it is the input."""

    __test__ = False  # not a test class, whatever its name says

    test_data: JsonObject
