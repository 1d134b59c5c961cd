"""The headers of every response, from handlers and from refusals."""

from aiohttp import hdrs, web

from baton.command_api.http.reply import SERVER, STANDARD

_NOSNIFF = "X-Content-Type-Options"
_SMALL = 64 * 1024
"""The bytes of an unread body that aiohttp may skip to keep the connection usable."""


async def secure(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Set the headers that every response has; called before its head is written.

    A body that was neither read nor is small ends the connection, and the response says so.
    """
    set_headers(response)
    if not request.content.is_eof():
        length = request.content_length
        if length is None or length > _SMALL:
            close(response)


def set_headers(response: web.StreamResponse) -> None:
    """Set the headers that every response has."""
    headers = response.headers
    if _NOSNIFF not in headers:
        for name, value in STANDARD:
            headers.setdefault(name, value)
        headers[hdrs.SERVER] = SERVER  # aiohttp has set its own by now


def close(response: web.StreamResponse) -> None:
    """Make the response the last one of its connection, and say so in its header."""
    response.force_close()
    response.headers[hdrs.CONNECTION] = "close"
