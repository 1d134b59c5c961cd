"""The versions of a definition: their list, one of them, and the differences between two."""

import re
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from baton.command_api.dialect.contract import QueryParameter, Route
from baton.command_api.dialect.paging import OFFSET_PARAMETER, limit_parameter, offset_page
from baton.command_api.http.query_parameters import integer
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.definitions.diff import differences
from baton.command_api.own.definitions.format.render_definition import render_definition
from baton.command_api.own.definitions.load import body_of, load_by_reference, no_version
from baton.command_api.own.definitions.render import (
    DOCUMENT_EXAMPLE,
    DefinitionVersion,
    WholeVersion,
    render_version,
)
from baton.command_api.principal import READ
from baton.domain.definition.state import State
from baton.domain.json import JsonObject

MAX_LIMIT: Final = 500
MAX_VERSION: Final = 999_999_999
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_VERSION_EXAMPLE: Final[JsonObject] = {
    "id": "d3c0u7p6gtk2q1v9m4s0",
    "version": 1,
    "label": "1",
    "inForce": True,
    "disabled": False,
    "publishedAt": "2026-01-05T09:00:00.000Z",
    "publishedBy": "ada",
    "steps": 2,
}


class VersionPage(BaseModel):
    """One page of versions, the highest first, and their number."""

    versions: list[DefinitionVersion]
    total: int
    limit: int
    offset: int


class MemberChange(BaseModel):
    """A member that differs; `before` or `after` is missing where a version doesn't have it."""

    member: str
    before: Any = None
    after: Any = None


class StepChange(BaseModel):
    """A step that differs: its id and its members."""

    id: str
    changes: list[MemberChange]


class StepChanges(BaseModel):
    """The ids of steps that only one version has, and the steps that differ."""

    added: list[str]
    removed: list[str]
    changed: list[StepChange]
    reordered: bool = Field(description="Whether the steps that both have are in another order")


class DefinitionDiff(BaseModel):
    """The differences between two versions of a definition."""

    model_config = ConfigDict(serialize_by_alias=True)

    from_version: int = Field(alias="from")
    to_version: int = Field(alias="to")
    same: bool
    changes: list[MemberChange] = Field(description="Members of the definition, without its steps")
    steps: StepChanges


async def _list(context: RequestContext) -> Reply:
    page = offset_page(context.query, max_limit=MAX_LIMIT)
    definition = await load_by_reference(context, context.params["definition"])
    numbers = definition.newest_first
    body = {
        "versions": [
            render_version(definition, number)
            for number in numbers[page.offset : page.offset + page.limit]
        ],
        "total": len(numbers),
        "limit": page.limit,
        "offset": page.offset,
    }
    return context.reply(200, body)


async def _show(context: RequestContext) -> Reply:
    definition = await load_by_reference(context, context.params["definition"])
    number = _number(definition, context.params["version"])
    shown = {
        "version": render_version(definition, number),
        "definition": render_definition(definition.slug, body_of(definition, number)),
    }
    return context.reply(200, shown)


async def _diff(context: RequestContext) -> Reply:
    definition = await load_by_reference(context, context.params["definition"])
    newest, *older = definition.newest_first
    after = integer(context.query, "to", newest, at_least=1, at_most=MAX_VERSION)
    previous = older[0] if older and after == newest else after - 1 or 1
    before = integer(context.query, "from", previous, at_least=1, at_most=MAX_VERSION)
    one, newer = (
        render_definition(definition.slug, body_of(definition, number))
        for number in (before, after)
    )
    return context.reply(200, {"from": before, "to": after, **differences(one, newer)})


def _number(definition: State, text: str) -> int:
    """Return the number of the version with a label, or with this number; raises Refused 404."""
    labelled = definition.number_of(text)
    if labelled is not None:
        return labelled
    if _NUMBER.fullmatch(text) is None:
        raise no_version(text)
    return int(text)


_PROBLEMS: Final = {
    403: "The token lacks the scope",
    404: "The tenant has no such definition, or the definition no such version",
}
_VERSION: Final = {"type": "integer", "minimum": 1, "maximum": MAX_VERSION}

ROUTES = (
    Route(
        method="GET",
        path="/definitions/{definition}/versions",
        handler=_list,
        scope=READ,
        as_of=True,
        summary="List the versions of a definition, the highest first",
        operation_id="listDefinitionVersions",
        tag="Definitions",
        response=VersionPage,
        query=(
            limit_parameter(50, MAX_LIMIT),
            OFFSET_PARAMETER,
        ),
        example={"versions": [_VERSION_EXAMPLE], "total": 1, "limit": 50, "offset": 0},
        problems={400: "Invalid parameter", **_PROBLEMS},
    ),
    Route(
        method="GET",
        path="/definitions/{definition}/versions/{version}",
        handler=_show,
        scope=READ,
        as_of=True,
        summary="Get a version of a definition, by its number or label, with its document",
        operation_id="getDefinitionVersion",
        tag="Definitions",
        response=WholeVersion,
        example={"version": _VERSION_EXAMPLE, "definition": DOCUMENT_EXAMPLE},
        problems=_PROBLEMS,
    ),
    Route(
        method="GET",
        path="/definitions/{definition}/diff",
        handler=_diff,
        scope=READ,
        as_of=True,
        summary="Compare two versions of a definition, by default the newest and the one before",
        operation_id="diffDefinition",
        tag="Definitions",
        response=DefinitionDiff,
        query=(
            QueryParameter(name="from", schema=_VERSION, description="The version before"),
            QueryParameter(name="to", schema=_VERSION, description="The version after"),
        ),
        problems={400: "Invalid parameter", **_PROBLEMS},
    ),
)
