"""Whole lists as NDJSON: one JSON object a line, streamed, whatever the length of the list.

Before the first bytes, a failure is an ordinary refusal. Afterwards the status has been sent, so
the connection is cut: a body without its last chunk is incomplete. HTTP/1.0 has no chunks, so its
clients couldn't detect an incomplete list; they are refused.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import Final

import orjson
from aiohttp import HttpVersion11, hdrs, web

from baton.command_api.http.query_parameters import single
from baton.command_api.http.read_your_write import POSITION
from baton.command_api.http.refusal import Refused, refused_field
from baton.command_api.http.request_context import RequestContext
from baton.domain.json import JsonObject
from baton.eventlog.errors import Unavailable

NDJSON: Final = "application/x-ndjson"
_CHUNK_BYTES: Final = 64 * 1024
_WRITE_S: Final = 30.0
"""The time that a client may take for one chunk, in seconds; slower clients are disconnected."""

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
    items: AsyncGenerator[JsonObject, None],
    headers: Mapping[str, str] | None = None,
) -> web.StreamResponse:
    """Send every item of a list as a line, in the order of `items`, which is always closed.

    Raises Refused 400 for a request of HTTP/1.0, and the errors of `items` before the first bytes.
    """
    response = web.StreamResponse(headers=headers)
    response.content_type = NDJSON
    response.headers[POSITION] = str(context.services.position())
    async with aclosing(items), aclosing(_chunks(items)) as chunks:
        _require_chunks(context.request)
        first = await anext(chunks, b"")
        await _record(context)
        await response.prepare(context.request)
        if context.request.method != hdrs.METH_HEAD:
            await _send(context.request, response, first, chunks)
    return response


async def _record(context: RequestContext) -> None:
    """Record the export before any line is sent; raises `Unavailable`."""
    if context.request.method == hdrs.METH_HEAD:
        return
    resource = context.request.match_info.route.resource
    route = "" if resource is None else resource.canonical
    await context.services.accesses.export_made(context.caller, route)


def _require_chunks(request: web.Request) -> None:
    if request.version < HttpVersion11:
        message = (
            "An export takes HTTP/1.1, whose last chunk tells a whole list from one that was cut"
            " off (nginx: proxy_http_version 1.1)"
        )
        raise Refused("validation_error", message)


async def _send(
    request: web.Request,
    response: web.StreamResponse,
    first: bytes,
    chunks: AsyncIterator[bytes],
) -> None:
    """Send all chunks and the last one, or cut the connection: no envelope can follow them."""
    try:
        await _write(response, first)
        async for chunk in chunks:
            await _write(response, chunk)
        await response.write_eof()
        return
    except ConnectionError:
        _log.debug("the client of an export left")
    except TimeoutError:
        _log.warning("an export was cut off: its client read nothing for %g s", _WRITE_S)
    except Unavailable as error:
        _log.warning("an export was cut off: %s", error)
    # Whatever failed, the client must not mistake the lines so far for the whole list.
    except Exception:  # noqa: BLE001
        _log.exception("an export was cut off")
    if request.transport is not None:
        request.transport.abort()


async def _write(response: web.StreamResponse, chunk: bytes) -> None:
    async with asyncio.timeout(_WRITE_S):
        await response.write(chunk)


async def _chunks(items: AsyncIterator[JsonObject]) -> AsyncGenerator[bytes, None]:
    """Yield lines in chunks of about 64 KiB."""
    lines = bytearray()
    async for item in items:
        lines += orjson.dumps(item, option=orjson.OPT_APPEND_NEWLINE)
        if len(lines) >= _CHUNK_BYTES:
            yield bytes(lines)
            lines.clear()
    if lines:
        yield bytes(lines)
