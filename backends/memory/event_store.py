"""Event streams in memory, in the eventsourcing library's recorder."""

from collections.abc import Coroutine, Sequence

from eventsourcing.persistence import IntegrityError, StoredEvent
from eventsourcing.popo import POPOApplicationRecorder

from baton.eventlog.events.codec import decode_recorded, stored_topics_of
from baton.eventlog.events.envelope import Appended, Conflict, Recorded, Selection, Write
from baton.eventlog.feed import Feed
from baton.eventlog.loops.group_commit import GroupCommit, Row


class MemoryEventStore:
    """Implements `EventStore`; `log` shows the events that are appended."""

    def __init__(self) -> None:
        self.recorder = POPOApplicationRecorder()
        self.log = Feed(self._read_after, head=0)
        self._appends = GroupCommit(self._commit, self._newest, self.log.publish)
        self.commits = self._appends.metrics

    def append(self, writes: Sequence[Write]) -> Coroutine[None, None, Appended | Conflict]:
        """Record all of `writes` or none."""
        return self._appends.append(writes)

    async def read(self, stream: str, *, after: int = 0) -> Sequence[Recorded]:
        """Return the events of one stream with versions greater than `after`."""
        ids = self.recorder._stored_events_index.get(stream, {})  # noqa: SLF001 - the API has no positions of a stream's events
        return [
            _recorded(ids[event.originator_version] + 1, event)
            for event in self.recorder.select_events(stream, gt=after)
        ]

    async def read_all(self, *, after: int, limit: int) -> Sequence[Recorded]:
        """Return up to `limit` events with positions greater than `after`, in order."""
        notifications = self.recorder.select_notifications(after, limit, inclusive_of_start=False)
        return [_recorded(event.id, event) for event in notifications]

    async def select(self, wanted: Selection) -> Sequence[Recorded]:
        """Return the events of a selection."""
        part = await self.read_all(after=wanted.after, limit=wanted.up_to - wanted.after)
        found = [
            one
            for one in (reversed(part) if wanted.newest_first else part)
            if one.stream.startswith(f"{wanted.tenant}/")
            and isinstance(one.event, tuple(wanted.classes) or object)
        ]
        return found[: wanted.limit]

    async def head(self) -> int:
        """Return the position of the newest event, 0 in an empty store."""
        return self.recorder.max_notification_id() or 0

    async def close(self) -> None:
        """Commit the appends that were accepted."""
        await self._appends.close()

    async def _commit(self, appends: Sequence[Sequence[Row]]) -> Sequence[int | Conflict]:
        return [self._insert(rows) for rows in appends]

    def _insert(self, rows: Sequence[Row]) -> int | Conflict:
        try:
            ids = self.recorder.insert_events([StoredEvent(*row) for row in rows])
        except IntegrityError:
            return Conflict(rows[0][0])
        return ids[0] if ids else 0

    async def _newest(self, stream: str) -> int:
        newest = self.recorder.select_events(stream, desc=True, limit=1)
        return newest[0].originator_version if newest else 0

    async def _read_after(
        self, after: int, limit: int, classes: frozenset[type] | None
    ) -> Sequence[Recorded]:
        if classes is None:
            return await self.read_all(after=after, limit=limit)
        topics = stored_topics_of(classes)
        part = self.recorder.select_notifications(after, limit, inclusive_of_start=False)
        return [
            _recorded(event.id, event)
            for event in part
            if event.topic in topics or event is part[-1]
        ]


def _recorded(position: int, event: StoredEvent) -> Recorded:
    stream = str(event.originator_id)
    return decode_recorded(position, stream, event.originator_version, event.topic, event.state)
