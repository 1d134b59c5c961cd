"""Every route of every dialect refuses bad input with a clear 4xx in the dialect's envelope.

The routes come from the route tables: a new route is tested without an edit here.
"""

import gzip
import io
import json
from collections.abc import AsyncIterator
from functools import cache

import pytest
import pytest_asyncio

from baton.command_api.dialect.contract import Dialect
from baton.protocols.strict_json import MAX_VALUES
from tests.api.raw_http import connected
from tests.kit.stack import Response
from tests.scenarios.route_cases import CASES, DIALECTS, SAMPLES, WITH_BODY, PreparedRoute
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


@pytest_asyncio.fixture(loop_scope="module")
async def route(prepared: PreparedRoute) -> AsyncIterator[PreparedRoute]:
    """The route of the test, whose requests must change nothing and leave the server healthy."""
    before = await prepared.stack.head()
    yield prepared
    assert (await prepared.stack.get("/healthz")).status == 200
    assert await prepared.stack.changes_after(before) == []


def assert_refused(route: PreparedRoute, answer: Response, status: int) -> None:
    assert answer.status == status, answer.raw
    assert route.case.error_code(answer.body) == CODES[status]
    assert b"Traceback" not in answer.raw


@pytest.mark.parametrize("case", WITH_BODY, ids=str)
async def test_a_body_that_is_not_a_json_object_is_refused(route: PreparedRoute) -> None:
    for name, body in BODIES.items():
        answer = await route.call(data=body, headers=JSON)
        assert answer.status == 400, name
        assert_refused(route, answer, 400)


@pytest.mark.parametrize("case", WITH_BODY, ids=str)
async def test_a_body_that_is_not_json_is_refused(route: PreparedRoute) -> None:
    body = json.dumps(route.body).encode()

    for media in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        answer = await route.call(data=body, headers={"Content-Type": media})
        assert_refused(route, answer, 415)


@pytest.mark.parametrize("case", WITH_BODY, ids=str)
async def test_a_body_with_too_many_values_is_refused(route: PreparedRoute) -> None:
    body = b'{"input":{"a":[' + b"[]," * MAX_VALUES + b"[]]}}"

    assert_refused(route, await route.call(data=body, headers=JSON), 400)


@pytest.mark.parametrize("case", WITH_BODY, ids=str)
async def test_a_body_with_a_broken_encoding_is_refused(route: PreparedRoute) -> None:
    body = json.dumps(route.body).encode()

    for encoding, status in (("deflate", 400), ("gzip", 400), ("br", 415), ("zstd", 415)):
        answer = await route.call(data=body, headers={**JSON, "Content-Encoding": encoding})
        assert_refused(route, answer, status)


@pytest.mark.parametrize("case", STRICT, ids=str)
async def test_an_unknown_query_parameter_is_refused(route: PreparedRoute) -> None:
    query = f"{'&' if '?' in route.path else '?'}unknwon=1"

    answer = await route.call(path=route.path + query, headers=JSON)

    assert_refused(route, answer, 400)
    assert answer.body["details"][0]["field"] == "unknwon"


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_header_that_cannot_be_read_is_refused(route: PreparedRoute) -> None:
    known = "".join(f"{name}: {value}\r\n" for name, value in route.client.headers.items())
    url = route.client.base + route.path
    start = f"{route.case.route.method} {url} HTTP/1.1\r\nHost: localhost\r\n{known}"
    end = "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

    for line in ("ce-id: caf\xe9", "webhook-id: caf\xe9", f"Prefer: wait={'9' * 5_000}"):
        async with connected(route.stack) as connection:
            await connection.send(f"{start}{line}\r\n{end}".encode("latin-1"))
            answer = await connection.response()
        assert answer.status == 400, line
        assert route.case.error_code(answer.body) == "validation_error"


@pytest.mark.parametrize("case", OPEN, ids=str)
async def test_an_open_route_refuses_pages_of_other_sites(route: PreparedRoute) -> None:
    url = route.client.base + route.path

    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        answer = await route.stack.call(
            route.case.route.method, url, json=route.body, headers=headers, anonymous=True
        )
        assert (answer.status, route.case.error_code(answer.body)) == (403, "forbidden")


@pytest.mark.parametrize("case", WITH_BODY, ids=str)
async def test_a_body_over_the_limit_is_refused(route: PreparedRoute) -> None:
    large = b'{"input":{"a":"' + b"x" * 1_100_000 + b'"}}'

    async def in_chunks():
        for at in range(0, len(large), 65_536):
            yield large[at : at + 65_536]

    for data, more in (
        (io.BytesIO(large), {}),
        (in_chunks(), {}),
        (bomb(), {"Content-Encoding": "gzip"}),
    ):
        answer = await route.call(data=data, headers={**JSON, **more})
        assert_refused(route, answer, 413)


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_an_id_that_names_nothing_is_not_found(route: PreparedRoute) -> None:
    for name in route.case.parameters:
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
            path = route.case.path(route.ids, **{name: ident})
            assert_refused(route, await route.call(path=path, json=route.body), 404)


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_method_that_the_path_lacks_is_refused(route: PreparedRoute) -> None:
    case = route.case
    used = {other.method for other in case.dialect.routes if other.path == case.route.path}
    unused = next(method for method in ("PATCH", "DELETE", "PUT", "POST") if method not in used)

    answer = await route.client.call(unused, route.path, json={})

    assert_refused(route, answer, 405)
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
