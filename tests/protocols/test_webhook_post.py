"""One attempt of a delivery: the outcome that follows from each answer of a receiver."""

import pytest
from aiohttp import web

from baton.protocols.address_policy import AddressPolicy
from baton.protocols.http_client import HttpClient
from baton.protocols.webhook_post import Answer, Message, post_message
from tests.webhooks.receiver import receiving

AT = 1_900_000_000_000
"""2030-03-17T17:46:40Z."""


async def posted(status: int, **headers: str) -> Answer:
    client = HttpClient(AddressPolicy(allow_private=True))
    async with receiving(lambda _: web.Response(status=status, headers=headers)) as receiver:
        message = Message(id="d1", url=receiver.url, body=b"{}", secrets=("secret",), at=AT)
        try:
            return await post_message(client, message)
        finally:
            await client.close()


@pytest.mark.parametrize("status", [200, 202, 204])
async def test_any_2xx_is_success(status: int) -> None:
    assert await posted(status) == Answer(status=status)


@pytest.mark.parametrize("status", [301, 307, 400, 404, 500])
async def test_anything_else_is_a_failure_that_may_pass(status: int) -> None:
    answer = await posted(status, Location="/elsewhere")

    assert (answer.status, answer.final) == (status, False)
    assert answer.error is not None
    assert answer.error.startswith(f"HTTP_{status}: ")


async def test_a_receiver_that_is_gone_is_asked_no_more() -> None:
    assert (await posted(410)).final


@pytest.mark.parametrize(
    ("header", "wait_ms"),
    [
        ("30", 30_000),
        ("Sun, 17 Mar 2030 17:47:40 GMT", 60_000),
        ("Sun, 17 Mar 2030 17:00:00 GMT", 0),
        ("-5", 0),
        ("soon", 0),
        ("9" * 30, 0),
    ],
)
async def test_retry_after_is_read_in_seconds_or_as_a_date(header: str, wait_ms: int) -> None:
    assert (await posted(503, **{"Retry-After": header})).retry_after_ms == wait_ms


async def test_no_answer_is_a_failure_without_a_status() -> None:
    client = HttpClient(AddressPolicy(allow_private=True))
    message = Message(id="d1", url="http://127.0.0.1:9/", body=b"{}", secrets=("secret",), at=AT)
    answer = await post_message(client, message)
    await client.close()

    assert (answer.status, answer.final) == (None, False)
    assert answer.error is not None
    assert answer.error.startswith("HTTP_UNREACHABLE: ")
