"""A handler's reply: status, body, and the log position of the command's effect."""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson
from aiohttp import web

JSON = "application/json"
SERVER = "baton"
"""The name of the server without versions, which aiohttp's default would show."""
STANDARD = (
    ("Server", SERVER),
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
    ("X-Frame-Options", "DENY"),
    ("Content-Security-Policy", "frame-ancestors 'none'"),
)
"""The headers of every response; a response gets the missing ones when it is sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A response that can be stored and replayed.

    `position` is the position of the last event that the command appended, 0 if it appended none;
    the response waits until the views hold it. The reply to a query has None.
    """

    status: int
    body: bytes = b""
    content_type: str = JSON
    position: int | None = None
    headers: tuple[tuple[str, str], ...] = ()

    def to_response(self, *extra: tuple[str, str]) -> web.Response:
        """Return the reply as an aiohttp response, with `extra` headers."""
        headers = [*self.headers, *extra] if self.headers else [*STANDARD, *extra]
        if self.body or self.status not in (204, 304):
            headers.append(("Content-Type", self.content_type))
        return web.Response(status=self.status, body=self.body or None, headers=headers)


def json_reply(
    status: int,
    body: object = None,
    *,
    position: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """Return `body` (dict, list, dataclass) as a JSON reply; None means no body."""
    return Reply(
        status=status,
        body=b"" if body is None else orjson.dumps(body),
        content_type=JSON,
        position=position,
        headers=tuple((headers or {}).items()),
    )
