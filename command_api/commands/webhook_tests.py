"""Posts a test message to a receiver at once, and records the test."""

from dataclasses import dataclass
from typing import Final

import orjson

from baton.command_api.auditing.access_log import Caller
from baton.command_api.commands.webhooks import (
    check_address,
    check_secret,
    generate_secret,
)
from baton.command_api.services import Services
from baton.domain.json import Json
from baton.domain.webhook.messages import EventType
from baton.protocols.http_client import without_query
from baton.protocols.iso_time import format_time
from baton.protocols.webhook_post import Message, post_message

DELIVERED: Final = "Webhook delivered successfully"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestMessage:
    """A message for a receiver; without a `secret` it is signed with a random one."""

    __test__ = False  # pytest takes it for a test otherwise

    url: str
    event: EventType
    data: Json
    secret: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TestOutcome:
    """The outcome of a message; `status` is None if there was no response."""

    __test__ = False

    success: bool
    status: int | None
    message: str


async def post_test_message(
    services: Services, caller: Caller, test: TestMessage, *, at: int
) -> TestOutcome:
    """Record the test and post the message once.

    Raises Invalid for its URL and its secret, and `Unavailable`.
    """
    check_address(services, test.url)
    if test.secret is not None:
        check_secret(test.secret)
    await services.accesses.webhook_tested(caller, without_query(test.url))
    body = orjson.dumps({"type": test.event, "timestamp": format_time(at), "data": test.data})
    message = Message(
        id=services.new_id(),
        url=test.url,
        body=body,
        secrets=(generate_secret() if test.secret is None else test.secret,),
        at=at,
    )
    answer = await post_message(services.webhooks.client, message)
    return TestOutcome(
        success=answer.error is None, status=answer.status, message=answer.error or DELIVERED
    )
