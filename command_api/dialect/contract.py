"""What a dialect is: base paths, routes, an error envelope and where the tenant is said.

A dialect is a package `command_api/dialects/<name>/` whose `__init__` exports `DIALECT` (a family:
`DIALECTS`); `discover()` finds it and it needs no other registration. A handler takes a
`RequestContext` and returns a `Reply`. It holds no rule: it parses the body, calls a function of
`commands` or a query of the views, and renders the result in the dialect's words.
"""

import pkgutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Literal, TypeAlias

from aiohttp import web
from pydantic import BaseModel

from baton.command_api.dialect.definition_format import DefinitionFormat
from baton.command_api.http.refusal import Refusal
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.principal import Scope
from baton.domain.json import JsonObject

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

Handler: TypeAlias = Callable[[RequestContext], Awaitable[Reply | web.StreamResponse]]
"""A `web.StreamResponse` is for what flows (WebSockets, NDJSON); all else is a `Reply`."""

ErrorRenderer: TypeAlias = Callable[[Refusal], tuple[int, JsonObject]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FromPath:
    """The tenant is a path parameter of the base, checked against the token (else 403)."""

    parameter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FromToken:
    """The tenant is the token's; where that serves several, `header` picks one (else 400)."""

    header: str = "X-Tenant"


@dataclass(frozen=True, slots=True, kw_only=True)
class FromHeader:
    """The tenant is said in a header that must be there (else 400) and fit the token (else 403)."""

    header: str


TenantSource: TypeAlias = FromPath | FromToken | FromHeader


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryParameter:
    """A query parameter as the OpenAPI document shows it."""

    name: str
    schema: Mapping[str, object]
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One operation. `path` stands behind each base; `{name}` is one segment, `{name:.+}` a tail.

    A route whose `scope` is None is open (webhooks in): its handler verifies the sender, and calls
    `RequestContext.idempotently` itself if it honors Idempotency-Key. `idempotent` None means: POST
    routes that need a scope. `request`, `response`, `status`, `query` and `problems` (status ->
    description) describe the route in the OpenAPI document; `operation` is merged in as it is.
    """

    method: Method
    path: str
    handler: Handler
    scope: Scope | None
    summary: str
    tag: str = ""
    request: type[BaseModel] | None = None
    request_required: bool = True
    response: type[BaseModel] | None = None
    status: int = 200
    query: tuple[QueryParameter, ...] = ()
    problems: Mapping[int, str] | None = None
    operation: Mapping[str, object] | None = None
    idempotent: bool | None = None

    @property
    def keyed(self) -> bool:
        """Whether the Idempotency-Key is honoured around the whole handler."""
        if self.idempotent is None:
            return self.method == "POST" and self.scope is not None
        return self.idempotent


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One way to speak to Baton over HTTP; `name` is its OpenAPI name.

    `bases` are path templates ("/orchestration/ws/{workspaceSlug}/api/v1"); every route is served
    under each of them. `document` returns the OpenAPI document where the dialect ships one; else it
    is made from the routes. `definitions` describes how the dialect writes definitions, if it does.
    """

    name: str
    title: str
    bases: tuple[str, ...]
    routes: tuple[Route, ...]
    render_error: ErrorRenderer
    tenant: TenantSource
    document: Callable[[], JsonObject] | None = None
    definitions: DefinitionFormat | None = None
    error_content_type: str = "application/json"


def discover() -> tuple[Dialect, ...]:
    """Return the `DIALECT` of every package in `baton.command_api.dialects`, ordered by name."""
    package = import_module("baton.command_api.dialects")
    found: list[Dialect] = []
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        folder = import_module(module.name)
        dialects = folder.DIALECTS if hasattr(folder, "DIALECTS") else (folder.DIALECT,)
        for dialect in dialects:
            if not isinstance(dialect, Dialect):
                message = f"{module.name} exports {dialect!r}, which is not a Dialect"
                raise TypeError(message)
            found.append(dialect)
    return tuple(sorted(found, key=lambda dialect: dialect.name))
