"""Reads the body of a request that publishes a definition, or checks it without a server."""

from collections.abc import Sequence
from typing import Final

from baton.command_api.dialect.definition_format import CheckedDefinition, DefinitionFormat
from baton.command_api.http.json_body import parse_object
from baton.command_api.http.refusal import Refused
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.definitions.format.read_definition import (
    DefinitionRead,
    faults_of_rules,
    read_definition,
)
from baton.command_api.own.definitions.format.schema import document_schema
from baton.command_api.own.definitions.render import DOCUMENT_EXAMPLE
from baton.domain.errors import Fault, Invalid
from baton.domain.json import JsonObject

REQUEST_BODY: Final[JsonObject] = {
    "required": True,
    "content": {"application/json": {"schema": document_schema(), "example": DOCUMENT_EXAMPLE}},
}
"""The request body of an OpenAPI operation that publishes a definition."""
FORMAT: Final = DefinitionFormat(
    collection="/definitions",
    required=("slug", "name", "steps"),
    functions=("steps[].function",),
    preferred=True,
)
_SLUG_REQUIRED: Final = Fault(("slug",), "required")


async def parse_definition(context: RequestContext, *, with_slug: bool) -> DefinitionRead:
    """Return the body as a definition; raises Refused 400 with the path of every fault, or 415.

    Args:
        context: The request. Its answer names the members that the format doesn't know.
        with_slug: Whether the document must have a slug.
    """
    document = await context.json_object()
    read, faults = await context.in_turn(lambda: read_definition(document))
    if with_slug and "slug" not in document:
        faults.insert(0, _SLUG_REQUIRED)
    if faults:
        raise _refused(faults)
    context.judge_unknown(read.unknown)
    return read


def refused_by_rules(invalid: Invalid, read: DefinitionRead) -> Refused:
    """Return the 400 of a document that breaks rules of the domain, in the format's words."""
    faults = [read.in_document(fault) for fault in invalid.faults]
    return _refused(faults) if faults else Refused("validation_error", invalid.message)


def check_document(raw: bytes) -> CheckedDefinition:
    """Return a definition in JSON as it was read, with its faults and unknown members."""
    try:
        document = parse_object(raw)
    except Refused as refused:
        return CheckedDefinition([Fault((), refused.refusal.message)], [])
    read, faults = read_definition(document)
    if "slug" not in document:
        faults.insert(0, _SLUG_REQUIRED)
    all_faults = faults or faults_of_rules(read)
    return CheckedDefinition(all_faults, list(read.unknown), None if all_faults else read.created())


def _refused(faults: Sequence[Fault]) -> Refused:
    first = faults[0]
    message = f"The definition is not valid: {first.place} {first.message}".replace(":  ", ": ")
    return Refused("validation_error", message, faults=tuple(faults))
