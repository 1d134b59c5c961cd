"""HTTP functions against a server with valid, broken, slow, endless and redirecting responses."""

import asyncio
import base64
import gzip
import hashlib
import hmac
import socket
from typing import Any

import orjson
import pytest
from aiohttp import web

from baton.domain.run.outcome import Failed, Succeeded
from baton.executor.functions.http_functions import http_function
from baton.protocols.address_policy import AddressPolicy
from tests.executor.calls import a_call, functions_of
from tests.executor.scripted_server import Answer, answering
from tests.kit.clock import NOW

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def json(text: str | bytes, headers: dict[str, str] | None = None) -> web.Response:
    body = text.encode() if isinstance(text, str) else text
    return web.Response(body=body, headers=headers, content_type="application/json")


async def outcome_of(answer: Answer | web.Response, **declaration: Any) -> Succeeded | Failed:
    async with answering(answer) as server:
        function = http_function("remote", server.url, **declaration)
        async with functions_of(function) as functions:
            return await functions.call(a_call("remote"))


async def test_the_payload_is_posted_and_the_json_of_the_response_is_the_output() -> None:
    async with (
        answering(json('{"price": 12.5}')) as server,
        functions_of(http_function("price", server.url, id="func_9")) as functions,
    ):
        call = a_call("func_9", config={"sku": "é"}, traceparent=TRACEPARENT)
        outcome = await functions.call(call)

    assert outcome == Succeeded(output={"price": 12.5})
    ((request, body),) = server.asked
    assert request.method == "POST"
    assert orjson.loads(body) == call.payload
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Idempotency-Key"] == f"{'c' * 20}.check.1"
    assert request.headers["traceparent"] == TRACEPARENT
    assert "webhook-signature" not in request.headers


@pytest.mark.parametrize(
    "traceparent",
    [
        None,
        "",
        "junk",
        TRACEPARENT + "\r\nX-Evil: 1",
        TRACEPARENT + "\n",
        TRACEPARENT.upper(),
        "ff" + TRACEPARENT[2:],
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"00-0af7651916cd43dd8448eb211c80319c-{'0' * 16}-01",
    ],
)
async def test_an_invalid_traceparent_is_not_sent(traceparent: str | None) -> None:
    async with (
        answering(json("1")) as server,
        functions_of(http_function("remote", server.url)) as functions,
    ):
        outcome = await functions.call(a_call("remote", traceparent=traceparent))

    assert outcome == Succeeded(output=1)
    assert {"traceparent", "X-Evil"}.isdisjoint(server.asked[0][0].headers)


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        ("whsec_" + base64.b64encode(b"k" * 24).decode(), b"k" * 24),
        ("plain text", b"plain text"),
        ("whsec_not base64!", b"whsec_not base64!"),
    ],
)
async def test_with_a_secret_the_exact_bytes_sent_are_signed(secret: str, key: bytes) -> None:
    async with (
        answering(json("1")) as server,
        functions_of(http_function("remote", server.url, secret=secret)) as functions,
    ):
        assert await functions.call(a_call("remote", attempt=1)) == Succeeded(output=1)
        assert await functions.call(a_call("remote", attempt=2)) == Succeeded(output=1)

    (first, body), (second, _) = server.asked
    message_id, at = first.headers["webhook-id"], first.headers["webhook-timestamp"]
    signed = f"{message_id}.{at}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert first.headers["webhook-signature"] == f"v1,{expected}"
    assert at == str(NOW // 1000)
    assert "." not in message_id
    assert second.headers["webhook-id"] == message_id


@pytest.mark.parametrize("status", [200, 201, 204])
async def test_a_response_without_a_body_has_the_output_null(status: int) -> None:
    assert await outcome_of(web.Response(status=status)) == Succeeded()


@pytest.mark.parametrize(
    ("status", "retryable"),
    [
        (301, False),
        (400, False),
        (401, False),
        (404, False),
        (408, True),
        (422, False),
        (425, True),
        (429, True),
        (500, True),
        (503, True),
    ],
)
async def test_a_status_other_than_2xx_fails_and_the_message_quotes_the_response(
    status: int, retryable: bool
) -> None:
    outcome = await outcome_of(web.Response(status=status, text="not\r\nnow\0"))

    assert isinstance(outcome, Failed)
    assert outcome.error.code == f"HTTP_{status}"
    assert outcome.error.message.endswith(f"answered {status}: not now\\0")
    assert outcome.error.stack is None
    assert outcome.retryable is retryable


@pytest.mark.parametrize(
    "body",
    [
        '{"price": 12.',
        "<html>",
        "NaN",
        b"\xff\xfe",
        '{"a": 1} {"b": 2}',
        '"a\\u0000b"',
        "18446744073709551615",
        "[" * 65 + "]" * 65,
        "[" * 2000,
    ],
)
async def test_200_with_invalid_json_is_a_retryable_failure(body: str | bytes) -> None:
    outcome = await outcome_of(json(body))

    assert isinstance(outcome, Failed)
    assert outcome.error.code == "INVALID_ANSWER"
    assert outcome.retryable


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"1" * 65_536)


