"""A receiver of webhooks on loopback, which answers as the test says and verifies what it gets."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from standardwebhooks.webhooks import Webhook


@dataclass(frozen=True, slots=True)
class Message:
    """A message as the receiver got it."""

    headers: Mapping[str, str]
    raw: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def timestamp(self) -> str:
        return self.headers["webhook-timestamp"]

    def verified(self, secret: str) -> Any:
        """Return the body; raises WebhookVerificationError for a signature of another secret."""
        key = secret if secret.startswith("whsec_") else secret.encode()
        return Webhook(key).verify(self.raw, dict(self.headers))


Answer = Callable[[Message], int | web.Response | Awaitable[int | web.Response]]


@dataclass
class Receiver:
    """The messages that arrived, refused ones too; `answer` may be changed at any time."""

    answer: Answer
    url: str = ""
    got: list[Message] = field(default_factory=list)
    took: list[Message] = field(default_factory=list)

    @property
    def ids(self) -> list[str]:
        """The ids of the messages that it took."""
        return [one.id for one in self.took]

    async def receive(self, request: web.Request) -> web.Response:
        message = Message(
            {name.lower(): value for name, value in request.headers.items()},
            await request.read(),
        )
        self.got.append(message)
        found = self.answer(message)
        answer = found if isinstance(found, int | web.Response) else await found
        response = web.Response(status=answer) if isinstance(answer, int) else answer
        if response.status < 300:
            self.took.append(message)
        return response


def always(status: int = 200) -> Answer:
    """Return an answer that is the same each time."""
    return lambda _: status


@asynccontextmanager
async def receiving(
    answer: Answer | None = None, *, port: int = 0, receiver: Receiver | None = None
) -> AsyncIterator[Receiver]:
    """Run a receiver until the block ends; without an `answer` it takes every message.

    Args:
        answer: What it answers.
        port: The port, 0 for a free one.
        receiver: The receiver that goes on, with what it got before.
    """
    receiver = receiver or Receiver(answer or always())
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.receive)
    server = TestServer(app, host="127.0.0.1", port=port or None)
    await server.start_server(shutdown_timeout=0.1)
    receiver.url = str(server.make_url("/hook"))
    try:
        yield receiver
    finally:
        await server.close()
