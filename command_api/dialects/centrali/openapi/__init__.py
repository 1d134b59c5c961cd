"""Centrali's orchestration API as its OpenAPI document describes it.

The document leaves open: updates are partial; unknown and read-only members are ignored; lists are
newest first by default; an orchestration created without `status` is active; a cancelled run has
the status "failed" and the reason "cancelled".
"""

from functools import partial

from baton.command_api.dialect.check_definition import check_definition
from baton.command_api.dialect.contract import Dialect, FromPath
from baton.command_api.dialect.definition_format import DefinitionFormat
from baton.command_api.dialects.centrali.error_words import WORDS
from baton.command_api.dialects.centrali.openapi.document import BASE, document
from baton.command_api.dialects.centrali.openapi.errors import render_error
from baton.command_api.dialects.centrali.openapi.requests import CreateOrchestration
from baton.command_api.dialects.centrali.openapi.routes import ROUTES

DIALECT = Dialect(
    name="centrali-openapi",
    title="Centrali Orchestration Service API",
    bases=(BASE,),
    routes=ROUTES,
    render_error=render_error,
    tenant=FromPath(parameter="workspaceSlug"),
    document=document,
    check_definition=partial(check_definition, CreateOrchestration, WORDS),
    definitions=DefinitionFormat(
        collection="/orchestrations",
        start="/runs",
        required=("slug", "steps"),
        distinctive=("status", "workspaceSlug"),
        functions=("steps[].functionId",),
        units={"trigger.interval": "seconds"},
        marks=("trigger.type", "trigger.interval", "steps[].type", "steps[].functionId"),
    ),
)
