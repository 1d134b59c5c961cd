"""GET /definitions/{definition}: a definition of any dialect, found by its slug or its id.

It has no steps: each dialect shows those in its own words. A slug takes precedence over an id.
"""

from pydantic import BaseModel

from baton.command_api.dialect.contract import Route
from baton.command_api.dialect.load import load_definition
from baton.command_api.dialect.rendering import without_none
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.principal import READ
from baton.domain.definition.messages import Status
from baton.domain.definition.state import State
from baton.domain.json import JsonObject
from baton.protocols.iso_time import format_time


class Definition(BaseModel):
    """A definition; `version` is its newest."""

    id: str
    slug: str
    name: str
    description: str | None = None
    status: Status
    version: int
    createdAt: str  # noqa: N815 - the names of the JSON
    createdBy: str  # noqa: N815
    updatedAt: str  # noqa: N815
    updatedBy: str  # noqa: N815


async def _show(context: RequestContext) -> Reply:
    wanted = context.params["definition"]
    found = await context.services.definitions.by_slug(context.tenant, wanted)
    return context.reply(200, _rendered(found or await load_definition(context, wanted)))


def _rendered(definition: State) -> JsonObject:
    return without_none(
        {
            "id": definition.definition_id,
            "slug": definition.slug,
            "name": definition.body.name,
            "description": definition.body.description,
            "status": definition.body.status,
            "version": definition.version,
            "createdAt": format_time(definition.created_at),
            "createdBy": definition.created_by,
            "updatedAt": format_time(definition.updated_at),
            "updatedBy": definition.updated_by,
        }
    )


ROUTES = (
    Route(
        method="GET",
        path="/definitions/{definition}",
        handler=_show,
        scope=READ,
        summary="Get a definition by its slug or its id",
        tag="Definitions",
        response=Definition,
        problems={403: "The token lacks the scope", 404: "The tenant has no such definition"},
    ),
)