async def lying_about_length(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "100"})
    await response.prepare(request)
    await response.write(b'{"half":')
    request.transport.abort()  # type: ignore[union-attr]
    return response


async def hanging_up(request: web.Request) -> web.StreamResponse:
    request.transport.abort()  # type: ignore[union-attr]
    return web.Response()


async def never(_request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    return web.Response()


async def dripping(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"[")
    return await never(request)


BOMB = gzip.compress(b"1" * 50_000_000)


@pytest.mark.parametrize(
    ("answer", "code", "retryable"),
    [
        (endless, "HTTP_ANSWER_TOO_LARGE", False),
        (json("1" * 1_048_577), "HTTP_ANSWER_TOO_LARGE", False),
        (
            web.Response(body=BOMB, headers={"Content-Encoding": "gzip"}),
            "HTTP_ANSWER_ENCODED",
            False,
        ),
        (lying_about_length, "HTTP_BROKEN", True),
        (hanging_up, "HTTP_BROKEN", True),
        (json("1", {"X-Long": "x" * 20_000}), "HTTP_BROKEN", True),
    ],
)
async def test_a_truncated_or_oversized_response_is_a_failure(
    answer: Answer | web.Response, code: str, retryable: bool
) -> None:
    outcome = await outcome_of(answer)

    assert isinstance(outcome, Failed)
    assert (outcome.error.code, outcome.retryable) == (code, retryable)


@pytest.mark.parametrize("answer", [never, dripping])
async def test_a_timeout_is_a_retryable_failure(
    answer: Answer,
) -> None:
    outcome = await outcome_of(answer, timeout_ms=50)

    assert isinstance(outcome, Failed)
    assert (outcome.error.code, outcome.retryable) == ("HTTP_TIMEOUT", True)
    assert "50 ms" in outcome.error.message


async def test_a_cancelled_call_closes_the_connection_to_a_slow_server() -> None:
    arrived = asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        arrived.set()
        return await never(request)

    async with (
        answering(slow) as server,
        functions_of(http_function("remote", server.url)) as functions,
    ):
        task = asyncio.create_task(functions.call(a_call("remote")))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_refused_connection_is_a_retryable_failure() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        function = http_function("remote", f"http://127.0.0.1:{held.getsockname()[1]}/f?token=t0p")
        async with functions_of(function) as functions:
            outcome = await functions.call(a_call("remote"))

    assert isinstance(outcome, Failed)
    assert (outcome.error.code, outcome.retryable) == ("HTTP_UNREACHABLE", True)
    assert "t0p" not in outcome.error.message


async def test_a_redirect_is_not_followed() -> None:
    async with answering(json('"treasure"')) as inside:
        outcome = await outcome_of(web.Response(status=307, headers={"Location": inside.url}))

    assert isinstance(outcome, Failed)
    assert (outcome.error.code, outcome.retryable) == ("HTTP_307", False)
    assert inside.asked == []


async def test_cookies_are_not_kept_between_calls() -> None:
    async with (
        answering(json("1", {"Set-Cookie": "who=acme"})) as server,
        functions_of(
            http_function("remote", server.url.replace("127.0.0.1", "localhost"))
        ) as functions,
    ):
        assert await functions.call(a_call("remote")) == Succeeded(output=1)
        assert await functions.call(a_call("remote", tenant="globex")) == Succeeded(output=1)

    assert [request.headers.get("Cookie") for request, _ in server.asked] == [None, None]


async def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    async with answering(json('"proxied"')) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        assert await outcome_of(json('"direct"')) == Succeeded(output="direct")

    assert proxy.asked == []


@pytest.mark.parametrize("host", ["127.0.0.1", "[::ffff:127.0.0.1]", "localhost", "0x7f000001"])
async def test_a_private_address_is_not_called(host: str) -> None:
    async with answering(json("1")) as server:
        function = http_function("remote", server.url.replace("127.0.0.1", host))
        async with functions_of(function, policy=AddressPolicy()) as functions:
            outcome = await functions.call(a_call("remote"))

    assert isinstance(outcome, Failed)
    assert (outcome.error.code, outcome.retryable) == ("blocked_address", False)
    assert server.asked == []
