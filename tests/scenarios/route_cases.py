"""One case per route of every dialect and of Baton's own API, found by discovery."""

import importlib
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from baton.command_api.dialect.contract import Dialect, FromPath, Route, discover
from baton.command_api.own import own_api
from baton.command_api.principal import ADMIN
from tests.kit.stack import Response
from tests.scenarios.stack import Client, Stack

_PARAMETER = re.compile(r"\{(\w+)(?::[^}]*)?\}")
DIALECTS = (*discover(), own_api())
SAMPLES: dict[str, Any] = {
    dialect.name: importlib.import_module(f"tests.dialects.{dialect.name.replace('-', '_')}")
    for dialect in DIALECTS
}
"""The module of `tests.dialects` about each dialect.

They are imported before a server runs: pytest parses each module, and CPython 3.11 can't do that
while another thread parses one, such as the one in which a server loads the GraphQL schema.
"""


@dataclass(frozen=True)
class RouteCase:
    """One route of one dialect; `tests.dialects` says what its requests need."""

    dialect: Dialect
    route: Route

    def __str__(self) -> str:
        return f"{self.dialect.name} {self.route.method} {self.route.path}"

    @property
    def samples(self) -> Any:
        """The module of `tests.dialects` about the dialect."""
        return SAMPLES[self.dialect.name]

    @property
    def parameters(self) -> list[str]:
        return _PARAMETER.findall(self.route.path)

    @property
    def takes_body(self) -> bool:
        return self.route.method in ("POST", "PUT", "PATCH")

    @property
    def knows_tenant(self) -> bool:
        """Whether a request names a tenant: by its token, or by the path of an open route."""
        return self.route.scope is not None or isinstance(self.dialect.tenant, FromPath)

    def client(self, stack: Stack, tenant: str = "", **claims: object) -> Client:
        """Return a client whose token has the scope that the route needs."""
        if self.route.scope == ADMIN:
            claims = {"scope": ADMIN, **claims}
        return stack.client(self.dialect.name, tenant, **claims)

    async def prepare(self, client: Client) -> dict[str, str]:
        """Create what the route needs; return a value for each of its path parameters."""
        ids: dict[str, str] = await self.samples.prepare(client, self.route)
        return ids

    def path(self, ids: dict[str, str], **changed: str) -> str:
        known = {**ids, **changed}
        query: str = getattr(self.samples, "QUERIES", {}).get(self.route.path, "")
        return self._path(known) + query.format_map(known)

    def _path(self, known: Mapping[str, str]) -> str:
        return _PARAMETER.sub(lambda match: known[match[1]], self.route.path)

    def body(self, ids: Mapping[str, str]) -> Any:
        """Return a body that the route accepts, None if it takes none."""
        return with_ids(self.samples.body(self.route), ids) if self.takes_body else None

    def error_code(self, body: Any) -> str:
        code: str = self.samples.error_code(body)
        return code


def with_ids(body: Any, ids: Mapping[str, str]) -> Any:
    """Return a JSON body with that one of `ids` for a text such as "{workflowId}"."""
    if isinstance(body, dict):
        return {name: with_ids(value, ids) for name, value in body.items()}
    if isinstance(body, list):
        return [with_ids(value, ids) for value in body]
    named = re.fullmatch(r"\{(\w+)\}", body) if isinstance(body, str) else None
    return ids.get(named[1], body) if named else body


CASES = [RouteCase(dialect, route) for dialect in DIALECTS for route in dialect.routes]
SECURED = [case for case in CASES if case.route.scope is not None]
WITH_BODY = [case for case in CASES if case.takes_body]


@dataclass(slots=True, repr=False)
class PreparedRoute:
    """A route whose path parameters name what its client's tenant has."""

    stack: Stack
    case: RouteCase
    client: Client
    ids: dict[str, str]
    _theirs: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return self.case.path(self.ids)

    @property
    def body(self) -> Any:
        return self.case.body(self.ids)

    async def call(self, *, path: str = "", **more: Any) -> Response:
        """Send a request to the route, or to another path with the route's method."""
        return await self.client.call(self.case.route.method, path or self.path, **more)

    async def theirs(self) -> dict[str, str]:
        """Return a value of the stack's other tenant for each path parameter."""
        if not self._theirs:
            other = self.case.client(self.stack, self.stack.other_tenant)
            self._theirs = await self.case.prepare(other)
        return self._theirs


@dataclass(slots=True, repr=False)
class PreparedRoutes:
    """Prepares each route at its first use.

    `own_stack` is called with a kind of credential; it returns a stack of a tenant of its own.
    """

    own_stack: Callable[[str], Awaitable[Stack]]
    _done: dict[tuple[str, str], PreparedRoute] = field(default_factory=dict)

    async def get(self, case: RouteCase, credential: str) -> PreparedRoute:
        """Return the route for a client that sends this kind of credential."""
        key = str(case), credential
        if key not in self._done:
            stack = await self.own_stack(credential)
            client = case.client(stack)
            self._done[key] = PreparedRoute(stack, case, client, await case.prepare(client))
        return self._done[key]
