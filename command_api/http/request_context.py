"""A request as its handler sees it: the caller, the parsed input, and the methods to reply."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from aiohttp import web
from multidict import CIMultiDictProxy, MultiMapping
from pydantic import BaseModel

from baton.command_api.auditing.access_log import Caller
from baton.command_api.http import idempotency, json_body, strictness
from baton.command_api.http.header_values import require_readable
from baton.command_api.http.origin import origin_of
from baton.command_api.http.read_your_write import preferences
from baton.command_api.http.refusal import refused_field
from baton.command_api.http.reply import Reply, json_reply
from baton.command_api.principal import Principal
from baton.command_api.services import Services
from baton.domain.errors import Fault
from baton.domain.ids import derived_id
from baton.domain.json import JsonObject
from baton.protocols.trace_context import is_traceparent

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


class RequestContext:
    """One admitted request; `body` is the raw body once it has been read, within its limits."""

    __slots__ = (
        "_fingerprint",
        "_ids",
        "_key",
        "_notices",
        "_now",
        "_read",
        "body",
        "principal",
        "request",
        "services",
    )

    def __init__(
        self,
        request: web.Request,
        services: Services,
        principal: Principal,
        *,
        read: Callable[[], Awaitable[bytes]],
    ) -> None:
        self.request = request
        self.services = services
        self.principal = principal
        self.body = b""
        self._read = read
        self._key: str | None = None
        self._fingerprint = ""
        self._notices: Mapping[str, str] = {}
        self._now = 0
        self._ids = 0

    @property
    def tenant(self) -> str:
        """The tenant of this request."""
        return self.principal.tenant

    @property
    def caller(self) -> Caller:
        """The subject of this request and its origin, as accesses record them."""
        return Caller(
            tenant=self.tenant, actor=self.principal.actor, origin=origin_of(self.request)
        )

    @property
    def params(self) -> Mapping[str, str]:
        """The path parameters, percent-decoded."""
        return self.request.match_info

    @property
    def query(self) -> MultiMapping[str]:
        """The query parameters, decoded; `query_parameters` reads numbers and choices from them."""
        return self.request.query

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        """The request's headers."""
        return self.request.headers

    @property
    def traceparent(self) -> str | None:
        """The caller's W3C `traceparent`, None if it is missing or malformed."""
        value = self.request.headers.get("traceparent")
        return value if value is not None and is_traceparent(value) else None

    def check_headers(self) -> None:
        """Raise Refused 400 for a header that can't be read.

        A handler that verifies signatures calls it after that; others run behind such a check.
        """
        require_readable(self.request)
        self.read_key()

    def read_key(self) -> None:
        """Read the Idempotency-Key; raises Refused 400."""
        self._key = idempotency.read_key(self.request.headers.getall(idempotency.HEADER, []))

    def require_key(self) -> None:
        """Raise Refused 400 for a request without an Idempotency-Key."""
        if self._key is None:
            message = f"{idempotency.HEADER} is required, so that a repeated request acts once"
            raise refused_field(message, idempotency.HEADER)

    async def read_body(self) -> None:
        """Read the body into `body`.

        Handlers of open routes call it themselves; for other routes the application has read it.
        """
        if self.request.body_exists:
            self.body = await self._read()

    def parse_json(self, raw: bytes) -> object:
        """Return the JSON value of `raw`; raises Refused 400. Call it by `in_turn`."""
        return json_body.parse_json(raw, max_values=self._max_values)

    async def json_object(self, *, required: bool = True, unique_keys: bool = False) -> JsonObject:
        """Return the body as an object; raises Refused 400 or 415.

        A body that isn't `required` may be missing, which returns {}. `unique_keys` also refuses
        repeated members, for documents that are signed.
        """
        if not self.body and not required:
            return {}
        if self.body:
            json_body.require_json(self.headers.get("Content-Type"))
        limit = self._max_values
        return await self.in_turn(
            lambda: json_body.parse_object(self.body, unique_keys=unique_keys, max_values=limit)
        )

    async def parse(self, model: type[M], *, required: bool = True) -> M:
        """Return the body as `model`; raises Refused 400 (every fault with its path) or 415.

        The reply names the members that the model doesn't know; a strict request is refused.
        """
        if self.body:
            json_body.require_json(self.headers.get("Content-Type"))
        raw = self.body if self.body or required else b"{}"
        limit = self._max_values
        return await self.in_turn(lambda: self._parsed(model, raw, limit))

    def _parsed(self, model: type[M], raw: bytes, max_values: int) -> M:
        parsed, sent = json_body.parse_model(model, raw, max_values=max_values)
        self.judge_unknown(strictness.unknown_members(parsed, sent))
        return parsed

    def judge_unknown(self, faults: Sequence[Fault]) -> None:
        """Refuse unknown members in a strict request, or add a warning about them to the reply."""
        if strictness.STRICT in preferences(self.request):
            if faults:
                raise strictness.refusal_of_unknown(faults)
            self._notices = dict([strictness.APPLIED])
        elif faults:
            self._notices = {strictness.WARNING: strictness.warning_of(faults)}

    def now(self) -> int:
        """Return the time of this request in ms, the same at every call."""
        if not self._now:
            self._now = self.services.clock.now()
        return self._now

    def new_id(self) -> str:
        """Return a new id; under an Idempotency-Key a repeated request gets the same ids again."""
        if self._key is None:
            return self.services.new_id()
        self._ids += 1
        return derived_id(
            "key", self.tenant, self._key, self._request_fingerprint(), str(self._ids)
        )

    async def idempotently(self, work: Callable[[], Awaitable[Reply]]) -> Reply:
        """Call `work` under the request's Idempotency-Key, or directly without a key.

        The application wraps the handler of a `keyed` route in this; an open route calls it after
        it has verified the sender. A sender without a token shares no keys with users.
        """
        if self._key is None:
            return await work()
        keyed = idempotency.KeyedRequest(
            self.services.keys,
            self.services.clock,
            tenant=self.tenant,
            key=self._key if self.principal.scopes else f"open:{self.request.path}:{self._key}",
            fingerprint=self._request_fingerprint(),
        )
        return await keyed.run(work)

    def reply(
        self,
        status: int,
        body: object = None,
        *,
        position: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Return a JSON reply; a command passes the `position` of its newest event."""
        headers = {**self._notices, **(headers or {})}
        return json_reply(status, body, position=position, headers=headers)

    @property
    def _max_values(self) -> int:
        return self.services.budgets.limits.json_values

    async def in_turn(self, parse: Callable[[], T]) -> T:
        """Return the result of `parse` for the body: large bodies are parsed in turns."""
        return await self.services.budgets.turns.run(len(self.body), parse)

    def _request_fingerprint(self) -> str:
        if not self._fingerprint:
            path = self.request.path_qs
            self._fingerprint = idempotency.fingerprint_of(self.request.method, path, self.body)
        return self._fingerprint
