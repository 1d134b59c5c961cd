"""Anchors on other machines: a receiver of signed webhooks, and a topic."""

from typing import Final

import orjson

from baton.eventlog.errors import Unavailable
from baton.eventlog.notary.signed_head import read_head
from baton.eventlog.ports.audit.leaf_store import SealedHead
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.topics import Message, Topics
from baton.protocols.http_client import HttpClient
from baton.protocols.iso_time import format_time
from baton.protocols.webhook_post import Message as Post
from baton.protocols.webhook_post import post_message

TYPE: Final = "audit.tree-head"
"""The type of the messages."""
TIMEOUT_MS: Final = 5_000
"""The time in which a receiver must answer, in ms; a stop waits for it."""


class WebhookAnchor:
    """Posts heads to a receiver, signed as Standard Webhooks 1.0 describes.

    Args:
        client: Sends the requests.
        url: The receiver.
        secret: Signs the requests.
        clock: Gives the requests their times.
    """

    def __init__(self, client: HttpClient, url: str, secret: str, clock: Clock) -> None:
        self._client, self._url, self._secret, self._clock = client, url, secret, clock

    async def put(self, head: SealedHead) -> None:
        """Post a head; raises `Unavailable` unless the receiver accepts it."""
        at = self._clock.now()
        message = Post(
            id=f"head-{head.size}-{head.root.hex()[:16]}",
            url=self._url,
            body=orjson.dumps(
                {"type": TYPE, "timestamp": format_time(at), "data": head_document(head)}
            ),
            secrets=(self._secret,),
            at=at,
        )
        answer = await post_message(self._client, message, timeout_ms=TIMEOUT_MS)
        if answer.error is not None:
            raise Unavailable(answer.error)


class TopicAnchor:
    """Sends heads to a topic, all with the name of the log as key, so that they stay in order."""

    def __init__(self, topics: Topics, topic: str) -> None:
        self._topics, self._topic = topics, topic

    async def put(self, head: SealedHead) -> None:
        """Send a head; raises `Unavailable` and `Unwritable`."""
        origin = read_head(head.note).origin
        message = Message(value=orjson.dumps(head_document(head)), key=origin.encode())
        await self._topics.send(self._topic, (message,))


def head_document(head: SealedHead) -> dict[str, str | int]:
    """Return a head as JSON; its note has the remaining facts, and is the part to verify."""
    return {
        "size": head.size,
        "root": head.root.hex(),
        "position": head.position,
        "time": format_time(head.at),
        "note": head.note.decode(),
    }
