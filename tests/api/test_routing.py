"""Routing: known paths and methods, and the errors for all others."""

import asyncio
import logging
import random
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from baton.command_api.dialect.contract import discover
from baton.command_api.dialect.envelopes import new_trace_id
from baton.command_api.http.refusal import ERROR_CODES, Refusal
from baton.domain.errors import Fault
from tests.api.running import running
from tests.kit.stack import RunningServer, bearer

ACME = "/tiny/acme/v1"
POST = b"POST /tiny/acme/v1/echo HTTP/1.1\r\nHost: localhost\r\n"


@asynccontextmanager
async def connected(
    server: RunningServer,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Speak to the server in bytes, for 5 s at most."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        async with asyncio.timeout(5):
            yield reader, writer
    finally:
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize(
    "path",
    [
        f"{ACME}",
        f"{ACME}/",
        f"{ACME}/nothing",
        f"{ACME}/definitions/",
        f"{ACME}/definitions/a/b",
        f"{ACME}//definitions",
        f"{ACME}/definitions/..%2f..%2fx/y",
        f"{ACME}/definitions/%00",
        f"{ACME}/definitions/x%00y",
        f"{ACME}/definitions/%ff",
        f"{ACME}/definitions/{'x' * 4000}",
        f"{ACME}/definitions/%F0%9F%92%A9",
    ],
)
async def test_an_unknown_path_is_404_in_the_dialects_envelope(server: RunningServer, path: str):
    answer = await server.get(path)

    assert answer.status == 404
    assert answer.body["tiny_error"] == "not_found"


@pytest.mark.parametrize("path", ["/nothing", "/tiny", "/tinyish/acme/v1/x", "/tiny/acme/v2"])
async def test_a_path_of_no_dialect_is_404_in_the_own_envelope(server: RunningServer, path: str):
    answer = await server.get(path)

    assert (answer.status, answer.body["error"]) == (404, "not_found")


@pytest.mark.parametrize("method", ["PATCH", "POST", "DELETE", "TRACE"])
async def test_another_method_is_405_with_the_allowed_methods(server: RunningServer, method: str):
    answer = await server.call(method, f"{ACME}/runs/x")

    assert (answer.status, answer.body["tiny_error"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"


async def test_options_lists_the_allowed_methods(server: RunningServer):
    answer = await server.call("OPTIONS", f"{ACME}/definitions", anonymous=True)

    assert (answer.status, answer.raw) == (204, b"")
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST"


async def test_head_is_get_without_the_body(server: RunningServer):
    get = await server.get(f"{ACME}/definitions")
    head = await server.call("HEAD", f"{ACME}/definitions")

    assert (head.status, head.raw) == (200, b"")
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


async def test_an_internal_failure_is_logged_and_not_shown(
    server: RunningServer, caplog: pytest.LogCaptureFixture
):
    trace = "0af7651916cd43dd8448eb211c80319c"
    sent = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}

    with caplog.at_level(logging.ERROR):
        broken = await server.get(f"{ACME}/broken", headers=sent)
        down = await server.get(f"{ACME}/down")
        slow = await server.get(f"{ACME}/slow")

    assert (broken.status, broken.body["tiny_error"]) == (500, "internal_error")
    assert (down.status, down.body["tiny_error"]) == (503, "unavailable")
    assert down.headers["Retry-After"] == "1"
    assert (slow.status, slow.body["tiny_error"]) == (503, "unavailable")
    assert "limit it further" in slow.body["message"]
    assert trace in broken.body["message"]
    assert caplog.records[0].trace_id == trace  # type: ignore[attr-defined]
    assert "hunter2" in caplog.text
    for answer in (broken, down, slow):
        assert b"hunter2" not in answer.raw
        assert b"Traceback" not in answer.raw
    assert (await server.get("/healthz")).status == 200


async def test_no_response_names_the_server_software(server: RunningServer):
    for answer in (await server.get("/healthz"), await server.get("/nothing")):
        assert answer.headers["Server"] == "baton"


async def test_a_malformed_request_leaves_none_of_its_bytes_in_the_log(
    server: RunningServer, caplog: pytest.LogCaptureFixture
):
    attacks = [
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Evil\x01: canary-bytes\r\n\r\n",
        POST
        + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\nX: canary-bytes\r\n\r\n0\r\n\r\n",
        POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\ncanary-bytes",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"canary-bytes" * 2_000 + b"\r\n\r\n",
        b"GET / canary-bytes\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\ncanary-bytes\r\n",
    ]
    with caplog.at_level(logging.DEBUG):
        for attack in attacks:
            async with connected(server) as (reader, writer):
                writer.write(attack)
                head = await reader.readline()
                assert head.startswith(b"HTTP/1."), attack
                assert b" 4" in head, attack

    assert "canary-bytes" not in caplog.text
    assert "Traceback" not in caplog.text
    assert (await server.get("/healthz")).status == 200


async def test_a_client_may_expect_100_continue(server: RunningServer):
    head = (
        f"POST {ACME}/echo HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
        f"Content-Length: 2\r\n"
        f"Authorization: {bearer()['Authorization']}\r\nContent-Type: application/json\r\n\r\n"
    )
    async with connected(server) as (reader, writer):
        writer.write(head.encode())
        assert await reader.readline() == b"HTTP/1.1 100 Continue\r\n"
        writer.write(b"{}")
        assert await reader.readline() == b"\r\n"
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"


async def test_late_views_delay_the_response_and_then_add_a_warning(tmp_path: Path):
    waited: list[tuple[int, int]] = []

    async def never(position: int, timeout_ms: int) -> bool:
        waited.append((position, timeout_ms))
        return False

    async with running(tmp_path, reached=never) as server:
        path = f"{ACME}/definitions"
        late = await server.post(path, {"slug": "a"})
        hasty = await server.post(
            path, {"slug": "b"}, headers={"Prefer": "wait=1, Respond-Async; x=1"}
        )

    assert (late.status, hasty.status) == (201, 201)
    assert late.headers["Warning"].startswith("199 baton ")
    assert "Warning" not in hasty.headers
    assert waited == [(int(late.headers["Baton-Position"]), 5_000)]
    assert int(hasty.headers["Baton-Position"]) > waited[0][0]


@pytest.mark.parametrize("dialect", discover(), ids=lambda dialect: dialect.name)
def test_every_dialect_renders_every_refusal(dialect):
    for code in ERROR_CODES:
        fault = Fault(("steps", 0, "id"), "is wrong")
        refusal = Refusal(code=code, message="why", faults=(fault,), trace_id="0" * 32)
        status, body = dialect.render_error(refusal)
        assert 400 <= status < 600
        assert isinstance(body, dict)


@pytest.mark.parametrize("dialect", discover(), ids=lambda dialect: dialect.name)
async def test_every_route_with_a_scope_demands_a_token(tmp_path: Path, dialect):
    async with running(tmp_path, dialects=(dialect,)) as server:
        for base in dialect.bases:
            for route in dialect.routes:
                path = re.sub(r"\{[^}]*\}", "acme", base + route.path)
                answer = await server.call(route.method, path, anonymous=True)
                if route.scope is not None:
                    assert answer.status == 401, path
                assert answer.status < 500


def test_trace_ids_differ_even_if_a_function_seeds_random() -> None:
    ids = set()
    for _ in range(2):
        random.seed(1)
        ids.add(new_trace_id())

    assert len(ids) == 2
