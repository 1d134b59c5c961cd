"""The origin of a request, in the form that events record."""

from aiohttp import web

from baton.domain.access.decisions import MAX_TEXT
from baton.domain.access.messages import Origin


def origin_of(request: web.Request) -> Origin:
    """Return the network address and the user agent of a request."""
    return Origin(request.remote or "", recorded_text(request.headers.get("User-Agent", "")))


def recorded_text(text: str) -> str:
    """Return a text that a caller chose, in the form that events record."""
    return text[:MAX_TEXT].encode("ascii", "backslashreplace").decode()
