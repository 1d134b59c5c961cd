"""Every route of every dialect refuses bad input with a clear 4xx in the dialect's envelope.

The routes come from the route tables: a new route is tested without an edit here.
"""

import gzip
import io
import json
from functools import cache

import pytest

from baton.command_api.dialect.contract import Dialect
from baton.protocols.strict_json import MAX_VALUES
from tests.api.raw_http import connected
from tests.kit.stack import Response
from tests.scenarios.route_cases import CASES, DIALECTS, SAMPLES, WITH_BODY, RouteCase
from tests.scenarios.stack import Stack

CODES = {
    400: "validation_error",
    404: "not_found",
    405: "method_not_allowed",
    413: "payload_too_large",
    415: "unsupported_media_type",
}
OPEN = [case for case in CASES if case.route.scope is None]
STRICT = [case for case in CASES if case.dialect.strict_parameters and case.route.scope]
JSON = {"Content-Type": "application/json"}


def deep(levels: int) -> bytes:
    return b'{"input":' + b'{"a":' * levels + b"1" + b"}" * levels + b"}"


BODIES = {
    "empty object instead of nothing but blanks": b"   ",
    "not JSON": b"{",
    "an array": b"[]",
    "a string": b'"x"',
    "null": b"null",
    "NaN": b'{"input":{"a":NaN}}',
    "Infinity": b'{"input":{"a":-Infinity}}',
    "a float past its range": b'{"input":{"a":1e400}}',
    "an integer past 2^63": b'{"input":{"a":9223372036854775808}}',
    "an integer past -2^63": b'{"input":{"a":-9223372036854775809}}',
    "thirty nines": b'{"input":{"a":' + b"9" * 30 + b"}}",
    "too deep": deep(70),
    "far too deep": deep(5_000),
    "a lone surrogate": b'{"input":{"a":"\\ud800"}}',
    "a NUL": b'{"input":{"a":"\\u0000"}}',
    "a NUL in a name": b'{"input":{"a\\u0000":1}}',
    "a BOM": b"\xef\xbb\xbf{}",
    "bad UTF-8": b'{"input":{"a":"\xff"}}',
    "UTF-16": json.dumps({"input": {}}).encode("utf-16"),
    "a trailing comma": b'{"input":{},}',
    "two documents": b"{}{}",
}


@cache
def bomb() -> bytes:
    """Return 20 MB of zeros, compressed to 20 kB."""
    return gzip.compress(b"0" * 20_000_000)


async def assert_refused(stack: Stack, case: RouteCase, answer: Response, status: int) -> None:
    assert answer.status == status, answer.raw
    assert case.error_code(answer.body) == CODES[status]
    assert b"Traceback" not in answer.raw
    assert (await stack.get("/healthz")).status == 200


@pytest.mark.parametrize("case", WITH_BODY, ids=str)
async def test_a_body_that_is_not_a_json_object_is_refused(
    shared_idle: Stack, case: RouteCase
) -> None:
    client = case.client(shared_idle)
    ids = await case.prepare(client)
    path = case.path(ids)
    before = await shared_idle.head()

    for name, body in BODIES.items():
        answer = await client.call(case.route.method, path, data=body, headers=JSON)
        assert answer.status == 400, name
        await assert_refused(shared_idle, case, answer, 400)

    assert await shared_idle.changes_after(before) == []


@pytest.mark.parametrize("case", WITH_BODY, ids=str)
async def test_a_body_that_is_not_json_is_refused(shared_idle: Stack, case: RouteCase) -> None:
    client = case.client(shared_idle)
    ids = await case.prepare(client)
    path = case.path(ids)
    body = json.dumps(case.body(ids)).encode()

    for media in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        headers = {"Content-Type": media}
        answer = await client.call(case.route.method, path, data=body, headers=headers)
        await assert_refused(shared_idle, case, answer, 415)


@pytest.mark.parametrize("case", WITH_BODY, ids=str)
async def test_a_body_with_too_many_values_is_refused(shared_idle: Stack, case: RouteCase) -> None:
    client = case.client(shared_idle)
    ids = await case.prepare(client)
    path = case.path(ids)
    body = b'{"input":{"a":[' + b"[]," * MAX_VALUES + b"[]]}}"

    answer = await client.call(case.route.method, path, data=body, headers=JSON)

    await assert_refused(shared_idle, case, answer, 400)


@pytest.mark.parametrize("case", WITH_BODY, ids=str)
async def test_a_body_with_a_broken_encoding_is_refused(
    shared_idle: Stack, case: RouteCase
) -> None:
    client = case.client(shared_idle)
    ids = await case.prepare(client)
    path = case.path(ids)
    body = json.dumps(case.body(ids)).encode()

    for encoding, status in (("deflate", 400), ("gzip", 400), ("br", 415), ("zstd", 415)):
        headers = {**JSON, "Content-Encoding": encoding}
        answer = await client.call(case.route.method, path, data=body, headers=headers)
        await assert_refused(shared_idle, case, answer, status)


