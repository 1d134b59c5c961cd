"""Sends HTTP requests to servers of other parties and reads responses of limited size.

A response is untrusted: its size and time are limited, it is never decompressed, redirects are not
followed, and there are no cookies and no proxies.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import aiohttp
from yarl import URL

from baton.protocols.address_policy import CODE as BLOCKED
from baton.protocols.address_policy import AddressPolicy, BlockedAddress
from baton.protocols.trace_context import is_traceparent

MAX_RESPONSE_BYTES = 1_048_576
CHARSETS = frozenset(
    (
        "ascii",
        "cp1252",
        "iso-8859-1",
        "iso-8859-15",
        "latin-1",
        "latin1",
        "us-ascii",
        "utf-8",
        "utf8",
        "windows-1252",
    )
)
"""The charsets in which a response is read; others may need seconds for 1 MiB (punycode: 12)."""

_CONNECTIONS_PER_HOST = 100

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_RESERVED = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_RETRYABLE = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request; `headers` must have passed `header_fault`. `timeout_ms` limits all of it."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    timeout_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A complete response; header names are in lower case, `charset` is one of `CHARSETS`."""

    status: int
    headers: dict[str, str]
    body: bytes
    charset: str | None


class Undelivered(Exception):
    """There is no usable response; `code` and the message say why.

    `retryable` is whether the same request may succeed later.
    """

    def __init__(self, code: str, message: str, *, retryable: bool = True) -> None:
        super().__init__(message)
        self.code = code
        self.retryable = retryable


class HttpClient:
    """A pool of connections under one address policy; opened by the first request."""

    __slots__ = ("_session", "policy")

    def __init__(self, policy: AddressPolicy) -> None:
        self.policy = policy
        self._session: aiohttp.ClientSession | None = None

    async def send(self, request: Request) -> Response:
        """Return the response, whatever its status; raises `Undelivered`."""
        shown = without_query(request.url)
        try:
            url = self.policy.check_url(request.url)
            return await self._exchange(request, url)
        except BlockedAddress as error:
            raise _blocked(error, shown) from None
        except TimeoutError:
            message = f"{shown} gave no complete response within {request.timeout_ms} ms"
            raise Undelivered("HTTP_TIMEOUT", message) from None
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, BlockedAddress):
                raise _blocked(error.os_error, shown) from None
            raise Undelivered("HTTP_UNREACHABLE", f"{shown}: {error.os_error}") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Undelivered("HTTP_BROKEN", f"{shown}: {type(error).__name__}") from None

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    async def _exchange(self, request: Request, url: URL) -> Response:
        async with self._open_session().request(
            request.method,
            url,
            data=request.body,
            headers=request.headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=request.timeout_ms / 1_000),
        ) as response:
            return Response(
                status=response.status,
                headers={name.lower(): value for name, value in response.headers.items()},
                body=await _read_limited(response),
                charset=_charset(response),
            )

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=self.policy.connector(limit=0, limit_per_host=_CONNECTIONS_PER_HOST),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "Baton", "Accept-Encoding": "identity"},
                auto_decompress=False,
                trust_env=False,
            )
        return self._session


def _charset(response: aiohttp.ClientResponse) -> str | None:
    charset = (response.charset or "").lower()
    return charset if charset in CHARSETS else None


async def _read_limited(response: aiohttp.ClientResponse) -> bytes:
    if (encoding := response.headers.get("Content-Encoding", "identity")) != "identity":
        response.close()
        raise Undelivered(
            "HTTP_ANSWER_ENCODED",
            f"the response is encoded ({encoding[:40]}), which was not asked for",
            retryable=False,
        )
    body = bytearray()
    async for part in response.content.iter_any():
        body += part
        if len(body) > MAX_RESPONSE_BYTES:
            response.close()
            raise Undelivered(
                "HTTP_ANSWER_TOO_LARGE",
                f"the response has more than {MAX_RESPONSE_BYTES} bytes",
                retryable=False,
            )
    return bytes(body)


def _blocked(error: BlockedAddress, url: str) -> Undelivered:
    return Undelivered(BLOCKED, f"{url}: {error.message}", retryable=False)


def header_fault(name: str, value: str) -> str | None:
    """Return why a user may not set this header, None for a permitted one."""
    if not _TOKEN.fullmatch(name):
        return f"{name!r} is not a header name"
    if name.lower() in _RESERVED or name.lower().startswith("proxy-"):
        return f"header {name} is set by Baton"
    if _CONTROL.search(value):
        return f"header {name} contains control characters"
    return None


def trace_headers(traceparent: str | None) -> dict[str, str]:
    """Return the header that propagates a trace; none if the value isn't W3C trace context."""
    if traceparent and is_traceparent(traceparent):
        return {"traceparent": traceparent}
    return {}


def succeeded(status: int) -> bool:
    """Return whether a status is 2xx."""
    return 200 <= status < 300  # noqa: PLR2004 - the class of success


def worth_retrying(status: int) -> bool:
    """Return whether the same request may succeed later."""
    return status >= 500 or status in _RETRYABLE  # noqa: PLR2004 - the server's own faults


def without_query(url: str) -> str:
    """Return `url` in the form for messages: without query, fragment and credentials."""
    bare = url.partition("?")[0].partition("#")[0]
    scheme, separator, rest = bare.partition("://")
    return scheme + separator + rest.rpartition("@")[2]
