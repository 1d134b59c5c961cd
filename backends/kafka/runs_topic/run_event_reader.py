"""Reads what comes in on the runs topic; what is no event is passed over and told of.

A message that can't be read never stops its partition, for the store has the truth.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final, TypeAlias

from baton.backends.kafka.consuming.offsets import RawRecord
from baton.backends.kafka.runs_topic.run_event_codec import (
    EventRef,
    NotARunEvent,
    event_ref_of,
    stored_event,
)
from baton.eventlog.clock import SystemClock
from baton.eventlog.errors import Unreadable
from baton.eventlog.events.codec import decode_recorded
from baton.eventlog.events.envelope import Recorded
from baton.eventlog.loops.retry import RetryPolicy, retry
from baton.eventlog.ports.stores import EventStore
from baton.eventlog.ports.topics import Message, ReceivedMessage

SLICE: Final = 250
"""Events decoded before others get their turn on the event loop."""
RETRY: Final = RetryPolicy(first_ms=500, max_ms=500, transient=(), attempts=3)

AlreadySeen: TypeAlias = Callable[[str, int], bool]
OnUnreadable: TypeAlias = Callable[[ReceivedMessage, str], Awaitable[None]]

_CLOCK = SystemClock()
_log = logging.getLogger("baton.kafka")


async def log_only(message: ReceivedMessage, reason: str) -> None:
    """Keep nothing of a message that can't be read."""


class RunEventReader:
    """Decodes messages; `unreadable` counts those that were no events.

    `store` has the events that are too large for a message. `on_unreadable` gets what is no event,
    with the reason, and may get it again; what it can't keep after some attempts is only logged.
    """

    def __init__(self, store: EventStore, on_unreadable: OnUnreadable = log_only) -> None:
        self.unreadable = 0
        self._store = store
        self._on_unreadable = on_unreadable

    async def read(
        self, messages: Sequence[RawRecord], already_seen: AlreadySeen
    ) -> list[Recorded]:
        """Return the events that aren't known, in order; raises `Unavailable`."""
        found: list[Recorded] = []
        for message in messages:
            try:
                place = event_ref_of(message.key, message.headers)
                if already_seen(place.stream, place.version):
                    continue
                found += await self._event(place, message)
            except (NotARunEvent, Unreadable) as error:
                await self._pass_over(message, " ".join(str(error).split()))
            if len(found) % SLICE == 0:
                await asyncio.sleep(0)
        return found

    async def _event(self, place: EventRef, message: RawRecord) -> Sequence[Recorded]:
        stored = stored_event(place, message.value, message.headers)
        if stored is not None:
            return (decode_recorded(*stored),)
        found = await self._store.read(place.stream, after=place.version - 1)
        if not found:
            raise NotARunEvent(f"{place.stream} has no version {place.version} in the store")
        return found[:1]

    async def _pass_over(self, message: RawRecord, reason: str) -> None:
        delivered = ReceivedMessage(
            topic=message.topic,
            partition=message.partition,
            offset=message.offset,
            at=message.timestamp,
            message=Message(value=message.value, key=message.key, headers=tuple(message.headers)),
        )
        self.unreadable += 1
        _log.warning("%s is passed over: %s", delivered.position, reason)
        report = partial(self._on_unreadable, delivered, reason)
        doing = f"reporting {delivered.position}"
        try:
            await retry(report, clock=_CLOCK, log=_log, doing=doing, policy=RETRY)
        except Exception:  # noqa: BLE001 - a message that can't be reported must not stop the log
            _log.warning("%s is not reported", delivered.position, exc_info=True)
