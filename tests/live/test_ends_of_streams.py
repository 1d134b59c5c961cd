"""How streams end: by a slow reader, the token, the client's messages, the server's stop."""

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_client import CollectorRegistry

from baton.command_api.app import make_app
from baton.command_api.live import subscription
from baton.command_api.security.auth import TokenAuthenticator
from baton.command_api.security.token_keys import SharedSecrets
from baton.command_api.serve import Server, serve
from baton.command_api.streaming import credential, ndjson, stream, websocket
from tests.api.raw_http import connected, head
from tests.api.running import running
from tests.kit.api_keys import create_key, revoke_key
from tests.kit.clock import SettableClock
from tests.kit.eventually import eventually
from tests.kit.stack import SECRET, bearer
from tests.kit.streams import TRANSPORTS, Transport, reading
from tests.live.world import EVENTS_OF_A_RUN, World, world_in

BOTH = pytest.mark.parametrize("transport", TRANSPORTS)


@asynccontextmanager
async def second_server(world: World) -> AsyncIterator[Server]:
    """Run a second server of the same process, whose sockets hold little."""
    services = replace(world.services, metrics=CollectorRegistry())
    server = await serve(make_app(services, ()), port=0)
    for site in server.runner.sites:
        assert isinstance(site._server, asyncio.Server)
        for listening in site._server.sockets:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
    try:
        yield server
    finally:
        await server.close()


@asynccontextmanager
async def narrow_session() -> AsyncIterator[aiohttp.ClientSession]:
    """Yield a session whose sockets hold little, so that a client that doesn't read is noticed."""

    def narrow(address: Any) -> socket.socket:
        made = socket.socket(address[0], address[1], address[2])
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        return made

    connector = aiohttp.TCPConnector(socket_factory=narrow)
    async with aiohttp.ClientSession(connector=connector, read_bufsize=1_024) as session:
        yield session


@BOTH
async def test_a_slow_reader_is_cut_off_with_a_code_and_resumes_without_loss(
    world: World, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscription, "MAX_QUEUED", 400)
    definition = await world.define("orders")
    async with (
        second_server(world) as server,
        narrow_session() as session,
        world.stream() as quick,
        reading(session, url_of(server), bearer(), transport, at_once=False) as slow,
    ):
        started = await world.start_until(definition, lambda: any_stream_ends(world))
        events = await quick.until(started * EVENTS_OF_A_RUN)
        slow.gate.set()
        assert await slow.until_closed() == 1013

        rest = events[len(slow.events) :]
        assert rest
        async with world.stream(f"after={slow.position}", transport) as resumed:
            assert slow.events + await resumed.until(len(rest)) == events
        await eventually(lambda: world.services.live.ended["slow_reader"] == 1)
    if transport == "ndjson":
        assert slow.last is not None
        assert (slow.last["error"], slow.last["after"]) == ("unavailable", slow.position)
        assert "too slow" in slow.last["message"]


def url_of(server: Server, query: str = "") -> str:
    return f"http://127.0.0.1:{server.port}/stream?{query}"


def any_stream_ends(world: World) -> bool:
    open_streams = world.services.live._open.get(world.tenant, ())
    return any(one.ended.done() for one in open_streams)


@BOTH
async def test_a_reader_that_takes_nothing_for_long_is_cut_off(
    world: World, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "STALLED_S", 0.05)
    monkeypatch.setattr(stream, "FINISH_S", 0.1)
    definition = await world.define("orders")
    async with (
        second_server(world) as server,
        narrow_session() as session,
        reading(session, url_of(server), bearer(), transport, at_once=False),
    ):
        live = world.services.live
        await world.start_until(definition, lambda: live.ended["slow_reader"])
        assert live.subscribers == 0


@BOTH
@pytest.mark.parametrize("until", ["expired", "revoked"])
async def test_a_stream_ends_with_its_token(
    tmp_path: Path, transport: Transport, until: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credential, "CHECK_S", 0.02)
    clock = SettableClock(now=int(time.time() * 1_000))
    authenticator = TokenAuthenticator(SharedSecrets(SECRET), clock)
    async with running(tmp_path, authenticator=authenticator) as server:
        url, soon = f"{server.url}/stream", bearer(exp=int(time.time()) + 60)
        async with (
            reading(server.session, url, soon, transport) as ending,
            reading(server.session, url, bearer(), transport) as other,
        ):
            if until == "expired":
                clock.jump_ms = 70_000
                assert await ending.until_closed() == 4401
                assert other.close_code is None
            else:
                authenticator._cache.clear()
                authenticator._keys = SharedSecrets("another secret that is also long enough")
                assert await ending.until_closed() == await other.until_closed() == 4401
    if transport == "ndjson":
        assert ending.last is not None
        assert ending.last["error"] == "unauthorized"


