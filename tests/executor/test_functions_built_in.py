"""The built-in functions: noop, echo, sleep, fail and http."""

import math

import orjson
import pytest
from aiohttp import web

from baton.domain.ids import function_uuid
from baton.domain.run.outcome import Failed, Succeeded
from baton.executor.sdk import function
from baton.protocols.address_policy import AddressPolicy
from tests.executor.calls import a_call, functions_of
from tests.executor.scripted_server import answering
from tests.kit.clock import SkippingClock


@pytest.mark.parametrize("reference", ["noop", function_uuid("noop")])
async def test_noop_returns_success(reference: str) -> None:
    async with functions_of() as functions:
        assert await functions.call(a_call(reference)) == Succeeded(output="success")


@pytest.mark.parametrize(
    ("config", "output"),
    [
        (None, {"recordId": "r-1"}),
        ({}, {"recordId": "r-1"}),
        ({"value": [1, 2]}, [1, 2]),
        ({"value": None}, None),
    ],
)
async def test_echo_returns_its_value_or_the_input(config: object, output: object) -> None:
    async with functions_of() as functions:
        assert await functions.call(a_call("echo", config=config)) == Succeeded(output=output)


async def test_sleep_waits_for_the_configured_time() -> None:
    clock = SkippingClock()

    async with functions_of(clock=clock) as functions:
        outcome = await functions.call(a_call("sleep", config={"ms": 86_400_000}))

    assert outcome == Succeeded(output="success")
    assert clock.slept == [86_400_000]


async def test_fail_fails_as_configured() -> None:
    config = {"message": "no stock", "code": "NO_STOCK", "retryable": False}

    async with functions_of() as functions:
        outcome = await functions.call(a_call("fail", config=config))
        plain = await functions.call(a_call("fail"))

    assert isinstance(outcome, Failed)
    assert isinstance(plain, Failed)
    assert (outcome.error.code, outcome.error.message) == ("NO_STOCK", "no stock")
    assert not outcome.retryable
    assert plain.retryable


async def test_fail_with_times_fails_that_many_attempts_only() -> None:
    async with functions_of() as functions:
        outcomes = [
            await functions.call(a_call("fail", config={"times": 2}, attempt=attempt))
            for attempt in (1, 2, 3)
        ]

    assert [type(outcome) for outcome in outcomes] == [Failed, Failed, Succeeded]


@pytest.mark.parametrize(
    ("name", "config", "member"),
    [
        ("sleep", None, "config.ms"),
        ("sleep", {"ms": "1"}, "config.ms"),
        ("sleep", {"ms": True}, "config.ms"),
        ("sleep", {"ms": -1}, "config.ms"),
        ("sleep", {"ms": math.inf}, "config.ms"),
        ("fail", {"times": "x"}, "config.times"),
        ("fail", {"code": 1}, "config.code"),
        ("http", None, "config.url"),
        ("http", {"url": 1}, "config.url"),
        ("http", {"url": "http://a.example", "method": "BREW"}, "config.method"),
        ("http", {"url": "http://a.example", "method": "GET\r\nX-Evil: 1"}, "config.method"),
        ("http", {"url": "http://a.example", "headers": []}, "config.headers"),
        ("http", {"url": "http://a.example", "headers": {"X-N": 1}}, "config.headers.X-N"),
        ("http", {"url": "http://a.example", "headers": {"X": "a\r\nY: b"}}, "config.headers"),
        ("http", {"url": "http://a.example", "headers": {"X": "a\0"}}, "config.headers"),
        ("http", {"url": "http://a.example", "headers": {"X Y": "a"}}, "config.headers"),
        ("http", {"url": "http://a.example", "headers": {"": "a"}}, "config.headers"),
        ("http", {"url": "http://a.example", "headers": {"hOST": "b.example"}}, "config.headers"),
        ("http", {"url": "http://a.example", "headers": {"Content-Length": "0"}}, "config.headers"),
        ("http", {"url": "http://a.example", "headers": {"Upgrade": "h2c"}}, "config.headers"),
        ("http", {"url": "http://a.example", "headers": {"Proxy-Via": "x"}}, "config.headers"),
    ],
)
async def test_an_invalid_config_fails_without_retry_and_names_the_member(
    name: str, config: object, member: str
) -> None:
    async with functions_of() as functions:
        outcome = await functions.call(a_call(name, config=config))

    assert isinstance(outcome, Failed)
    assert (outcome.error.code, outcome.retryable) == ("INVALID_CONFIG", False)
    assert member in outcome.error.message


