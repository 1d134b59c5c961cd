"""Whole lists as NDJSON: one JSON object a line, streamed, whatever the length of the list.

A failure before the first bytes is an ordinary refusal. After them the status is sent, so the
connection is cut: the client sees a body without its end, never a shorter list.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from typing import Final

import orjson
from aiohttp import hdrs, web

from baton.command_api.http.query_parameters import single
from baton.command_api.http.read_your_write import POSITION
from baton.command_api.http.refusal import refused_field
from baton.command_api.http.request_context import RequestContext
from baton.domain.json import JsonObject

NDJSON: Final = "application/x-ndjson"
_CHUNK_BYTES: Final = 64 * 1024
_WRITE_S: Final = 30.0
"""Seconds that a client may take for one chunk; a slower one is cut off."""

_log = logging.getLogger(__name__)


def wants_ndjson(context: RequestContext) -> bool:
    """Return whether the request accepts NDJSON by name; a wildcard means JSON."""
    for value in context.headers.getall(hdrs.ACCEPT, []):
        for media in value.split(","):
            name, _, parameters = media.partition(";")
            if name.strip().lower() == NDJSON and parameters.replace(" ", "") not in _REFUSED:
                return True
    return False


_REFUSED: Final = frozenset(("q=0", "q=0.0", "q=0.00", "q=0.000"))


def refuse_paging(context: RequestContext, *names: str) -> None:
    """Raise Refused 400 for a parameter of pages: an export is always the whole list."""
    for name in names:
        if single(context.query, name) is not None:
            message = f"An export is the whole list: it takes no {name}"
            raise refused_field(message, name)


async def export(
    context: RequestContext,
    items: AsyncIterator[JsonObject],
    headers: Mapping[str, str] | None = None,
) -> web.StreamResponse:
    """Send every item of a list as a line, in the order of `items`."""
    response = web.StreamResponse(headers=headers)
    response.content_type = NDJSON
    response.headers[POSITION] = str(context.services.position())
    chunks = _chunks(items)
    first = await anext(chunks, b"")
    await response.prepare(context.request)
    if context.request.method == hdrs.METH_HEAD:
        return response
    try:
        await _write(response, first)
        async for chunk in chunks:
            await _write(response, chunk)
        await response.write_eof()
    # Whatever failed, an envelope can't follow the first bytes.
    except Exception:  # noqa: BLE001
        _log.warning("an export was cut off", exc_info=True)
        if context.request.transport is not None:
            context.request.transport.abort()
    return response


async def _write(response: web.StreamResponse, chunk: bytes) -> None:
    async with asyncio.timeout(_WRITE_S):
        await response.write(chunk)


async def _chunks(items: AsyncIterator[JsonObject]) -> AsyncIterator[bytes]:
    """Yield lines in chunks of about 64 KiB."""
    lines = bytearray()
    async for item in items:
        lines += orjson.dumps(item, option=orjson.OPT_APPEND_NEWLINE)
        if len(lines) >= _CHUNK_BYTES:
            yield bytes(lines)
            lines.clear()
    if lines:
        yield bytes(lines)
