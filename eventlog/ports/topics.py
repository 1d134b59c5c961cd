"""The port of topics: messages between Baton's processes and from other systems, at least once."""

from collections.abc import Collection, Sequence
from typing import Protocol

from baton.domain.frozen import frozen


@frozen
class Message:
    """A message to send: raw bytes. Messages with the same key are delivered in order."""

    value: bytes | None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


@frozen
class ReceivedMessage:
    """A message with its place in a topic; `at` is when it was sent, ms since the epoch."""

    topic: str
    partition: int
    offset: int
    at: int
    message: Message

    @property
    def position(self) -> str:
        """The place as one word, for logs and dead letters."""
        return f"{self.topic}/{self.partition}@{self.offset}"


class TopicConsumer(Protocol):
    """One consumer of a topic, alone or as a member of a group."""

    async def next(
        self, *, unfinished: Collection[ReceivedMessage] = ()
    ) -> Sequence[ReceivedMessage]:
        """Wait for and return the next messages; never empty. May repeat messages.

        The call acknowledges the messages that were returned before. It waits while the topic is
        unavailable; cancelling it loses no message.

        Args:
            unfinished: Earlier messages that are still being processed. They and all later messages
                of their partitions are not acknowledged: if this member fails, another member of
                the group receives them.
        """
        ...

    async def close(self, *, unfinished: Collection[ReceivedMessage] | None = None) -> None:
        """Stop consuming.

        Args:
            unfinished: As in `next`; None acknowledges none of the messages that the last `next`
                returned.
        """
        ...


class Topics(Protocol):
    """Sends and receives messages."""

    async def send(self, topic: str, messages: Sequence[Message]) -> None:
        """Return once the topic has stored all of `messages`.

        Raises `Unavailable` when some of them may be missing, and `Unwritable` if one is too large.
        """
        ...

    async def consume(self, topic: str, *, group: str | None) -> TopicConsumer:
        """Begin to receive the messages of `topic`; raises `Unavailable`.

        Args:
            group: Each message goes to one member of this group, which begins with the oldest
                message. None receives every message that is sent from now on.
        """
        ...
