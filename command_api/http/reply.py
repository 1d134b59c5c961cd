"""What a handler answers: status, body bytes, and the log position its effect stands at."""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson
from aiohttp import web

JSON = "application/json"
_SERVER = ("Server", "baton")  # aiohttp would tell its version


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer that can be kept and sent again.

    `position` is that of the last event a command appended (0: it changed nothing); the answer
    waits until the views hold it. None marks the answer of a query.
    """

    status: int
    body: bytes = b""
    content_type: str = JSON
    position: int | None = None
    headers: tuple[tuple[str, str], ...] = ()

    def to_response(self, *extra: tuple[str, str]) -> web.Response:
        """Return it as aiohttp sends it, with `extra` headers."""
        headers = [_SERVER, *self.headers, *extra]
        if self.body or self.status not in (204, 304):
            headers.append(("Content-Type", self.content_type))
        return web.Response(status=self.status, body=self.body or None, headers=headers)


def json_reply(
    status: int,
    body: object = None,
    *,
    position: int | None = None,
    headers: Mapping[str, str] | None = None,
    content_type: str = JSON,
) -> Reply:
    """Return `body` (dicts, lists, dataclasses) as JSON, nulls included; None sends no body."""
    return Reply(
        status=status,
        body=b"" if body is None else orjson.dumps(body),
        content_type=content_type,
        position=position,
        headers=tuple((headers or {}).items()),
    )
