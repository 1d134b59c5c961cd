"""Sends messages to topics in batches: messages that arrive during a send go into the next one."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from baton.eventlog.errors import Unavailable
from baton.eventlog.loops.retry import RetryPolicy, retry
from baton.eventlog.loops.stop_tasks import stop_tasks
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.topics import Message, Topics

MAX_BATCH = 1_000
"""The number of messages of one send."""
_RETRY = RetryPolicy(factor=4)

_log = logging.getLogger("baton.executor")


class Undeliverable(Exception):
    """The topic will never accept the message; the text is the reason."""


@dataclass(slots=True, eq=False)
class _QueuedMessage:
    message: Message
    delivered: asyncio.Future[None]


class Sender:
    """Batches the messages of many callers by topic, in the order of their calls."""

    def __init__(self, topics: Topics, *, clock: Clock) -> None:
        self._topics = topics
        self._clock = clock
        self._queued: dict[str, list[_QueuedMessage]] = {}
        self._flushers: dict[str, asyncio.Task[None]] = {}

    async def send(self, topic: str, message: Message) -> None:
        """Return once the topic has stored `message`, waiting for as long as it is unavailable.

        Retries may store the message more than once. Canceling the call withdraws the message if
        no send has begun with it.

        Raises:
            Undeliverable: The topic refused the message.
        """
        queued = _QueuedMessage(message, asyncio.get_running_loop().create_future())
        self._queued.setdefault(topic, []).append(queued)
        if topic not in self._flushers:
            self._flushers[topic] = asyncio.create_task(self._flush(topic), name=f"send {topic}")
        await queued.delivered

    async def close(self) -> None:
        """Stop sending; calls of `send` that still wait are cancelled."""
        await stop_tasks(tuple(self._flushers.values()))

    async def _flush(self, topic: str) -> None:
        try:
            while queued := self._queued.get(topic):
                batch, self._queued[topic] = queued[:MAX_BATCH], queued[MAX_BATCH:]
                try:
                    await self._send(topic, batch)
                finally:
                    for request in batch:
                        request.delivered.cancel()  # has no effect on futures that have a result
        finally:
            del self._flushers[topic]
            for request in self._queued.pop(topic, ()):
                request.delivered.cancel()

    async def _send(self, topic: str, batch: Sequence[_QueuedMessage]) -> None:
        attempt = partial(self._try_to_send, topic, batch)
        await retry(
            attempt, clock=self._clock, log=_log, doing=f"sending to {topic}", policy=_RETRY
        )

    async def _try_to_send(self, topic: str, batch: Sequence[_QueuedMessage]) -> None:
        """Send the messages of `batch` whose callers still wait, and resolve their futures.

        A refused batch is sent message by message, so that one bad message doesn't fail the others.
        """
        batch = [request for request in batch if not request.delivered.done()]
        try:
            if batch:
                await self._topics.send(topic, [request.message for request in batch])
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - passed on to the caller of `send`
            if len(batch) == 1:
                _resolve(batch, error)
                return
            for request in batch:
                await self._send(topic, [request])
        else:
            _resolve(batch, None)


def _resolve(batch: Sequence[_QueuedMessage], error: Exception | None) -> None:
    for request in batch:
        if request.delivered.done():
            continue
        if error is None:
            request.delivered.set_result(None)
        else:
            request.delivered.set_exception(Undeliverable(f"the message was refused: {error}"))
