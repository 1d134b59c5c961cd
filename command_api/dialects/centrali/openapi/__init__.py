"""Centrali's orchestration API as its OpenAPI document tells it.

Where the document is silent: updates are partial; members that are unknown or may only be read are
ignored; lists are newest first unless `sort` and `order` say otherwise; an orchestration is active
when it is created without `status`; a run that was cancelled is failed for the reason "cancelled".
"""

from baton.command_api.dialect.contract import Dialect, FromPath
from baton.command_api.dialect.definition_format import DefinitionFormat
from baton.command_api.dialects.centrali.openapi.document import BASE, document
from baton.command_api.dialects.centrali.openapi.errors import render_error
from baton.command_api.dialects.centrali.openapi.routes import ROUTES

DIALECT = Dialect(
    name="centrali-openapi",
    title="Centrali Orchestration Service API",
    bases=(BASE,),
    routes=ROUTES,
    render_error=render_error,
    tenant=FromPath(parameter="workspaceSlug"),
    document=document,
    definitions=DefinitionFormat(
        collection="/orchestrations",
        start="/runs",
        required=("slug", "steps"),
        distinctive=("status", "workspaceSlug"),
        units={"trigger.interval": "seconds"},
    ),
)
