"""A client can detect that an export was cut off, and the server keeps nothing of it."""

import gc
import inspect
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from baton.command_api.dialect.contract import Dialect, FromToken, Route
from baton.command_api.dialect.lists import ndjson
from baton.command_api.dialect.lists.ndjson import export
from baton.command_api.http.request_context import RequestContext
from baton.command_api.principal import READ
from baton.domain.json import JsonObject
from baton.eventlog.errors import Unavailable
from tests.api.raw_http import connected, head
from tests.api.running import running
from tests.api.tiny_dialect import render_error
from tests.kit.eventually import eventually
from tests.kit.stack import RunningServer, bearer

LINES = 20_000
"""Lines of a kilobyte: more than the sockets of both sides hold."""
FAILURES = {"store": Unavailable("db.internal refused hunter2"), "bug": RuntimeError("hunter2")}


async def numbered(context: RequestContext) -> AsyncGenerator[JsonObject, None]:
    """Yield numbered lines; one in the middle may fail."""
    failure = FAILURES.get(context.query.get("fails", ""))
    for number in range(int(context.query.get("lines", LINES))):
        if failure is not None and number == int(context.query.get("at", 200)):
            raise failure
        yield {"number": number, "text": "x" * 1_000}


async def listed(context: RequestContext) -> web.StreamResponse:
    return await export(context, numbered(context))


LISTS = Dialect(
    name="lists",
    title="Lists",
    bases=("/lists",),
    render_error=render_error,
    tenant=FromToken(),
    routes=(Route(method="GET", path="/all", handler=listed, scope=READ, summary="Export"),),
)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RunningServer]:
    async with running(tmp_path, dialects=(LISTS,)) as server:
        yield server


def open_lists() -> int:
    """Return the number of lists that an export is still reading."""
    found = [one for one in gc.get_objects() if inspect.isasyncgen(one)]
    return sum(one.ag_code is numbered.__code__ and one.ag_frame is not None for one in found)


async def test_a_whole_export_ends_with_its_last_chunk(server: RunningServer) -> None:
    answer = await server.get("/lists/all?lines=500")

    lines = [json.loads(line) for line in answer.raw.splitlines()]
    assert [one["number"] for one in lines] == list(range(500))
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert open_lists() == 0


@pytest.mark.parametrize("fails", FAILURES)
async def test_a_failure_in_the_middle_cuts_the_body(
    server: RunningServer, fails: str, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"{server.url}/lists/all?fails={fails}"
    async with server.session.get(url, headers=bearer()) as response:
        assert response.status == 200
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()

    (said,) = [one for one in caplog.records if "cut off" in one.getMessage()]
    assert (said.exc_info is None) is (fails == "store")
    assert open_lists() == 0


@pytest.mark.parametrize(("fails", "status"), [("store", 503), ("bug", 500)])
async def test_a_failure_before_the_first_bytes_is_a_refusal(
    server: RunningServer, fails: str, status: int
) -> None:
    answer = await server.get(f"/lists/all?fails={fails}&at=0")

    assert answer.status == status
    assert b"hunter2" not in answer.raw
    assert open_lists() == 0


async def test_nothing_is_left_of_a_client_that_leaves(
    server: RunningServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with connected(server) as connection:
        await connection.send(head("GET", "/lists/all"))
        assert (await connection.response()).status == 200
        assert open_lists() == 1
    await eventually(lambda: open_lists() == 0)

    assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []


async def test_a_client_that_reads_nothing_is_cut_off(
    server: RunningServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ndjson, "_WRITE_S", 0.05)
    async with connected(server) as connection:
        await connection.send(head("GET", "/lists/all"))
        await eventually(lambda: "read nothing" in caplog.text)
        assert open_lists() == 0

    assert "Traceback" not in caplog.text


async def test_http_1_0_gets_no_export_because_it_could_not_see_a_cut(
    server: RunningServer,
) -> None:
    request = head("GET", "/lists/all").replace(b"HTTP/1.1", b"HTTP/1.0")
    async with connected(server) as connection:
        await connection.send(request)
        refused = await connection.response()

    assert (refused.status, refused.body["tiny_error"]) == (400, "validation_error")
    assert "proxy_http_version 1.1" in refused.body["message"]
    assert open_lists() == 0
