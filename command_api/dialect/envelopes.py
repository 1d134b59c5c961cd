"""Error responses in the envelope of the dialect that the request's path belongs to.

An internal failure is logged with a trace id. The response carries that id, but neither a stack
trace nor a cause.
"""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Final

import orjson
from aiohttp import ClientConnectionResetError, hdrs, web

from baton.command_api.admission.admission import Admission
from baton.command_api.admission.body import PeerLeft
from baton.command_api.dialect.contract import Dialect
from baton.command_api.http.refusal import ErrorCode, Refusal, Refused, refusal_of
from baton.command_api.http.reply import Reply
from baton.domain.errors import Rejected
from baton.eventlog.errors import QueryTooSlow, Unavailable
from baton.protocols.trace_context import trace_id_of

_LOG = logging.getLogger(__name__)

_AIOHTTP_ERRORS: Mapping[int, tuple[ErrorCode, str]] = {
    404: ("not_found", "There is nothing at this path"),
    406: ("not_acceptable", "No form of the response is acceptable to the Accept header"),
    413: ("payload_too_large", "The body is too large"),
    415: ("unsupported_media_type", "The media type is not supported"),
}

_NO_ANSWER = 400
"""The status of a response that isn't sent, because the connection is closed."""

# A user function may seed the generator of the module `random`, and ids would repeat.
_RANDOM: Final = Random()  # noqa: S311 - the ids need not be secret

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Envelopes:
    """Renders refusals in the envelope of the dialect whose base path matches the request."""

    def __init__(self, dialects: Sequence[Dialect], admission: Admission) -> None:
        self._admission = admission
        bases = [(base, dialect) for dialect in dialects for base in dialect.bases]
        bases.sort(key=lambda base: len(base[0]), reverse=True)
        self._bases = [(_prefix(base), dialect) for base, dialect in bases]

    def dialect_of(self, path: str) -> Dialect:
        """Return the dialect with the longest base that matches; raises LookupError for none."""
        for prefix, dialect in self._bases:
            if prefix.match(path):
                return dialect
        message = f"No dialect has a base of {path}"
        raise LookupError(message)

    @web.middleware
    async def middleware(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Admit the request, and turn an exception of `handler` into an error response."""
        try:
            self._admission.check(request)
            return await handler(request)
        except Refused as refused:
            return await self._render(request, refused.refusal, refused.headers)
        except Rejected as rejected:
            return await self._render(request, refusal_of(rejected))
        except web.HTTPMethodNotAllowed as error:
            return await self._method_not_allowed(request, error)
        except web.HTTPException as error:
            return await self._from_aiohttp(request, error)
        except Unavailable as error:
            return await self._render(request, _unavailable(request, error), {"Retry-After": "1"})
        except (PeerLeft, ClientConnectionResetError):
            self._admission.peer_left(request)
            return web.Response(status=_NO_ANSWER)
        # An unexpected exception is logged with its traceback; the client must not see its cause.
        except Exception:  # noqa: BLE001
            return await self._render(request, _failed(request))

    async def _method_not_allowed(
        self, request: web.Request, error: web.HTTPMethodNotAllowed
    ) -> web.StreamResponse:
        allow = {"Allow": ", ".join(sorted({*error.allowed_methods, hdrs.METH_OPTIONS}))}
        if request.method == hdrs.METH_OPTIONS:
            return Reply(status=204, headers=tuple(allow.items())).to_response()
        message = f"This path doesn't support {request.method}; see the Allow header"
        return await self._render(
            request, Refusal(code="method_not_allowed", message=message), allow
        )

    async def _from_aiohttp(
        self, request: web.Request, error: web.HTTPException
    ) -> web.StreamResponse:
        if error.status < 400:  # noqa: PLR2004 - a redirect isn't a refusal
            raise error
        default: tuple[ErrorCode, str] = ("validation_error", "The request isn't valid HTTP")
        code, message = _AIOHTTP_ERRORS.get(error.status, default)
        return await self._render(request, Refusal(code=code, message=message))

    async def _render(
        self, request: web.Request, refusal: Refusal, headers: Mapping[str, str] | None = None
    ) -> web.StreamResponse:
        shown, extra = await self._admission.refuse(request, refusal, headers or {})
        traced = shown if shown.trace_id else replace(shown, trace_id=trace_id(request))
        response = self.render(request.path, traced)
        response.headers.update(extra)
        return response

    def render(self, path: str, refusal: Refusal) -> web.Response:
        """Return a refusal in the envelope of the dialect that `path` belongs to."""
        dialect = self.dialect_of(path)
        traced = refusal if refusal.trace_id else replace(refusal, trace_id=new_trace_id())
        status, body = dialect.render_error(traced)
        content_type = dialect.error_content_type
        reply = Reply(status=status, body=orjson.dumps(body), content_type=content_type)
        return reply.to_response()


def trace_id(request: web.Request) -> str:
    """Return the trace id of the caller's `traceparent`, or a new one (32 hex digits)."""
    return trace_id_of(request.headers.get("traceparent")) or new_trace_id()


def new_trace_id() -> str:
    """Return 32 random hex digits; they need not be secret, and the system's generator is slow."""
    return f"{_RANDOM.getrandbits(128):032x}"


def _unavailable(request: web.Request, error: Unavailable) -> Refusal:
    """Log which dependency failed, and return a refusal with the same trace id."""
    trace = trace_id(request)
    _LOG.warning(
        "request refused: %s %r: %s",
        request.method,
        request.path,
        error,
        extra={"trace_id": trace},
    )
    problem = "The service can't answer now; try again later"
    if isinstance(error, QueryTooSlow):
        problem = "The query takes too long: limit it further, such as to a shorter time"
    message = f"{problem} (trace {trace})"
    return Refusal(code="unavailable", message=message, trace_id=trace)


def _failed(request: web.Request) -> Refusal:
    """Log the exception, and return a refusal with the same trace id."""
    trace = trace_id(request)
    _LOG.exception("request failed: %s %r", request.method, request.path, extra={"trace_id": trace})
    message = f"The request failed; the server's log has the reason (trace {trace})"
    return Refusal(code="internal_error", message=message, trace_id=trace)


def _prefix(base: str) -> re.Pattern[str]:
    literal = "[^/]+".join(re.escape(part) for part in re.split(r"\{[^}]*\}", base))
    return re.compile(f"{literal}(?:/|$)" if base else "")
