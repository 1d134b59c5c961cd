"""Models of the reference dialect's responses, for its OpenAPI document.

`responses` builds the bodies; a test validates them with these models.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from baton.command_api.dialect.run_values import ShownMembers, ShownObject, ShownValue
from baton.domain.json import JsonObject


class _Shape(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True)


class PageMeta(_Shape):
    """The page's place in the list."""

    total: int
    page: int
    page_size: int


class OrchestrationListed(_Shape):
    """An orchestration without its steps."""

    id: str
    slug: str
    name: str
    description: str = Field(default="", description="left out if there is none")
    version: int
    is_active: bool
    trigger: JsonObject
    created_at: str
    updated_at: str
    created_by: str
    updated_by: str


class Orchestration(OrchestrationListed):
    """A whole orchestration."""

    steps: list[JsonObject]


class Orchestrations(_Shape):
    """A page of orchestrations."""

    data: list[OrchestrationListed]
    meta: PageMeta


TriggerType = Literal["event-driven", "scheduled", "manual", "http-trigger"]


class RunTriggered(_Shape):
    """A run as it was accepted."""

    id: str
    orchestration_id: str
    status: Literal["pending"]
    trigger_type: TriggerType
    started_at: str


class _RunHead(_Shape):
    id: str
    orchestration_id: str
    status: Literal["pending", "running", "waiting", "completed", "failed"]
    trigger_type: TriggerType
    trigger_metadata: JsonObject
    current_step_id: str | None
    started_at: str
    completed_at: str = Field(default="", description="left out until the run has ended")
    has_errors: bool
    failure_reason: str = Field(default="", description="of a failed run")


class RunListed(_RunHead):
    """A run without its data."""

    delay_step_count: int
    correlation_id: str


class Run(_RunHead):
    """A whole run."""

    input: ShownObject
    context: ShownMembers
    step_outputs: dict[str, ShownValue]
    executed_steps: list[str]
    errors: list[JsonObject]
    steps: list[JsonObject] = Field(default_factory=list, description="with include=steps")


class Runs(_Shape):
    """A page of runs."""

    data: list[RunListed]
    meta: PageMeta
