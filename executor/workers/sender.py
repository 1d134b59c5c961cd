"""Sends messages to topics: those that come while a send is under way go into the next one."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from baton.eventlog.errors import Unavailable
from baton.eventlog.loops.retry import RetryPolicy, retry
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.topics import Message, Topics

MAX_TOGETHER = 1_000
_RETRY = RetryPolicy(factor=4)

_log = logging.getLogger("baton.executor")


class Undeliverable(Exception):
    """The message will never be taken, whenever it is sent; says why."""


@dataclass(slots=True, eq=False)
class _Posted:
    message: Message
    kept: asyncio.Future[None]


class Sender:
    """Shares the sends of many callers, topic by topic, in the order they came."""

    def __init__(self, topics: Topics, *, clock: Clock) -> None:
        self._topics = topics
        self._clock = clock
        self._posted: dict[str, list[_Posted]] = {}
        self._flushers: dict[str, asyncio.Task[None]] = {}

    async def send(self, topic: str, message: Message) -> None:
        """Return once `message` is kept, perhaps more than once; topics are waited for.

        A caller that is cancelled takes it back, if it is not on its way. Raises Undeliverable.
        """
        posted = _Posted(message, asyncio.get_running_loop().create_future())
        self._posted.setdefault(topic, []).append(posted)
        if topic not in self._flushers:
            self._flushers[topic] = asyncio.create_task(self._flush(topic), name=f"send {topic}")
        await posted.kept

    async def close(self) -> None:
        """Send nothing more."""
        flushers = tuple(self._flushers.values())
        for flusher in flushers:
            flusher.cancel()
        await asyncio.gather(*flushers, return_exceptions=True)

    async def _flush(self, topic: str) -> None:
        try:
            while posted := self._posted.get(topic):
                batch, self._posted[topic] = posted[:MAX_TOGETHER], posted[MAX_TOGETHER:]
                try:
                    await self._send(topic, batch)
                finally:
                    for one in batch:
                        one.kept.cancel()  # only when nothing was said of it
        finally:
            del self._flushers[topic]
            for one in self._posted.pop(topic, ()):
                one.kept.cancel()

    async def _send(self, topic: str, batch: Sequence[_Posted]) -> None:
        attempt = partial(self._try_to_send, topic, batch)
        await retry(
            attempt, clock=self._clock, log=_log, doing=f"sending to {topic}", policy=_RETRY
        )

    async def _try_to_send(self, topic: str, batch: Sequence[_Posted]) -> None:
        """Send those of `batch` whose callers still wait, and answer them.

        A batch that can't be sent is split, so that one bad message does not fail the others.
        """
        batch = [one for one in batch if not one.kept.done()]
        try:
            if batch:
                await self._topics.send(topic, [one.message for one in batch])
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - passed on to the caller of `send`
            if len(batch) == 1:
                _tell(batch, error)
                return
            for one in batch:
                await self._send(topic, [one])
        else:
            _tell(batch, None)


def _tell(batch: Sequence[_Posted], error: Exception | None) -> None:
    for one in batch:
        if one.kept.done():
            continue
        if error is None:
            one.kept.set_result(None)
        else:
            one.kept.set_exception(Undeliverable(f"the message can't be sent: {error}"))
