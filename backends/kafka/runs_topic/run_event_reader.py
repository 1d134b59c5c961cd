"""Decodes messages of the runs topic; other messages are skipped and reported.

An unreadable message never stops its partition, because the store is the source of truth.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final, TypeAlias

from baton.backends.kafka.consuming.records import RawRecord
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

EVENTS_PER_YIELD: Final = 250
"""The number of events decoded before other tasks of the event loop may run."""
REPORT_RETRY: Final = RetryPolicy(first_ms=500, max_ms=500, transient=(), attempts=3)

AlreadySeen: TypeAlias = Callable[[str, int], bool]
OnUnreadable: TypeAlias = Callable[[ReceivedMessage, str], Awaitable[None]]

_CLOCK = SystemClock()
_log = logging.getLogger("baton.kafka")


async def log_only(message: ReceivedMessage, reason: str) -> None:
    """Keep nothing of an unreadable message; the reader has logged it."""


class RunEventReader:
    """Decodes messages; `unreadable` counts messages that aren't run events."""

    def __init__(self, store: EventStore, on_unreadable: OnUnreadable = log_only) -> None:
        """Read large events from `store`.

        Args:
            store: Holds the events that are too large for a message.
            on_unreadable: Called on the event loop with each unreadable message and the reason,
                again after a redelivery. Its errors are retried as `REPORT_RETRY` says, then
                logged.
        """
        self.unreadable = 0
        self._store = store
        self._on_unreadable = on_unreadable

    async def read(
        self, messages: Sequence[RawRecord], already_seen: AlreadySeen
    ) -> list[Recorded]:
        """Return the new events of `messages`, in their order; raises `Unavailable`.

        Args:
            messages: Records of the runs topic.
            already_seen: Called with stream and version before an event is decoded; True skips it.
        """
        events: list[Recorded] = []
        for message in messages:
            try:
                event = event_ref_of(message.key, message.headers)
                if already_seen(event.stream, event.version):
                    continue
                events += await self._decode(event, message)
            except (NotARunEvent, Unreadable) as error:
                await self._skip(message, " ".join(str(error).split()))
            if len(events) % EVENTS_PER_YIELD == 0:
                await asyncio.sleep(0)
        return events

    async def _decode(self, event: EventRef, message: RawRecord) -> Sequence[Recorded]:
        stored = stored_event(event, message.value, message.headers)
        if stored is not None:
            return (decode_recorded(*stored),)
        recorded = await self._store.read(event.stream, after=event.version - 1)
        if not recorded:
            raise NotARunEvent(f"{event.stream} has no version {event.version} in the store")
        return recorded[:1]

    async def _skip(self, message: RawRecord, reason: str) -> None:
        received = ReceivedMessage(
            topic=message.topic,
            partition=message.partition,
            offset=message.offset,
            at=message.timestamp,
            message=Message(value=message.value, key=message.key, headers=tuple(message.headers)),
        )
        self.unreadable += 1
        _log.warning("skipping the message at %s: %s", received.position, reason)
        report = partial(self._on_unreadable, received, reason)
        doing = f"reporting {received.position}"
        try:
            await retry(report, clock=_CLOCK, log=_log, doing=doing, policy=REPORT_RETRY)
        except Exception:  # noqa: BLE001 - an unreadable message must not stop its partition
            _log.warning("%s failed", doing, exc_info=True)
