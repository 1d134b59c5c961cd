"""GET /definitions/{definition}/source: a definition as another API of this server writes it.

The document is the answer of that API's own GET of the definition, so both always agree.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import orjson
from multidict import MultiDict, MultiMapping
from pydantic import BaseModel

from baton.command_api.dialect.contract import Dialect, FromPath, QueryParameter, Route
from baton.command_api.dialect.definition_format import DefinitionFormat
from baton.command_api.http.query_parameters import choice
from baton.command_api.http.refusal import Refused
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.definitions.load import load_by_reference
from baton.command_api.own.definitions.render import DOCUMENT_EXAMPLE
from baton.command_api.own.service.documents import spoken
from baton.command_api.principal import READ
from baton.domain.definition.state import State

_PARAMETER: Final = re.compile(r"\{(\w+)\}")


class DefinitionSource(BaseModel):
    """A definition in the words of the API `dialect`; `path` is where that API shows it."""

    dialect: str
    title: str
    path: str
    document: Any


class _Inner(RequestContext):
    """The request, as the handler of another API sees it: with other path parameters."""

    __slots__ = ("_params",)

    def __init__(self, outer: RequestContext, params: Mapping[str, str]) -> None:
        super().__init__(outer.request, outer.services, outer.principal, read=_no_body)
        self._params = params

    @property
    def params(self) -> Mapping[str, str]:
        return self._params

    @property
    def query(self) -> MultiMapping[str]:
        return MultiDict()


async def _no_body() -> bytes:
    return b""


async def _show(context: RequestContext) -> Reply:
    writers = {
        name: (api, api.definitions)
        for name, api in spoken(context).items()
        if api.definitions is not None
    }
    dialect, form = writers[choice(context.query, "dialect", tuple(writers), "baton")]
    definition = await load_by_reference(context, context.params["definition"])
    route, params = _reading(dialect, form, definition)
    reply = await route.handler(_Inner(context, params))
    if not isinstance(reply, Reply):
        raise TypeError(f"{dialect.name} {route.path} returned a stream")
    shown = {
        "dialect": dialect.name,
        "title": dialect.title,
        "path": _path(dialect, route, {**params, **_tenant(context, dialect)}),
        "document": orjson.loads(reply.body),
    }
    return context.reply(200, shown)


def _reading(
    dialect: Dialect, form: DefinitionFormat, definition: State
) -> tuple[Route, Mapping[str, str]]:
    """Return the route by which a dialect shows a definition, with its path parameters."""
    values = [definition.definition_id]
    if form.by_version:
        values = [definition.slug, definition.publications[definition.version].label]
    pattern = re.compile(re.escape(form.collection) + r"/\{\w+\}" * len(values))
    for route in dialect.routes:
        if route.method == "GET" and pattern.fullmatch(route.path):
            return route, dict(zip(_PARAMETER.findall(route.path), values, strict=True))
    raise Refused("not_found", f"{dialect.title} doesn't show single definitions")


def _tenant(context: RequestContext, dialect: Dialect) -> Mapping[str, str]:
    source = dialect.tenant
    return {source.parameter: context.tenant} if isinstance(source, FromPath) else {}


def _path(dialect: Dialect, route: Route, params: Mapping[str, str]) -> str:
    return _PARAMETER.sub(lambda match: params[match[1]], dialect.bases[0] + route.path)


ROUTES = (
    Route(
        method="GET",
        path="/definitions/{definition}/source",
        handler=_show,
        scope=READ,
        as_of=True,
        summary="Get a definition in the words of another API of this server",
        operation_id="getDefinitionSource",
        tag="Definitions",
        response=DefinitionSource,
        example={
            "dialect": "baton",
            "title": "Baton's own API",
            "path": "/definitions/d3c0u7p6gtk2q1v9m4s0",
            "document": DOCUMENT_EXAMPLE,
        },
        query=(
            QueryParameter(
                name="dialect",
                schema={"type": "string", "default": "baton"},
                description="The name of an API that has definitions, as GET /openapi lists them",
            ),
        ),
        problems={
            400: "Invalid parameter",
            403: "The token lacks the scope",
            404: "The tenant has no such definition, or that API doesn't show it",
        },
    ),
)
