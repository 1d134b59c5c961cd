"""Finds the definition that a path or a body names."""

from typing import Final

from baton.command_api.dialect.load import load_definition
from baton.command_api.http.refusal import Refused
from baton.command_api.http.request_context import RequestContext
from baton.domain.definition.messages import Body
from baton.domain.definition.state import State

_SHOWN: Final = 20


async def load_by_reference(context: RequestContext, reference: str) -> State:
    """Return a definition by its slug or its id; a slug takes precedence. Raises NotFound."""
    definition = await context.services.definitions.by_slug(context.tenant, reference)
    return definition or await load_definition(context, reference)


def body_of(definition: State, version: int) -> Body:
    """Return the content of a version; raises Refused 404."""
    body = definition.versions.get(version)
    if body is None:
        raise no_version(str(version))
    return body


def no_version(text: str) -> Refused:
    """Return the 404 of a definition that has no such version."""
    return Refused("not_found", f"The definition has no version {text[:_SHOWN]!r}")
