"""Bytes that the HTTP parser refuses get an error envelope without their echo or a version."""

import logging

import pytest

from tests.api.raw_http import ACME, connected, post
from tests.kit.eventually import eventually
from tests.kit.stack import RunningServer

ECHO = f"{ACME}/echo"
CANARY = b"canary-bytes"
HOST = b"Host: localhost\r\n"


def request(path: str = ECHO, lines: bytes = b"", method: bytes = b"POST") -> bytes:
    return method + b" " + path.encode() + b" HTTP/1.1\r\n" + HOST + lines


UNREADABLE = {
    "a header over 8 kB": request(lines=b"X: " + CANARY * 1_000 + b"\r\n\r\n"),
    "a fat token": request(lines=b"Authorization: Bearer " + CANARY * 1_000 + b"\r\n\r\n"),
    "a path over 8 kB": request(ECHO + "/" + "canary-bytes" * 1_000, b"\r\n"),
    "too many headers": request(lines=b"X: canary-bytes\r\n" * 1_000 + b"\r\n"),
    "an unknown method": request(method=b"CANARY", lines=b"\r\n"),
    "a bad Content-Length": request(lines=b"Content-Length: canary-bytes\r\n\r\n"),
    "a Content-Length below 0": request(lines=b"Content-Length: -1\r\n\r\ncanary-bytes"),
    "an endless Content-Length": request(lines=b"Content-Length: " + b"9" * 99 + b"\r\n\r\n"),
    "two lengths": request(lines=b"Content-Length: 3\r\nContent-Length: 4\r\n\r\ncanary-bytes"),
    "length and chunks": request(
        lines=b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "a control character": request(lines=b"X-Evil\x01: canary-bytes\r\n\r\n"),
    "a bare version": b"POST " + ECHO.encode() + b" canary-bytes\r\n\r\n",
    "no version": b"POST " + ECHO.encode() + b"\r\n" + HOST + b"X: canary-bytes\r\n\r\n",
    "another version": request(lines=b"X: canary-bytes\r\n\r\n").replace(b"/1.1", b"/2.0"),
}


@pytest.mark.parametrize("name", UNREADABLE)
async def test_input_that_the_parser_refuses_gets_the_envelope_of_its_path(
    server: RunningServer, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        async with connected(server) as connection:
            await connection.send(UNREADABLE[name])
            answer = await connection.response()

            assert (answer.status, answer.body["tiny_error"]) == (400, "validation_error")
            assert answer.version == "HTTP/1.1"
            assert answer.headers["server"] == "baton"
            assert answer.headers["connection"] == "close"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert CANARY not in answer.raw
            assert await connection.is_closed()
    assert "canary" not in caplog.text.lower()
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("data", [b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"\r\n\0\0\r\n"])
async def test_input_that_is_not_http_gets_batons_own_envelope(
    server: RunningServer, data: bytes
) -> None:
    async with connected(server) as connection:
        await connection.send(data)
        answer = await connection.response()

        assert (answer.status, answer.body["error"]) == (400, "validation_error")


@pytest.mark.parametrize(
    "body", [b"zz\r\n{}\r\n0\r\n\r\n", b"2\r\n{}canary-bytes", b"-2\r\n{}\r\n"]
)
@pytest.mark.parametrize("packets", [1, 2])
async def test_bad_chunks_are_answered_once_and_close_the_connection(
    server: RunningServer, body: bytes, packets: int
) -> None:
    start = post(ECHO, 0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    async with connected(server) as connection:
        if packets == 1:
            await connection.send(start + body)
        else:
            await connection.send(start + body[:1])
            await connection.send(body[1:])
        answer = await connection.response()

        assert (answer.status, answer.body["tiny_error"]) == (400, "validation_error")
        assert answer.headers["connection"] == "close"
        assert await connection.is_closed()


async def test_a_peer_that_disconnects_is_counted_and_not_logged_as_an_error(
    server: RunningServer, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(20):
        async with connected(server) as connection:
            await connection.send(post(ECHO, 1_000) + b"{")

    async def counted() -> bool:
        text = (await server.get("/metrics")).raw.decode()
        return "baton_http_peers_left_total 20.0" in text

    await eventually(counted)
    assert not [one for one in caplog.records if one.levelno > logging.DEBUG]