@BOTH
async def test_a_stream_ends_with_its_api_key(
    tmp_path: Path, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credential, "CHECK_S", 0.02)
    async with running(tmp_path) as server:
        revoked, kept = [await create_key(server.stores) for _ in range(2)]
        url = f"{server.url}/stream"
        async with (
            reading(server.session, url, revoked.headers, transport) as ending,
            reading(server.session, url, kept.headers, transport) as other,
        ):
            await revoke_key(server.stores, revoked)
            assert await ending.until_closed() == 4401
            assert other.close_code is None


@BOTH
async def test_a_server_that_stops_sends_the_position_at_which_to_resume(
    world: World, transport: Transport
) -> None:
    definition = await world.define("orders")
    async with second_server(world) as server:
        url = url_of(server, "definition=nothing")
        async with (
            reading(world.session, url, bearer(), transport) as idle,
            world.stream() as everything,
        ):
            await world.start(definition)
            newest = (await everything.until(EVENTS_OF_A_RUN))[-1]["position"]
            await server.close()
            assert await idle.until_closed() == 1001
    if transport == "ndjson":
        assert idle.last is not None
        assert (idle.last["error"], idle.last["after"]) == ("unavailable", newest)
    assert (await world.get("/stream")).status == 503


@pytest.mark.parametrize(
    ("message", "code"),
    [("hello", 1003), (b"\x00\xff", 1003), ("{" * 5_000, 1009), (b"x" * 5_000, 1009)],
    ids=["text", "binary", "large text", "large binary"],
)
async def test_a_message_from_the_client_ends_its_stream_alone(
    world: World, message: str | bytes, code: int
) -> None:
    url = f"{world.url}/stream"
    async with (
        world.stream(transport="websocket") as neighbour,
        world.session.ws_connect(url, headers=bearer()) as socket,
    ):
        send = socket.send_str if isinstance(message, str) else socket.send_bytes
        await send(message)  # type: ignore[arg-type]
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
        assert socket.close_code == code
        await world.start(await world.define("orders"))
        await neighbour.until(EVENTS_OF_A_RUN)


@pytest.mark.parametrize(
    "frame",
    [b"\xff" * 64, b"\x83\x80\0\0\0\0", b"\x89\xfe\xff\xff" + b"\0" * 64],
    ids=["noise", "reserved opcode", "large ping"],
)
async def test_garbage_on_a_websocket_ends_its_stream_alone(world: World, frame: bytes) -> None:
    upgrade = (
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    )
    async with world.stream() as neighbour, connected(world) as connection:
        await connection.send(head("GET", "/stream", *upgrade))
        assert (await connection.response()).status == 101
        await connection.send(frame)
        assert await connection.is_closed()
        await world.start(await world.define("orders"))
        await neighbour.until(EVENTS_OF_A_RUN)


async def test_bytes_behind_a_request_for_lines_change_nothing(world: World) -> None:
    async with world.stream() as neighbour, connected(world) as connection:
        await connection.send(head("GET", "/stream"))
        assert (await connection.response()).status == 200
        await connection.send(b"\xff\x00 garbage \r\n\r\n" * 10)
        await world.start(await world.define("orders"))
        await neighbour.until(EVENTS_OF_A_RUN)


@BOTH
async def test_an_idle_stream_is_kept_alive(
    world: World, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ndjson, "KEEP_ALIVE_S", 0.02)
    monkeypatch.setattr(ndjson, "LOOK_S", 0.01)
    monkeypatch.setattr(websocket, "HEARTBEAT_S", 0.02)
    async with world.stream(transport=transport) as idle, world.stream() as other:
        await eventually(lambda: other.blank_lines >= 10)
        assert idle.close_code is None


async def test_a_client_that_answers_no_ping_is_cut_off(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "HEARTBEAT_S", 0.02)
    url = f"{world.url}/stream"
    async with world.session.ws_connect(url, headers=bearer(), autoping=False) as mute:
        kinds = [message.type async for message in mute]

    assert kinds[0] is aiohttp.WSMsgType.PING
    assert mute.close_code == 1013


@BOTH
async def test_nothing_is_left_of_a_client_that_leaves(
    world: World, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ndjson, "LOOK_S", 0.01)
    live = world.services.live
    async with world.stream(transport=transport):
        assert live.subscribers == 1
    await eventually(lambda: live.subscribers == 0)

    assert live.ended["left"] == 1


@BOTH
async def test_a_client_that_disconnects_among_events_is_not_a_failure(
    world: World, transport: Transport, caplog: pytest.LogCaptureFixture
) -> None:
    definition, live = await world.define("orders"), world.services.live
    async with world.stream(transport=transport) as reader:
        await world.start_until(definition, lambda: reader.events)
    await world.start_until(definition, lambda: live.subscribers == 0)

    assert live.ended["left"] == 1
    assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []


async def test_a_tenant_has_a_limited_number_of_streams(tmp_path: Path) -> None:
    async with (
        world_in(tmp_path, limit_tenant_streams=2) as world,
        world.stream() as one,
        world.stream(transport="websocket"),
        world.stream(tenant="globex"),
    ):
        refused = await world.get("/stream")
        assert one.close_code is None

    assert (refused.status, refused.body["error"]) == (429, "rate_limited")
    assert refused.headers["Retry-After"] == "1"
