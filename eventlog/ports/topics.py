"""Messages between Baton and others, and between its processes: named topics, at least once."""

from collections.abc import Collection, Sequence
from typing import Protocol

from baton.domain.frozen import frozen


@frozen
class Message:
    """What is sent: raw bytes, for anything may come in. Messages of a key stay in order."""

    value: bytes | None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


@frozen
class ReceivedMessage:
    """A message at its place in a topic; `at` is when it was sent, ms since the epoch."""

    topic: str
    partition: int
    offset: int
    at: int
    message: Message

    @property
    def position(self) -> str:
        """Return the place in one word, as logs and dead letters show it."""
        return f"{self.topic}/{self.partition}@{self.offset}"


class TopicConsumer(Protocol):
    """One consumer's place in a topic."""

    async def next(
        self, *, unfinished: Collection[ReceivedMessage] = ()
    ) -> Sequence[ReceivedMessage]:
        """Wait for and return the next messages; never empty. Repeats are possible.

        The call says that what was returned before is handled: it isn't given out again. That does
        not hold for those `unfinished`, nor for what follows one of them in its partition: others
        of the group get them when this member is gone. Topics that don't answer are waited for. A
        call that is cancelled loses nothing.
        """
        ...

    async def close(self, *, unfinished: Collection[ReceivedMessage] | None = None) -> None:
        """Leave. What was returned last is handled if `unfinished` is given, but for those."""
        ...


class Topics(Protocol):
    """Sends and receives messages."""

    async def send(self, topic: str, messages: Sequence[Message]) -> None:
        """Return once all of `messages` are kept; raises `Unavailable`, and then they may be."""
        ...

    async def consume(self, topic: str, *, group: str | None) -> TopicConsumer:
        """Receive the messages of `topic`.

        Each goes to one member of `group`, the first time from the oldest message on. Without a
        group every consumer gets all that are sent after this call.
        """
        ...
