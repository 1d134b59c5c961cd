"""The contract of a transport: how it opens a stream, sends lines, and ends it with a reason."""

from collections.abc import Sequence
from typing import Protocol

from aiohttp import web

from baton.command_api.live.ending import Ending
from baton.command_api.live.subscription import Subscription


class StreamWriter(Protocol):
    """One open stream. Methods raise ConnectionError once the client has left."""

    @property
    def response(self) -> web.StreamResponse:
        """The response of the request."""
        ...

    async def open(self) -> None:
        """Send the head of the response."""
        ...

    async def send(self, lines: Sequence[bytes]) -> None:
        """Send JSON lines; returns when the connection can take more."""
        ...

    async def watch(self, subscription: Subscription) -> None:
        """Keep the connection alive, and end `subscription` when the client leaves."""
        ...

    async def finish(self, ending: Ending, last_line: bytes, *, after: int) -> None:
        """Tell the client why the stream ends.

        Args:
            ending: The reason.
            last_line: The error as a JSON line.
            after: The position after which the client can resume.
        """
        ...