@pytest.mark.parametrize("case", STRICT, ids=str)
async def test_an_unknown_query_parameter_is_refused(shared_idle: Stack, case: RouteCase) -> None:
    client = case.client(shared_idle)
    path = case.path(await case.prepare(client))
    before = await shared_idle.head()

    query = f"{'&' if '?' in path else '?'}unknwon=1"
    answer = await client.call(case.route.method, path + query, headers=JSON)

    await assert_refused(shared_idle, case, answer, 400)
    assert answer.body["details"][0]["field"] == "unknwon"
    assert await shared_idle.changes_after(before) == []


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_header_that_cannot_be_read_is_refused(shared_idle: Stack, case: RouteCase) -> None:
    client = case.client(shared_idle)
    ids = await case.prepare(client)
    path = client.base + case.path(ids)
    known = "".join(f"{name}: {value}\r\n" for name, value in client.headers.items())
    start = f"{case.route.method} {path} HTTP/1.1\r\nHost: localhost\r\n{known}"
    end = "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

    for line in ("ce-id: caf\xe9", "webhook-id: caf\xe9", f"Prefer: wait={'9' * 5_000}"):
        async with connected(shared_idle) as connection:
            await connection.send(f"{start}{line}\r\n{end}".encode("latin-1"))
            answer = await connection.response()
        assert answer.status == 400, line
        assert case.error_code(answer.body) == "validation_error"


@pytest.mark.parametrize("case", OPEN, ids=str)
async def test_an_open_route_refuses_pages_of_other_sites(
    shared_idle: Stack, case: RouteCase
) -> None:
    client = case.client(shared_idle)
    ids = await case.prepare(client)
    path = client.base + case.path(ids)
    before = await shared_idle.head()

    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        answer = await shared_idle.call(
            case.route.method, path, json=case.body(ids), headers=headers, anonymous=True
        )
        assert (answer.status, case.error_code(answer.body)) == (403, "forbidden")

    assert await shared_idle.changes_after(before) == []


@pytest.mark.parametrize("case", WITH_BODY, ids=str)
async def test_a_body_over_the_limit_is_refused(shared_idle: Stack, case: RouteCase) -> None:
    client = case.client(shared_idle)
    ids = await case.prepare(client)
    path = case.path(ids)
    large = b'{"input":{"a":"' + b"x" * 1_100_000 + b'"}}'

    async def in_chunks():
        for at in range(0, len(large), 65_536):
            yield large[at : at + 65_536]

    for data, more in (
        (io.BytesIO(large), {}),
        (in_chunks(), {}),
        (bomb(), {"Content-Encoding": "gzip"}),
    ):
        answer = await client.call(case.route.method, path, data=data, headers={**JSON, **more})
        await assert_refused(shared_idle, case, answer, 413)


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_an_id_that_names_nothing_is_not_found(shared_idle: Stack, case: RouteCase) -> None:
    client = case.client(shared_idle)
    ids = await case.prepare(client)
    for name in case.parameters:
        for ident in (
            "nope",
            "%00",
            "a%00b",
            "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
            "x" * 4_000,
            "%ff",
            "%F0%9F%92%A9",
            "'%20or%201=1--",
            "__proto__",
            "%0d%0aX-Evil:%201",
        ):
            path = case.path(ids, **{name: ident})
            answer = await client.call(case.route.method, path, json=case.body(ids))
            await assert_refused(shared_idle, case, answer, 404)


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_method_that_the_path_lacks_is_refused(shared_idle: Stack, case: RouteCase) -> None:
    client = case.client(shared_idle)
    ids = await case.prepare(client)
    path = case.path(ids)
    used = {route.method for route in case.dialect.routes if route.path == case.route.path}
    unused = next(method for method in ("PATCH", "DELETE", "PUT", "POST") if method not in used)

    answer = await client.call(unused, path, json={})

    await assert_refused(shared_idle, case, answer, 405)
    assert case.route.method in answer.headers["Allow"]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
async def test_a_path_that_names_no_route_is_not_found(
    shared_idle: Stack, dialect: Dialect
) -> None:
    client = shared_idle.client(dialect.name)

    root = ("/",) if client.base else ()  # which leads to the web UI
    for path in (*root, "/admin", "/debug", "/no-such-path"):
        answer = await client.get(path)
        assert answer.status == 404, path
        assert SAMPLES[dialect.name].error_code(answer.body) == "not_found"
