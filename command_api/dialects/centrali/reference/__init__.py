"""Centrali's orchestration API as its reference page describes it.

The page leaves open: updates are partial; unknown and read-only members are ignored; `isActive:
false` pauses; runs take `include=steps` and `correlationId`; steps take `retry`, `onSuccess` and
`onFailure`; webhooks are received by id and by path, as in the OpenAPI dialect.
"""

from functools import partial

from baton.command_api.dialect.check_definition import check_definition
from baton.command_api.dialect.contract import Dialect, FromPath
from baton.command_api.dialect.definition_format import DefinitionFormat
from baton.command_api.dialect.error_words import ErrorBody
from baton.command_api.dialects.centrali.error_words import WORDS
from baton.command_api.dialects.centrali.reference.requests import CreateOrchestration
from baton.command_api.dialects.centrali.reference.routes import ROUTES

DIALECT = Dialect(
    name="centrali-reference",
    title="Orchestrations API Reference",
    bases=("/orchestration/api/v1/workspaces/{workspaceSlug}",),
    routes=ROUTES,
    render_error=WORDS.render,
    tenant=FromPath(parameter="workspaceSlug"),
    error=ErrorBody,
    check_definition=partial(check_definition, CreateOrchestration, WORDS),
    definitions=DefinitionFormat(
        collection="/orchestrations",
        start="/trigger",
        required=("slug", "steps"),
        distinctive=("isActive",),
        functions=("steps[].functionId",),
        units={"trigger.interval": "milliseconds"},
        preferred=True,
        marks=("trigger.type", "trigger.interval", "steps[].type", "steps[].functionId"),
    ),
)
