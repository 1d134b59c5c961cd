"""Requests for streams: refused ones, and the head of the response that opens one."""

import pytest

from tests.kit.stack import bearer
from tests.kit.streams import TRANSPORTS, Transport, reading
from tests.live.world import World

HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.mark.parametrize("upgrade", [{}, HANDSHAKE], ids=TRANSPORTS)
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("after=-1", "after"),
        ("after=x", "after"),
        ("after=1.5", "after"),
        ("after=99999999999", "after"),
        ("after=1&after=2", "after"),
        ("after=", "after"),
        ("after=1000", "after"),
        ("status=unheard", "status"),
        ("status=completed&status=", "status"),
        ("run=a&run=b", "run"),
        ("definition=%00", "definition"),
        ("definitionId=x", "definitionId"),
    ],
)
async def test_a_wrong_parameter_is_named(
    world: World, query: str, field: str, upgrade: dict[str, str]
) -> None:
    answer = await world.get(f"/stream?{query}", headers=upgrade)

    assert (answer.status, answer.body["error"]) == (400, "validation_error")
    assert [fault["field"] for fault in answer.body["details"]] == [field]
    assert world.services.live.subscribers == 0


@pytest.mark.parametrize("upgrade", [{}, HANDSHAKE], ids=TRANSPORTS)
async def test_a_stream_needs_a_valid_token_with_the_scope(
    world: World, upgrade: dict[str, str]
) -> None:
    anonymous = await world.get("/stream", anonymous=True, headers=upgrade)
    in_the_url = await world.get("/stream?access_token=x", anonymous=True, headers=upgrade)
    weak = await world.get("/stream", headers={**bearer(scope="other"), **upgrade})

    assert [one.status for one in (anonymous, in_the_url, weak)] == [401, 401, 403]
    assert anonymous.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "null"},
    ],
)
async def test_a_page_of_another_site_opens_no_websocket(
    world: World, headers: dict[str, str]
) -> None:
    answer = await world.get("/stream", headers={**HANDSHAKE, **headers})

    assert (answer.status, answer.body["error"]) == (403, "forbidden")


async def test_a_page_of_the_same_origin_opens_a_websocket(world: World) -> None:
    headers = {**bearer(), "Origin": world.url}
    async with reading(world.session, f"{world.url}/stream", headers, "websocket") as reader:
        assert reader.close_code is None


@pytest.mark.parametrize("header", ["Sec-WebSocket-Key", "Sec-WebSocket-Version", "Connection"])
async def test_a_wrong_handshake_is_refused(world: World, header: str) -> None:
    headers = {**HANDSHAKE, header: "close" if header == "Connection" else "x"}
    answer = await world.get("/stream", headers=headers)

    assert (answer.status, answer.body["error"]) == (400, "validation_error")


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_stream_names_the_position_at_which_it_begins(
    world: World, transport: Transport
) -> None:
    await world.define("orders")
    async with world.stream(transport=transport) as reader:
        assert reader.start == world.services.position()
    async with world.stream("after=0", transport) as reader:
        assert reader.start == 0


async def test_the_head_of_a_stream_keeps_proxies_from_buffering_it(world: World) -> None:
    answer = await world.call("HEAD", "/stream")

    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert answer.headers["X-Accel-Buffering"] == "no"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Server"] == "baton"
    assert world.services.live.subscribers == 0
