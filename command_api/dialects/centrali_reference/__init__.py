"""Centrali's orchestration API as its reference page tells it.

Where the page is silent: updates are partial; members that are unknown or may only be read are
ignored; `isActive: false` pauses; runs take `include=steps` and `correlationId`; steps take
`retry`, `onSuccess` and `onFailure`; webhooks come in by id and by path, as in the OpenAPI dialect.
"""

from command_api.centrali.lookups import PAGE_SIZES
from command_api.dialect import Dialect, FromPath
from command_api.dialects.centrali_reference.errors import render_error
from command_api.dialects.centrali_reference.routes import ROUTES

DIALECT = Dialect(
    name="centrali-reference",
    title="Orchestrations API Reference",
    bases=("/orchestration/api/v1/workspaces/{workspaceSlug}",),
    routes=ROUTES,
    render_error=render_error,
    tenant=FromPath(parameter="workspaceSlug"),
    page_sizes=PAGE_SIZES,
)
