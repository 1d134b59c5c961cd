"""POST, PUT and DELETE of definitions in Baton's own format."""

from collections.abc import Mapping
from typing import Final

from baton.command_api.commands import (
    NewDefinition,
    create_definition,
    delete_definition,
    update_definition,
)
from baton.command_api.dialect.contract import Route
from baton.command_api.http.refusal import refused_field
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.definitions.documents import (
    REQUEST_BODY,
    parse_definition,
    refused_by_rules,
)
from baton.command_api.own.definitions.load import load_by_reference
from baton.command_api.own.definitions.render import EXAMPLE, Definition, render_whole
from baton.command_api.principal import WRITE
from baton.domain.definition.messages import Body
from baton.domain.definition.state import State
from baton.domain.errors import Invalid


async def _create(context: RequestContext) -> Reply:
    read = await parse_definition(context, with_slug=True)
    new = NewDefinition(
        definition_id=context.new_id(),
        slug=read.slug or "",
        body=read.created(),
        secrets=read.secrets,
    )
    try:
        result = await create_definition(context.services, context.principal, new, at=context.now())
    except Invalid as invalid:
        raise refused_by_rules(invalid, read) from None
    return context.reply(201, render_whole(result.state), position=result.position)


async def _replace(context: RequestContext) -> Reply:
    definition = await load_by_reference(context, context.params["definition"])
    read = await parse_definition(context, with_slug=False)
    if read.slug not in (None, definition.slug):
        message = f"can't be changed: it is '{definition.slug}'"
        raise refused_field(message, "slug")

    def change(seen: State) -> Body:
        return read.replacing(seen.body)

    try:
        result = await update_definition(
            context.services,
            context.principal,
            definition.definition_id,
            change,
            at=context.now(),
            secrets=read.secrets,
        )
    except Invalid as invalid:
        raise refused_by_rules(invalid, read) from None
    return context.reply(200, render_whole(result.state), position=result.position)


async def _delete(context: RequestContext) -> Reply:
    definition = await load_by_reference(context, context.params["definition"])
    result = await delete_definition(
        context.services, context.principal, definition.definition_id, at=context.now()
    )
    return context.reply(204, position=result.position)


_TAKEN: Final = "The slug or the path of the webhook is taken"
_PROBLEMS: Final[Mapping[int, str]] = {
    400: "The document isn't valid; `details` names every fault",
    403: "The token lacks the scope",
    409: _TAKEN,
}

ROUTES = (
    Route(
        method="POST",
        path="/definitions",
        handler=_create,
        scope=WRITE,
        summary="Create a definition",
        operation_id="createDefinition",
        tag="Definitions",
        response=Definition,
        example=EXAMPLE,
        status=201,
        problems=_PROBLEMS,
        operation={"requestBody": REQUEST_BODY},
    ),
    Route(
        method="PUT",
        path="/definitions/{definition}",
        handler=_replace,
        scope=WRITE,
        summary="Replace a definition; unless nothing changes, the document is its next version",
        operation_id="replaceDefinition",
        tag="Definitions",
        response=Definition,
        example=EXAMPLE,
        problems={**_PROBLEMS, 404: "The tenant has no such definition"},
        operation={"requestBody": REQUEST_BODY},
    ),
    Route(
        method="DELETE",
        path="/definitions/{definition}",
        handler=_delete,
        scope=WRITE,
        summary="Delete a definition: its triggers stop, its runs continue",
        operation_id="deleteDefinition",
        tag="Definitions",
        status=204,
        problems={403: "The token lacks the scope", 404: "The tenant has no such definition"},
    ),
)
