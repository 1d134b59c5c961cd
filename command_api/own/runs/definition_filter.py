"""The definition that a filter of runs names, by its slug or by its id."""

from baton.command_api.http.refusal import refused_field
from baton.command_api.http.request_context import RequestContext
from baton.domain.errors import NotFound


async def resolve_definition(
    context: RequestContext, reference: str | None, ident: str | None, *place: str
) -> str | None:
    """Return the id of the definition that `reference` (slug or id) or else `ident` names.

    Raises NotFound for a reference that names none, and Refused 400 for both.
    """
    if reference is None:
        return ident
    if ident is not None:
        message = "can't be combined with definition: each of them names one"
        raise refused_field(message, *place, "definitionId")
    queries = context.services.definitions
    definition_id = await queries.by_slug(context.tenant, reference)
    definition_id = definition_id or await queries.get(context.tenant, reference)
    if definition_id is None:
        raise NotFound("definition", reference)
    return definition_id.definition_id
