"""Header values as input: text of limited size, or a refusal."""

import re
from collections.abc import Iterable

from aiohttp import web

from baton.command_api.http.refusal import Refused

_ENDLESS_WAIT = re.compile(r"\bwait\s*=\s*\"?\d{10}", re.IGNORECASE)


def require_readable(request: web.Request) -> None:
    """Raise Refused 400 unless every header value is UTF-8 and has no excessively long number.

    aiohttp decodes other bytes to surrogates, which no encoder accepts. The parser has already
    refused control characters and names that aren't ASCII.
    """
    for _, value in request.raw_headers:
        if not value.isascii():
            _require_utf8(value)
    if "Prefer" in request.headers:
        _require_finite_wait(request.headers.getall("Prefer"))


def _require_finite_wait(preferences: Iterable[str]) -> None:
    if any(map(_ENDLESS_WAIT.search, preferences)):
        message = "The preference wait is a number of seconds with at most nine digits"
        raise Refused("validation_error", message)


def _require_utf8(value: bytes) -> None:
    try:
        value.decode()
    except UnicodeDecodeError:
        message = "The value of a header isn't UTF-8"
        raise Refused("validation_error", message) from None
