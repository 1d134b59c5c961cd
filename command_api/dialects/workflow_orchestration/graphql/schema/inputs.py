"""The input types, and the way from them to the models of REST, which hold the rules."""

import json
from dataclasses import fields, is_dataclass
from typing import TypeVar

import strawberry
from pydantic import BaseModel
from pydantic.alias_generators import to_camel
from strawberry import ID, UNSET
from strawberry.scalars import JSON

from baton.command_api.dialects.workflow_orchestration.graphql.schema.scalars import Milliseconds
from baton.command_api.http import json_body
from baton.command_api.http.refusal import Refused
from baton.command_api.http.request_context import RequestContext
from baton.domain.json import Json

M = TypeVar("M", bound=BaseModel)


@strawberry.input(description="The attempts of a task, and the backoff between them")
class RetryPolicyInput:
    """The attempts of a task, and the backoff between them."""

    max_attempts: int
    backoff_ms: Milliseconds
    backoff_multiplier: float | None = UNSET


@strawberry.input(description="A task; its id is `task-N` by position if it isn't given")
class TaskDefinitionInput:
    """A task; its id is `task-N` by position if it isn't given."""

    id: ID | None = UNSET
    name: str
    description: str | None = UNSET
    dependencies: list[str] | None = strawberry.field(
        default=UNSET, description="Names or ids of tasks and synchronization points"
    )
    resource_requirements: JSON | None = UNSET
    timeout: Milliseconds | None = UNSET
    retry_policy: RetryPolicyInput | None = UNSET
    function: str | None = strawberry.field(
        default=UNSET, description="By default the function called like the task's id or name"
    )
    config: JSON | None = UNSET


@strawberry.input(description="A synchronization point; its id is `sync-N` if it isn't given")
class SynchronizationPointInput:
    """A synchronization point; its id is `sync-N` if it isn't given."""

    id: ID | None = UNSET
    name: str
    description: str | None = UNSET
    required_tasks: list[str]
    timeout: Milliseconds | None = UNSET


@strawberry.input(description="A new workflow")
class CreateWorkflowDefinitionInput:
    """A new workflow."""

    name: str
    description: str | None = UNSET
    tasks: list[TaskDefinitionInput]
    synchronization_points: list[SynchronizationPointInput] | None = UNSET


@strawberry.input(description="A change of a workflow; members that are left out stay as they are")
class UpdateWorkflowDefinitionInput:
    """A change of a workflow; members that are left out stay as they are."""

    name: str | None = UNSET
    description: str | None = UNSET
    tasks: list[TaskDefinitionInput] | None = UNSET
    synchronization_points: list[SynchronizationPointInput] | None = UNSET


@strawberry.input(description="The start of an execution")
class StartWorkflowExecutionInput:
    """The start of an execution."""

    workflow_definition_id: ID
    initial_context: JSON | None = strawberry.field(
        default=UNSET, description="An object, or its JSON text"
    )


def read_input(context: RequestContext, model: type[M], given: object) -> M:
    """Return an input as the model that REST reads from a body; raises Refused 400."""
    try:
        raw = json.dumps(_json_of(given), allow_nan=False).encode()
    except ValueError:
        message = "An infinite number can't be stored"
        raise Refused("validation_error", message) from None
    limit = context.services.budgets.limits.json_values
    parsed, _ = json_body.parse_model(model, raw, max_values=limit)
    return parsed


def _json_of(value: object) -> Json:
    """Return an input as JSON: camel case, without the members that weren't given."""
    if isinstance(value, list):
        return [_json_of(element) for element in value]
    if not is_dataclass(value):
        return value
    members = ((to_camel(field.name), getattr(value, field.name)) for field in fields(value))
    return {name: _json_of(member) for name, member in members if member is not UNSET}
