"""The log as the checkers read it: rows of the store, without Baton's own readers."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import orjson

from baton.eventlog.events.codec import encode, topic_of
from baton.eventlog.events.envelope import Recorded


@dataclass(frozen=True, slots=True)
class Logged:
    """One event; `topic` is such as "run.StepStarted", `data` holds the fields of the event."""

    position: int
    stream: str
    version: int
    topic: str
    data: dict[str, Any]

    @property
    def name(self) -> str:
        """The event's name, such as "StepStarted"."""
        return self.topic.partition(".")[2]

    @property
    def kind(self) -> str:
        """The kind of the stream, such as "run"."""
        return self.stream.split("/")[1]

    @property
    def entity_id(self) -> str:
        """The id of the stream's entity, such as of a run."""
        return self.stream.split("/")[2]


Log = list[Logged]


def read_log(folder: Path, *, after: int = 0) -> Log:
    """Return the events after a position of an SQLite store, which a process may be writing."""
    uri = f"{(folder / 'baton.db').as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=10)) as connection:
        rows = connection.execute(
            "SELECT rowid, originator_id, originator_version, topic, state FROM stored_events"
            " WHERE rowid > ? ORDER BY rowid",
            (after,),
        ).fetchall()
    return [
        Logged(position, stream, version, topic, json.loads(state))
        for position, stream, version, topic, state in rows
    ]


async def read_store(url: str, *, after: int = 0) -> Log:
    """Return the events after a position of a PostgreSQL store."""
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            "SELECT notification_id, originator_id, originator_version, topic, state"
            " FROM public.stored_events WHERE notification_id > $1 ORDER BY notification_id",
            after,
        )
    finally:
        await connection.close()
    return [
        Logged(position, stream, version, topic, json.loads(state))
        for position, stream, version, topic, state in rows
    ]


def seen(recorded: Iterable[Recorded]) -> Log:
    """Convert events that a store in this process has returned."""
    return [
        Logged(one.position, one.stream, one.version, topic_of(one.event), _data(one.event))
        for one in recorded
    ]


def runs_of(log: Iterable[Logged]) -> dict[str, Log]:
    """Return the events of each run by its id."""
    return {stream.split("/")[2]: events for stream, events in streams_of(log, "run")}


def streams_of(log: Iterable[Logged], kind: str | None = None) -> Iterator[tuple[str, Log]]:
    """Yield streams with their events, in the order of their first events."""
    found: dict[str, Log] = {}
    for event in log:
        if kind in (None, event.kind):
            found.setdefault(event.stream, []).append(event)
    yield from found.items()


def _data(event: object) -> dict[str, Any]:
    data: dict[str, Any] = orjson.loads(encode(event))
    return data