async def test_http_sends_the_configured_request_and_returns_the_response() -> None:
    config = {
        "method": "put",
        "headers": {"Authorization": "Bearer x", "content-type": "application/vnd.x+json"},
        "body": {"sku": "é"},
    }
    answer = web.Response(body=b'{"ok": true}', status=201, content_type="application/json")
    async with answering(answer) as server, functions_of() as functions:
        outcome = await functions.call(a_call("http", config=config | {"url": server.url}))

    ((request, body),) = server.asked
    assert (request.method, orjson.loads(body)) == ("PUT", {"sku": "é"})
    assert request.headers["Authorization"] == "Bearer x"
    assert request.headers.getall("Content-Type") == ["application/vnd.x+json"]
    assert request.headers["Idempotency-Key"] == f"{'c' * 20}.check.1"
    assert isinstance(outcome, Succeeded)
    assert isinstance(outcome.output, dict)
    assert (outcome.output["status"], outcome.output["body"]) == (201, {"ok": True})
    assert outcome.output["headers"]["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("body", "method", "sent"),
    [(None, "GET", b""), ("text", "POST", b"text"), ([1], "POST", b"[1]")],
)
async def test_http_uses_post_with_a_body_and_get_without(
    body: object, method: str, sent: bytes
) -> None:
    async with answering(web.Response()) as server, functions_of() as functions:
        outcome = await functions.call(a_call("http", config={"url": server.url, "body": body}))

    ((request, received),) = server.asked
    assert isinstance(outcome, Succeeded)
    assert (request.method, received) == (method, sent)


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (web.Response(text="plain é"), "plain é"),
        (
            web.Response(body="é".encode("latin-1"), content_type="text/plain", charset="latin-1"),
            "é",
        ),
        (web.Response(body=b"\xff", headers={"Content-Type": "text/plain; charset=huh"}), "\ufffd"),
        # A charset of Python's that would need seconds for a large body.
        (
            web.Response(body=b"b-a", headers={"Content-Type": "text/plain; charset=punycode"}),
            "b-a",
        ),
        (web.Response(status=204), None),
    ],
)
async def test_http_returns_a_body_that_is_not_json_as_text(
    answer: web.Response, body: str | None
) -> None:
    async with answering(answer) as server, functions_of() as functions:
        outcome = await functions.call(a_call("http", config={"url": server.url}))

    assert isinstance(outcome, Succeeded)
    assert isinstance(outcome.output, dict)
    assert outcome.output["body"] == body


@pytest.mark.parametrize(
    ("answer", "code", "retryable"),
    [
        (web.Response(status=404, text="gone"), "HTTP_404", False),
        (web.Response(status=503), "HTTP_503", True),
        (web.Response(status=302, headers={"Location": "http://10.0.0.1/"}), "HTTP_302", False),
        (web.Response(body=b"{", content_type="application/json"), "INVALID_ANSWER", True),
        (web.Response(text="a\0b"), "INVALID_ANSWER", True),
    ],
)
async def test_http_fails_on_a_status_other_than_2xx(
    answer: web.Response, code: str, retryable: bool
) -> None:
    async with answering(answer) as server, functions_of() as functions:
        config = {"url": server.url + "?token=t0p"}
        outcome = await functions.call(a_call("http", config=config))

    assert isinstance(outcome, Failed)
    assert (outcome.error.code, outcome.retryable) == (code, retryable)
    assert "t0p" not in outcome.error.message


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
async def test_http_calls_no_private_address(host: str) -> None:
    async with (
        answering(web.Response()) as server,
        functions_of(policy=AddressPolicy()) as functions,
    ):
        url = server.url.replace("127.0.0.1", host)
        outcome = await functions.call(a_call("http", config={"url": url}))

    assert isinstance(outcome, Failed)
    assert (outcome.error.code, outcome.retryable) == ("blocked_address", False)
    assert server.asked == []


async def test_a_users_function_replaces_the_built_in_of_its_name() -> None:
    @function("echo")
    async def echo() -> str:
        return "mine"

    async with functions_of(echo) as functions:
        assert await functions.call(a_call("echo")) == Succeeded(output="mine")
