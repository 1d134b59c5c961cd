"""/openapi/{dialect}.json and /docs: the documents of every API that this server speaks."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aiohttp import web
from pydantic import BaseModel

from baton.command_api.dialect.contract import Dialect, FromHeader, FromPath, Route
from baton.command_api.dialect.definition_format import DefinitionFormat
from baton.command_api.dialect.openapi import document_of
from baton.command_api.http.refusal import Refused
from baton.command_api.http.reply import Reply, json_reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.ui.pages import HEADERS
from baton.command_api.ui.static_files import static_files


class Api(BaseModel):
    """One API of this server.

    `base` holds `{tenant}` where the tenant is part of the path; `tenant_header` must name it if
    there is one. `requires_keys`: each POST that changes something needs an Idempotency-Key.
    """

    name: str
    title: str
    base: str
    document: str
    tenant_header: str | None = None
    requires_keys: bool = False
    definitions: DefinitionFormat | None = None


class ApiIndex(BaseModel):
    """The APIs of this server."""

    apis: list[Api]


@dataclass(frozen=True, slots=True)
class Documents:
    """The documents of one application.

    An OpenAPI document is rendered in a thread with the first request for it: together they take a
    third of a second, for which every start would wait.
    """

    index: Reply
    page: Reply
    dialects: Mapping[str, Dialect]
    rendered: dict[str, Reply] = field(default_factory=dict)

    async def openapi(self, name: str) -> Reply:
        """Return the OpenAPI document of a dialect; raises KeyError."""
        if name not in self.rendered:
            document = await asyncio.to_thread(document_of, self.dialects[name])
            self.rendered[name] = json_reply(200, document)
        return self.rendered[name]


_DOCUMENTS = web.AppKey("documents", Documents)


def publish(app: web.Application, dialects: Sequence[Dialect]) -> None:
    """Let the routes of this module serve the documents of `dialects`."""
    by_name = {dialect.name: dialect for dialect in dialects}
    app[_DOCUMENTS] = Documents(_index(dialects), _page(), by_name)


def spoken(context: RequestContext) -> Mapping[str, Dialect]:
    """Return the APIs that the server of a request speaks, by their names."""
    return context.request.app[_DOCUMENTS].dialects


def _index(dialects: Sequence[Dialect]) -> Reply:
    apis = [
        Api(
            name=dialect.name,
            title=dialect.title,
            base=_with_tenant(dialect),
            document=f"/openapi/{dialect.name}.json",
            tenant_header=dialect.tenant.header if isinstance(dialect.tenant, FromHeader) else None,
            requires_keys=dialect.requires_keys,
            definitions=dialect.definitions,
        )
        for dialect in dialects
    ]
    return json_reply(200, ApiIndex(apis=apis).model_dump(exclude_none=True))


def _with_tenant(dialect: Dialect) -> str:
    """Return the first base of a dialect with `{tenant}` in the place of the tenant."""
    base = dialect.bases[0]
    if isinstance(dialect.tenant, FromPath):
        return base.replace(f"{{{dialect.tenant.parameter}}}", "{tenant}")
    return base


async def _show_index(context: RequestContext) -> Reply:
    return context.request.app[_DOCUMENTS].index


async def _show_openapi(context: RequestContext) -> Reply:
    documents = context.request.app[_DOCUMENTS]
    name = context.params["dialect"]
    if name not in documents.dialects:
        message = f"There is no document {name!r}; choose one of {', '.join(documents.dialects)}"
        raise Refused("not_found", message)
    return await documents.openapi(name)


async def _show_page(context: RequestContext) -> Reply:
    return context.request.app[_DOCUMENTS].page


def _page() -> Reply:
    """Return the page that shows every document, and sends each operation for its reader."""
    page = static_files().docs
    return Reply(
        status=200, body=page.body, content_type=page.content_type, headers=tuple(HEADERS.items())
    )


ROUTES = (
    Route(
        method="GET",
        path="/openapi",
        handler=_show_index,
        scope=None,
        summary="The APIs of this server, and how each writes definitions",
        operation_id="listApis",
        tag="Service",
        response=ApiIndex,
    ),
    Route(
        method="GET",
        path="/openapi/{dialect}.json",
        handler=_show_openapi,
        scope=None,
        summary="The OpenAPI document of a dialect",
        operation_id="getOpenApiDocument",
        tag="Service",
        content={"application/json": {"type": "object"}},
        problems={404: "There is no such document"},
    ),
    Route(
        method="GET",
        path="/docs",
        handler=_show_page,
        scope=None,
        summary="A page with every operation: parameters, examples, and a form that sends it",
        operation_id="getDocsPage",
        tag="Service",
        content={"text/html": {"type": "string"}},
    ),
)
