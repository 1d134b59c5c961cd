"""Receives record events from a topic; as with POST /events, each gets a stream.

A message that can't be read or written becomes a dead letter with the reason and doesn't block the
topic. Every scheduler process consumes partitions of the topic, not only the leader.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from baton.domain.errors import Rejected
from baton.domain.ids import derived_id
from baton.domain.record.decisions import DECIDER as RECORD
from baton.domain.record.messages import ReceiveRecord
from baton.domain.record.state import State as Record
from baton.domain.stream import stream_name
from baton.eventlog.dead_letters.dead_lettering import dead_letter, reject
from baton.eventlog.dead_letters.record_messages import read_message, reason_of
from baton.eventlog.errors import Unwritable
from baton.eventlog.loops.follow import follow
from baton.eventlog.loops.load import StreamState
from baton.eventlog.loops.retry import RetryPolicy, retry
from baton.eventlog.loops.transact import transact
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.clock import Clock
from baton.eventlog.ports.dead_letters import DeadLetter
from baton.eventlog.ports.topics import ReceivedMessage
from baton.scheduler.metrics import Counters

GROUP: Final = "records"
"""The name of the consumer group, without the prefix of Baton's own topics and groups."""
_RETRY: Final = RetryPolicy(first_ms=1_000, max_ms=1_000)
"""The delay before the topic is consumed again after consuming it failed."""

_NEW_RECORD: Final = StreamState(Record(), 0)

_log = logging.getLogger(__name__)


class RecordReceiver:
    """Consumes the record events of `topic` (`run`), in parallel with other receivers.

    Dead letters go to their table and to the dead-letter topic.

    Args:
        stores: Must have topics.
        prefix: Starts the names of the consumer group and of the dead-letter topic.
    """

    def __init__(
        self,
        stores: Stores,
        *,
        clock: Clock,
        topic: str,
        prefix: str,
        counters: Counters | None = None,
    ) -> None:
        if stores.topics is None:
            raise LookupError(
                "record events are received from a topic, which needs a log that has topics"
            )
        self._stores = stores
        self._topics = stores.topics
        self._clock = clock
        self._topic = topic
        self._prefix = prefix
        self._counters = counters or Counters()

    async def run(self) -> None:
        """Consume messages until cancelled; messages in progress are then delivered again."""
        await retry(
            self._follow_topic,
            clock=self._clock,
            log=_log,
            doing="receiving record events",
            policy=_RETRY,
        )

    async def _follow_topic(self) -> None:
        group = f"{self._prefix}{GROUP}"
        consumer = await self._topics.consume(self._topic, group=group)
        await follow(consumer, self.handle, clock=self._clock)

    async def handle(self, batch: Sequence[ReceivedMessage]) -> None:
        """Record every event of `batch`; unreadable messages become dead letters.

        When it returns, the whole batch is durable. Raises `Unavailable`.
        """
        at = self._clock.now()
        outcomes = await asyncio.gather(*(self._process(message, at) for message in batch))
        letters = [outcome for outcome in outcomes if outcome is not None]
        await reject(letters, self._stores.dead_letters, self._topics, prefix=self._prefix)
        self._counters.messages_given_up += len(letters)

    async def _process(self, message: ReceivedMessage, at: int) -> DeadLetter | None:
        """Record the events of one message; return a dead letter if that is impossible."""
        try:
            records = read_message(message, at=at)
            recorded = await asyncio.gather(*map(self._record, records))
        except Rejected as rejected:
            return self._letter(message, reason_of(rejected), at)
        except Unwritable as error:
            return self._letter(message, f"The event can't be written: {error}", at)
        new = sum(recorded)
        self._counters.records_received += new
        self._counters.records_known_before += len(recorded) - new
        return None

    async def _record(self, record: ReceiveRecord) -> bool:
        """Append the record's stream; return whether the event was new."""
        ident = derived_id("record", record.source, record.event_id)
        stream = stream_name(record.tenant, RECORD.name, ident)
        outcome = await transact(self._stores.events, RECORD, stream, record, known=_NEW_RECORD)
        return outcome.changed

    def _letter(self, message: ReceivedMessage, reason: str, at: int) -> DeadLetter:
        _log.warning("the message at %s becomes a dead letter: %s", message.position, reason)
        return dead_letter(message, reason, at=at)
