"""Posts a test message to a receiver at once, and records that."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from baton.command_api.auditing.access_log import Caller
from baton.command_api.commands.webhooks import check_address, generate_secret
from baton.command_api.services import Services
from baton.domain.json import Json
from baton.domain.webhook.messages import EventType
from baton.protocols.http_client import without_query
from baton.protocols.iso_time import format_time
from baton.protocols.webhook_post import Answer, Message, post_message

DELIVERED: Final = "Webhook delivered successfully"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestMessage:
    """A message for a receiver; without `secrets` it is signed with a random one."""

    __test__ = False  # pytest takes it for a test otherwise

    url: str
    event: EventType
    data: Json
    secrets: Sequence[str] = ()


async def post_test_message(
    services: Services, caller: Caller, test: TestMessage, *, at: int
) -> Answer:
    """Record the test, post the message once, and return what became of it.

    Raises Invalid for its URL, and `Unavailable`.
    """
    check_address(services, test.url)
    await services.accesses.webhook_tested(caller, without_query(test.url))
    body = orjson.dumps({"type": test.event, "timestamp": format_time(at), "data": test.data})
    message = Message(
        id=services.new_id(),
        url=test.url,
        body=body,
        secrets=test.secrets or (generate_secret(),),
        at=at,
    )
    return await post_message(services.webhooks.client, message)
