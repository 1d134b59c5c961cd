"""Content-Encoding: a body that can't be decoded is refused, and the connection stays open."""

import gzip
import logging
import zlib

import pytest

from tests.api.raw_http import ACME, connected, head, post
from tests.kit.stack import RunningServer

ECHO = f"{ACME}/echo"
DOCUMENT = b'{"a": 1}'


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


FINE = {
    "gzip": ("gzip", gzip.compress(DOCUMENT)),
    "x-gzip": ("X-GZIP", gzip.compress(DOCUMENT)),
    "deflate": ("deflate", zlib.compress(DOCUMENT)),
    "deflate without its head": ("deflate", raw_deflate(DOCUMENT)),
    "identity": ("identity", DOCUMENT),
}
BROKEN = {
    "no deflate": ("deflate", DOCUMENT, 400),
    "random deflate": ("deflate", b"\xff\xfe\xfd\xfc" * 8, 400),
    "no gzip": ("gzip", DOCUMENT, 400),
    "nothing": ("gzip", b"\x1f", 400),
    "cut gzip": ("gzip", gzip.compress(DOCUMENT)[:-6], 400),
    "cut deflate": ("deflate", zlib.compress(DOCUMENT)[:-3], 400),
    "bytes after the gzip": ("gzip", gzip.compress(DOCUMENT) + b"more", 400),
    "a wrong checksum": ("gzip", gzip.compress(DOCUMENT)[:-8] + b"\0" * 8, 400),
    "br": ("br", DOCUMENT, 415),
    "zstd": ("zstd", DOCUMENT, 415),
    "unknown": ("rot13", DOCUMENT, 415),
    "two": ("gzip, gzip", gzip.compress(gzip.compress(DOCUMENT)), 415),
    "a gzip bomb": ("gzip", gzip.compress(b" " * 50_000_000), 413),
    "a deflate bomb": ("deflate", zlib.compress(b" " * 50_000_000), 413),
}


@pytest.mark.parametrize("name", FINE)
async def test_gzip_and_deflate_are_read(server: RunningServer, name: str) -> None:
    encoding, data = FINE[name]
    headers = {"Content-Encoding": encoding, "Content-Type": "application/json"}

    answer = await server.call("POST", ECHO, data=data, headers=headers)

    assert (answer.status, answer.body) == (200, {"a": 1})


@pytest.mark.parametrize("packets", [1, 2])
@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_encoding_is_refused_and_the_connection_stays_open(
    server: RunningServer, name: str, packets: int, caplog: pytest.LogCaptureFixture
) -> None:
    encoding, data, status = BROKEN[name]
    half = len(data) // 2 if packets == 2 else 0
    async with connected(server) as connection:
        start = post(ECHO, len(data), f"Content-Encoding: {encoding}")
        if half:
            await connection.send(start + data[:half])
            await connection.send(data[half:])
        else:
            await connection.send(start + data)
        answer = await connection.response()

        assert answer.status == status
        assert set(answer.body) == {"tiny_error", "message"}
        if answer.headers.get("connection") != "close":
            await connection.send(head("GET", "/healthz"))
            assert (await connection.response()).status == 200
    assert "Traceback" not in caplog.text
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]


async def test_the_supported_encodings_are_named(server: RunningServer) -> None:
    headers = {"Content-Encoding": "br", "Content-Type": "application/json"}

    answer = await server.call("POST", ECHO, data=b"x", headers=headers)

    assert answer.headers["Accept-Encoding"] == "gzip, deflate"
