"""The contract of a dialect: base paths, routes, an error envelope, the place of the tenant.

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

from baton.command_api.dialect.definition_format import CheckedDefinition, DefinitionFormat
from baton.command_api.http.refusal import Refusal
from baton.command_api.http.reply import Reply
from baton.command_api.http.request_context import RequestContext
from baton.command_api.principal import Scope
from baton.domain.json import Json, JsonObject

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

Handler: TypeAlias = Callable[[RequestContext], Awaitable[Reply | web.StreamResponse]]
"""Called on the server's event loop with one request; returns its reply.

A handler that streams (WebSocket, NDJSON) returns a `web.StreamResponse` instead.
"""

Completer: TypeAlias = Callable[[RequestContext, Reply], Awaitable[Reply]]
"""Called with a request and its reply; returns the reply to send."""

ErrorRenderer: TypeAlias = Callable[[Refusal], tuple[int, JsonObject]]
"""Returns the HTTP status and the body of a refusal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FromPath:
    """The base path has the tenant as a parameter; a token of another tenant is refused (403)."""

    parameter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FromToken:
    """The tenant is the token's; `header` chooses one of several, and is then required (400)."""

    header: str = "X-Tenant"


@dataclass(frozen=True, slots=True, kw_only=True)
class FromHeader:
    """A required header (400) names the tenant; a token of another tenant is refused (403)."""

    header: str


TenantSource: TypeAlias = FromPath | FromToken | FromHeader


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryParameter:
    """A query parameter in the OpenAPI document."""

    name: str
    schema: Mapping[str, object]
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderParameter:
    """An optional header of a request, in the OpenAPI document."""

    name: str
    schema: Mapping[str, object]
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One operation. `path` follows each base; `{name}` is one segment, `{name:.+}` the rest.

    A route whose `scope` is None is open (webhooks in): its handler looks up what the path names
    before it calls `RequestContext.read_body`, and it calls `RequestContext.idempotently` itself if
    it honors Idempotency-Key. If it verifies a signature (`verifies_signature`), it does so before
    it calls `RequestContext.check_headers`; for all other routes the application does.
    `idempotent` None means: POST routes that need a scope. `key_member` names a member of the body
    that counts as a key in a dialect which requires keys; its handler looks for it.

    `complete` is called with the reply of a keyed route, a kept one too, and returns the one to
    send: it puts in what must not be kept.

    `request`, `response`, their examples, `status`, `query`, `problems` (status -> description) and
    `operation_id` (the name in generated clients; by default made from the path) describe the route
    in the OpenAPI document; `operation` is merged in as it is.
    `other_statuses` are those of further replies with the same body. `content` maps the media type
    of replies that no model describes to their schema. `exported` is the model of a line where the
    route also replies in NDJSON. `headers` are optional headers of requests.
    With `as_of`, the operation can be read as of an earlier position (`asOf=`): its handler must
    show nothing but what it reads from the events and views of its services, as of their clock.
    The handler of such a POST must itself refuse what can't be read as of a position.
    With `trailing_slash`, the path may be called with a slash behind it. A `live` route responds by
    a stream without an end (`streaming`): lines of `response`, or the messages of a WebSocket.
    """

    method: Method
    path: str
    handler: Handler
    scope: Scope | None
    summary: str
    operation_id: str = ""
    tag: str = ""
    request: type[BaseModel] | None = None
    request_example: JsonObject | None = None
    request_required: bool = True
    response: type[BaseModel] | None = None
    example: Json = None
    content: Mapping[str, JsonObject] | None = None
    exported: type[BaseModel] | None = None
    status: int = 200
    other_statuses: tuple[int, ...] = ()
    query: tuple[QueryParameter, ...] = ()
    headers: tuple[HeaderParameter, ...] = ()
    problems: Mapping[int, str] | None = None
    operation: Mapping[str, object] | None = None
    idempotent: bool | None = None
    key_member: str | None = None
    complete: Completer | None = None
    verifies_signature: bool = False
    as_of: bool = False
    trailing_slash: bool = False
    live: bool = False

    @property
    def takes_body(self) -> bool:
        """Whether a request may have a body; the body of any other route isn't read."""
        return self.method in ("POST", "PUT", "PATCH") or self.request is not None

    @property
    def keyed(self) -> bool:
        """Whether the handler runs under the request's Idempotency-Key."""
        if self.idempotent is None:
            return self.method == "POST" and self.scope is not None
        return self.idempotent


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One HTTP API of Baton; `name` is its name in /openapi/{name}.json.

    `bases` are path templates ("/orchestration/ws/{workspaceSlug}/api/v1"); every route is served
    under each of them. `document` returns the OpenAPI document if the dialect ships its own; by
    default it is generated from the routes, with `error` as the model of a refusal's body.
    `definitions` describes how the dialect writes definitions, if it does. `check_definition` is
    called with a definition as JSON; it returns what it was read as, with its faults. A dialect
    that `requires_keys` refuses keyed requests without an Idempotency-Key (400), and one with
    `strict_parameters` a query parameter that the route doesn't declare, unless the route is open.
    Only one that `takes_sessions` can be called with a session of the UI instead of a token.
    """

    name: str
    title: str
    bases: tuple[str, ...]
    routes: tuple[Route, ...]
    render_error: ErrorRenderer
    tenant: TenantSource
    document: Callable[[], JsonObject] | None = None
    error: type[BaseModel] | None = None
    definitions: DefinitionFormat | None = None
    check_definition: Callable[[bytes], CheckedDefinition] | None = None
    error_content_type: str = "application/json"
    requires_keys: bool = False
    strict_parameters: bool = False
    takes_sessions: bool = False


def discover() -> tuple[Dialect, ...]:
    """Return every dialect in `baton.command_api.dialects`, ordered by name."""
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
