"""Request bodies: strict JSON within limits is accepted, anything else gets a clear 4xx."""

import gzip
import io
from typing import Any

import pytest

from baton.command_api.http.json_body import MAX_BODY, MAX_DEPTH
from tests.kit.stack import RunningServer

ECHO = "/tiny/acme/v1/echo"
JSON = {"Content-Type": "application/json"}

MALFORMED = {
    "nothing": b"",
    "blank": b"  ",
    "cut": b'{"a":',
    "two values": b"{}{}",
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": Infinity}',
    "1e400": b'{"a": 1e400}',
    "2^63": b'{"a": 9223372036854775808}',
    "-2^63-1": b'{"a": -9223372036854775809}',
    "2^64": b'{"a": 18446744073709551616}',
    "30 digits": b'{"a": [1, 999999999999999999999999999999]}',
    "5,000 digits": b'{"a": ' + b"9" * 5_000 + b"}",
    "NUL in a value": b'{"a": "x\\u0000"}',
    "NUL in a name": b'{"a\\u0000": 1}',
    "NUL inside": b'{"a": [{"b": "\\u0000"}]}',
    "raw NUL": b'{"a": "\x00"}',
    "lone surrogate": b'{"a": "\\ud800"}',
    "lone low surrogate": b'{"a": "\\udc00x"}',
    "BOM": b'\xef\xbb\xbf{"a": 1}',
    "bad UTF-8": b'{"a": "\xff\xfe"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "comment": b'{"a": 1 /* no */}',
    "single quotes": b"{'a': 1}",
    "a list": b"[]",
    "text": b'"text"',
    "null": b"null",
    "too deep": b'{"a":' * MAX_DEPTH + b"[]" + b"}" * MAX_DEPTH,
    "far too deep": b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_a_body_that_is_not_strict_json_is_400(server: RunningServer, name: str):
    answer = await server.call("POST", ECHO, data=MALFORMED[name], headers=JSON)

    assert answer.status == 400, answer.raw
    assert answer.body["tiny_error"] == "validation_error"


FINE: dict[str, tuple[bytes, Any]] = {
    "the largest integers": (
        b'{"a": [9223372036854775807, -9223372036854775808]}',
        {"a": [2**63 - 1, -(2**63)]},
    ),
    "a large float": (b'{"a": 1e30, "b": 12345678901234567890.5}', None),
    "a long number in a text": (b'{"a": "99999999999999999999999"}', None),
    "an escaped escape": (b'{"a": "\\\\u0000"}', {"a": "\\u0000"}),
    "a name like a member of Python": (b'{"__proto__": {"x": 1}, "__class__": 1}', None),
    "as deep as may be": (b'{"a":' * (MAX_DEPTH - 1) + b"[]" + b"}" * (MAX_DEPTH - 1), None),
    "wide": (b'{"a": [' + b"[]," * 500 + b"[]]}", None),
    "a pair of surrogates": (b'{"a": "\\ud83d\\ude00"}', {"a": "\U0001f600"}),
}


@pytest.mark.parametrize("name", FINE)
async def test_valid_json_is_returned_unchanged(server: RunningServer, name: str):
    raw, value = FINE[name]
    answer = await server.call("POST", ECHO, data=raw, headers=JSON)

    assert answer.status == 200, answer.raw
    assert value is None or answer.body == value


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200),
        ("Application/JSON; charset=UTF-8", 200),
        ("application/merge-patch+json", 200),
        ("text/plain", 415),
        ("text/json", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("application/xml", 415),
        ("application/json; charset=latin-1", 415),
        ("application/jsonx", 415),
        ("", 415),
    ],
)
async def test_only_json_is_a_json_body(server: RunningServer, content_type: str, status: int):
    headers = {"Content-Type": content_type}
    answer = await server.call("POST", ECHO, data=b'{"a": 1}', headers=headers)

    assert answer.status == status
    if status != 200:
        assert answer.body["tiny_error"] == "unsupported_media_type"


async def test_a_body_above_the_limit_is_413(server: RunningServer):
    fits = b'{"a": "' + b"x" * (MAX_BODY - 9) + b'"}'
    assert (await server.call("POST", ECHO, data=fits, headers=JSON)).status == 200

    answer = await server.call("POST", ECHO, data=io.BytesIO(fits + b" "), headers=JSON)

    assert (answer.status, answer.body["tiny_error"]) == (413, "payload_too_large")


async def test_a_body_without_a_length_is_cut_off_at_the_limit(server: RunningServer):
    async def endless():
        for _ in range(64):
            yield b" " * 65_536

    answer = await server.call("POST", ECHO, data=endless(), headers=JSON)

    assert answer.status == 413


async def test_a_gzip_bomb_is_413(server: RunningServer):
    bomb = gzip.compress(b" " * (50 * MAX_BODY))
    packed = {**JSON, "Content-Encoding": "gzip"}

    answer = await server.call("POST", ECHO, data=bomb, headers=packed)

    assert len(bomb) < MAX_BODY
    assert answer.status == 413


async def test_a_gzip_body_is_read_and_a_corrupt_one_is_400(server: RunningServer):
    packed = {**JSON, "Content-Encoding": "gzip"}

    good = await server.call("POST", ECHO, data=gzip.compress(b'{"a": 1}'), headers=packed)
    broken = await server.call("POST", ECHO, data=b"not gzip at all", headers=packed)

    assert (good.status, good.body) == (200, {"a": 1})
    assert broken.status == 400


@pytest.mark.parametrize(
    ("document", "fields"),
    [
        ({}, {"slug": "required"}),
        ({"slug": 7}, {"slug": "Input should be a valid string"}),
        ({"slug": "a", "hook": {"validate_signature": "yes"}}, {"hook.validate_signature": None}),
        ({"slug": "a", "hook": {"validate_signature": 1}}, {"hook.validate_signature": None}),
        ({"slug": "a", "tenant": "umbra"}, {"tenant": None}),
        ({"slug": "a", "status": "gone"}, {"status": None}),
        ({"name": None}, {"slug": "required", "name": None}),
    ],
)
async def test_an_invalid_member_is_named(server, document, fields):
    answer = await server.post("/tiny/acme/v1/definitions", document)

    assert answer.status == 400
    assert set(answer.body["fields"]) == set(fields)
    for name, message in fields.items():
        assert message in (None, answer.body["fields"][name])
    assert await server.stored() == []
