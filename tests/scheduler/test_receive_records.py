"""Record events from a topic: every form, every fault, duplicates, crashes, and redriving."""

import base64
import json
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.domain.errors import Rejected
from baton.domain.record.messages import RecordReceived
from baton.eventlog.dead_letters.dead_lettering import MAX_SENT, REDRIVEN, TOPIC
from baton.eventlog.dead_letters.record_messages import read_message
from baton.eventlog.dead_letters.redrive import redrive
from baton.eventlog.errors import Unavailable, Unwritable
from baton.eventlog.events.envelope import Appended, Conflict, Write
from baton.eventlog.ports.dead_letters import DeadLetter
from baton.eventlog.ports.stores import EventStore
from baton.eventlog.ports.topics import Message, ReceivedMessage, Topics
from baton.protocols.strict_json import MAX_BYTES, MAX_DEPTH
from baton.scheduler.metrics import Counters
from baton.scheduler.records.receive_records import RecordReceiver
from tests.kit.stack import in_background
from tests.scheduler.world import TENANT, Unreliable, World

RECORDS, PREFIX = "in.records", "in."
STRUCTURED = ("content-type", b"application/cloudevents+json; charset=utf-8")
BATCH = ("Content-Type", b"application/cloudevents-batch+json")
PLAIN = {
    "event": "record_created",
    "workspaceSlug": TENANT,
    "recordSlug": "orders",
    "recordId": "rec_1",
    "data": {"status": "new"},
}
BINARY = {
    "ce_specversion": "1.0",
    "ce_id": "e-1",
    "ce_source": "/shop",
    "ce_type": "record.created",
    "ce_subject": "orders/rec_1",
    "ce_time": "2025-01-15T10:00:00.250Z",
    "ce_workspaceslug": TENANT,
    "content-type": "application/json",
}


def event(**changed: Any) -> dict[str, Any]:
    said = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "/shop",
        "type": "record.created",
        "subject": "orders/rec_1",
        "time": "2025-01-15T10:00:00.250Z",
        "workspaceslug": TENANT,
        "data": {"status": "new"},
        **changed,
    }
    return {name: value for name, value in said.items() if value is not ...}


def message(said: Any, *headers: tuple[str, bytes], key: bytes | None = None) -> Message:
    value = said if isinstance(said, bytes) or said is None else json.dumps(said).encode()
    return Message(value=value, key=key, headers=headers)


def binary(said: Any, **changed: Any) -> Message:
    said_of_it = {**BINARY, **changed}.items()
    headers = tuple((name, value.encode()) for name, value in said_of_it if value is not ...)
    return message(said, *headers)


def base64_of(value: Any) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


@dataclass(slots=True)
class Receiving:
    """A world that receives record events from a topic."""

    world: World
    counters: Counters

    @property
    def topics(self) -> Topics:
        assert self.world.stores.topics is not None
        return self.world.stores.topics

    def receiver(self) -> RecordReceiver:
        return RecordReceiver(
            self.world.stores,
            clock=self.world.clock,
            topic=RECORDS,
            prefix=PREFIX,
            counters=self.counters,
        )

    def running(self) -> AbstractAsyncContextManager[object]:
        return in_background(self.receiver().run())

    async def taken(self, *messages: Message) -> None:
        """Send messages and wait until each is recorded or a dead letter."""
        until = self._done() + len(messages)
        await self.topics.send(RECORDS, messages)
        async with self.running():
            await self.world.clock.advance_until(lambda: self._done() >= until, step_ms=100)

    def _done(self) -> int:
        counters = self.counters
        return (
            counters.records_received + counters.records_known_before + counters.messages_given_up
        )

    async def received(self) -> list[RecordReceived]:
        return await self.world.events(RecordReceived)

    async def letters(self) -> Sequence[DeadLetter]:
        return await self.world.stores.dead_letters.page()


@pytest.fixture
def receiving(world: World) -> Receiving:
    return Receiving(world, Counters())


FORMS: dict[str, Message] = {
    "structured": message(event(), STRUCTURED),
    "structured and keyed": message(event(), STRUCTURED, key=b"orders"),
    "structured, its media type unsaid": message(event()),
    "structured, written with _": message(event(type="record_created"), STRUCTURED),
    "structured with the payload": message(
        event(data=PLAIN, subject=..., workspaceslug=...), STRUCTURED
    ),
    "structured with both workspaces": message(event(data=PLAIN), STRUCTURED),
    "structured in base64": message(
        event(data=..., data_base64=base64_of({"status": "new"})), STRUCTURED
    ),
    "batch": message([event()], BATCH),
    "binary": binary({"status": "new"}),
    "binary, its media type unsaid": binary({"status": "new"}, **{"content-type": ...}),
    "binary with the payload": binary(PLAIN, ce_workspaceslug=..., ce_subject=...),
    "binary in capitals": binary({"status": "new"}, CE_TYPE="record.created", ce_type=...),
    "plain": message(PLAIN),
    "plain and keyed": message(PLAIN, ("content-type", b"application/json"), key=b"\xff"),
    "plain, written with a dot": message({**PLAIN, "event": "record.created"}),
}


@pytest.mark.parametrize("form", FORMS)
async def test_every_form_becomes_the_same_record_event(receiving: Receiving, form: str) -> None:
    await receiving.taken(FORMS[form])

    (record,) = await receiving.received()
    assert record.input == PLAIN
    assert record.type == "record.created"
    if form.startswith("plain"):
        assert record.source == f"topic:{RECORDS}"
    else:
        assert (record.event_id, record.source, record.time) == ("e-1", "/shop", 1736935200250)
    assert await receiving.letters() == []


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


RAW = json.dumps(event()).encode()
TWICE = message(event(), STRUCTURED, ("Content-Type", b"application/json"))
BAD: dict[str, tuple[Message, str]] = {
    "a tombstone": (message(None, STRUCTURED), "no value"),
    "nothing": (message(b""), "empty"),
    "no JSON": (message(b"{", STRUCTURED), "not valid JSON"),
    "no UTF-8": (message(RAW.replace(b"shop", b"\xff")), "not valid JSON"),
    "NaN": (message(RAW.replace(b'"new"', b"NaN")), "not valid JSON"),
    "a lone surrogate": (message(RAW.replace(b"shop", rb"\ud800")), "not valid JSON"),
    "a NUL": (message(RAW.replace(b"shop", rb"\u0000")), "NUL"),
    "nested too deep": (message(event(data=deep(MAX_DEPTH))), "deeper than 64"),
    "beyond 64 bits": (message(event(data=2**63)), "integer"),
    "a byte too long": (message(event(data="x" * MAX_BYTES)), "larger than 1048576"),
    "a number": (message(b"7"), "must be an object"),
    "an array": (message([event()], STRUCTURED), "must be an object"),
    "no batch": (message(event(), BATCH), "array of at most 1000"),
    "one of a batch": (
        message([event(), event(type="baton.x")], BATCH),
        "[1].type: must not begin with baton.",
    ),
    "another version": (message(event(specversion="0.3")), "specversion: must be '1.0'"),
    "another version, binary": (binary({}, ce_specversion="2"), "specversion: must be '1.0'"),
    "no id": (message(event(id=...)), "id: required"),
    "a number for id": (message(event(id=7)), "id: must be a string"),
    "no source": (binary({}, ce_source=...), "source: required"),
    "an unknown type": (message(event(type="record.exploded")), "type: must be one of"),
    "no subject": (binary({}, ce_subject=...), "subject: required"),
    "half a subject": (message(event(subject="orders")), "subject: must be"),
    "no time": (message(event(time="yesterday")), "time: must be an RFC 3339 time"),
    "XML": (binary({}, **{"content-type": "application/xml"}), "datacontenttype: must be JSON"),
    "binary without JSON": (binary(b"<order/>"), "not valid JSON"),
    "base64 of no JSON": (message(event(data=..., data_base64="eA==")), "data_base64: is not"),
    "no base64": (message(event(data=..., data_base64="é")), "data_base64: must be base64"),
    "no workspace": (message(event(workspaceslug=...)), "workspaceslug: required"),
    "no workspace, plain": (message({**PLAIN, "workspaceSlug": None}), "workspaceSlug: required"),
    "no tenant": (message(event(workspaceslug="Acme!")), "workspaceslug: must be 1 to 63"),
    "an empty tenant": (message({**PLAIN, "workspaceSlug": ""}), "workspaceSlug: must be 1 to 63"),
    "a number for workspace": (message({**PLAIN, "workspaceSlug": 7}), "workspaceSlug: must be"),
    "two workspaces": (
        message(event(data=PLAIN, workspaceslug="umbra")),
        "data.workspaceSlug: must be the event's workspace",
    ),
    "a payload of another type": (
        message(event(data={**PLAIN, "event": "record_deleted"})),
        "data.event: must be the event's type",
    ),
    "no record": (message({"event": "record_created"}), "recordSlug: required"),
    "an unknown event, plain": (message({**PLAIN, "event": "x"}), "event: must be one of"),
    "a header twice": (TWICE, "content-type: must be sent once"),
    "a header that is no text": (message(b"{}", ("ce_id", b"\xff")), "id: must be UTF-8"),
}


@pytest.mark.parametrize("case", BAD)
async def test_an_unreadable_message_becomes_a_dead_letter_with_the_reason(
    receiving: Receiving, case: str
) -> None:
    bad, reason = BAD[case]
    bad = replace(bad, key=b"\x00key")
    dead_letters = await receiving.topics.consume(f"{PREFIX}{TOPIC}", group=None)

    await receiving.taken(bad, message(event(), STRUCTURED, key=b"\x00key"))

    (letter,) = await receiving.letters()
    assert reason in letter.reason
    assert letter.message == bad
    assert letter.source.startswith(f"{RECORDS}/")
    assert letter.source.endswith("@0")
    assert len(await receiving.received()) == 1  # the message behind it was recorded
    (sent,) = await dead_letters.next()
    headers = dict(sent.message.headers)
    assert headers["reason"].decode() == letter.reason
    assert headers["source"].decode() == letter.source
    if len(bad.value or b"") < MAX_SENT:
        assert (sent.message.key, sent.message.value) == (bad.key, bad.value)
    else:
        assert (sent.message.value, headers["bytes"]) == (None, b"%d" % (len(bad.value or b"") + 4))


def delivered(said: Message) -> ReceivedMessage:
    return ReceivedMessage(topic=RECORDS, partition=0, offset=7, at=1, message=said)


NAMES = st.sampled_from([*BINARY, "CE_ID", "ce_", "ce_data", "other", REDRIVEN])
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
MEMBERS = st.sampled_from([*event(), *PLAIN, "data_base64", "datacontenttype"])
ALMOST = st.builds(
    lambda said, name, value: {**said, name: value},
    st.sampled_from([event(), PLAIN]),
    MEMBERS,
    JSONS,
)
VALUES = (
    st.binary(max_size=100)
    | st.text('{}[]",:0123456789.eE+-\\u ntf', max_size=60).map(str.encode)
    | (JSONS | ALMOST).map(lambda value: json.dumps(value).encode())
    | ALMOST.map(lambda value: json.dumps([value]).encode())
)
MEDIA = st.sampled_from([STRUCTURED[1], BATCH[1]])
HEADERS = st.lists(
    st.tuples(NAMES, st.binary(max_size=20) | MEDIA | st.sampled_from([b"1.0", b"record.created"]))
)


@given(VALUES | st.none(), HEADERS)
def test_any_message_is_read_or_rejected(value: bytes | None, headers: list[tuple[str, bytes]]):
    with suppress(Rejected):
        records = read_message(delivered(Message(value=value, headers=tuple(headers))), at=5)
        assert records or json.loads(value or b"") == []  # an empty batch holds no event
        assert all(one.tenant and one.event_id and one.source for one in records)


async def test_any_message_ends_as_a_record_or_a_dead_letter(receiving: Receiving) -> None:
    said = [bad for bad, _ in BAD.values()] + [
        message(event(id=f"e-{number}"), STRUCTURED, key=b"%d" % number) for number in range(600)
    ]
    await receiving.taken(*said)

    assert len(await receiving.received()) == 600
    assert len(await receiving.letters()) == len(BAD)
    assert receiving.counters.messages_given_up == len(BAD)


async def test_a_repeated_event_is_dropped_and_the_others_are_recorded(
    receiving: Receiving,
) -> None:
    events = [message(event(id=f"e-{number}"), STRUCTURED, key=b"k") for number in range(10)]
    await receiving.taken(*events, *events[:3], message(event(id="e-1"), STRUCTURED, key=b"other"))
    await receiving.taken(events[9], message(event(id="e-10"), STRUCTURED))

    found = {one.event_id for one in await receiving.received()}
    assert found == {f"e-{number}" for number in range(11)}
    assert len(await receiving.received()) == 11
    assert receiving.counters.records_received == 11
    assert receiving.counters.records_known_before == 5


async def test_two_identical_plain_payloads_are_two_events(receiving: Receiving) -> None:
    await receiving.taken(message(PLAIN, key=b"k"), message(PLAIN, key=b"k"))

    assert len(await receiving.received()) == 2


async def test_messages_of_a_crashed_receiver_are_recorded_once(receiving: Receiving) -> None:
    """It crashed when every message was handled and none acknowledged."""
    said = [
        message(PLAIN),
        message(event(), STRUCTURED),
        message(b"{"),
        message([event(id="f")], BATCH),
    ]
    await receiving.topics.send(RECORDS, said)
    consumption = await receiving.topics.consume(RECORDS, group=f"{PREFIX}records")
    batch = await consumption.next()
    await receiving.receiver().handle(batch)
    await consumption.close()
    before = (await receiving.received(), await receiving.letters())

    await receiving.taken(message(event(id="last"), STRUCTURED))
    async with receiving.running():
        await receiving.world.clock.advance_until(
            lambda: receiving.counters.messages_given_up >= 2, step_ms=100
        )

    after = await receiving.received()
    assert len(batch) == 4
    assert [one.event_id for one in after if one not in before[0]] == ["last"]
    assert await receiving.letters() == before[1]
    assert receiving.counters.records_known_before == 3


@pytest.mark.parametrize("written", [False, True])
async def test_the_receiver_retries_an_unavailable_store(
    receiving: Receiving, written: bool
) -> None:
    store = Unreliable(receiving.world.store, fail_on=2, written=written)
    receiving.world = receiving.world.on(store)

    await receiving.taken(*(message(event(id=f"e-{n}"), STRUCTURED, key=b"k") for n in range(3)))

    assert sorted(one.event_id for one in await receiving.received()) == ["e-0", "e-1", "e-2"]


class UnwritableRecord:
    """A store that can't write the events of one record."""

    def __init__(self, store: EventStore, record_id: str) -> None:
        self._store = store
        self._record_id = record_id

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def append(self, writes: Sequence[Write]) -> Appended | Conflict:
        for one in writes:
            if any(getattr(it, "record_id", "") == self._record_id for it in one.events):
                raise Unwritable("not in JSON")
        return await self._store.append(writes)


async def test_an_event_that_cannot_be_written_becomes_a_dead_letter(receiving: Receiving) -> None:
    store: Any = UnwritableRecord(receiving.world.store, "poison")
    receiving.world = receiving.world.on(store)

    await receiving.taken(
        message(event(id="e-0"), STRUCTURED, key=b"k"),
        message(event(id="e-1", subject="orders/poison"), STRUCTURED, key=b"k"),
        message(event(id="e-2"), STRUCTURED, key=b"k"),
    )

    (letter,) = await receiving.letters()
    assert letter.reason == "The event can't be written: not in JSON"
    assert [one.event_id for one in await receiving.received()] == ["e-0", "e-2"]


class FailingDeadLetters:
    """Topics whose first `failures` sends of dead letters fail."""

    def __init__(self, topics: Topics, failures: int) -> None:
        self._topics = topics
        self._failures = failures

    async def send(self, topic: str, messages: Sequence[Message]) -> None:
        if topic == f"{PREFIX}{TOPIC}" and self._failures:
            self._failures -= 1
            raise Unavailable("no broker")
        await self._topics.send(topic, messages)

    async def consume(self, topic: str, *, group: str | None) -> Any:
        return await self._topics.consume(topic, group=group)


async def test_no_message_is_acknowledged_while_dead_letters_cannot_be_sent(
    receiving: Receiving,
) -> None:
    """The receiver consumes again from the first unacknowledged message."""
    deaf = FailingDeadLetters(receiving.topics, failures=12)
    dead_letters = await receiving.topics.consume(f"{PREFIX}{TOPIC}", group=None)
    receiving.world.stores = replace(receiving.world.stores, topics=deaf)

    await receiving.topics.send(RECORDS, [message(b"{")])
    async with receiving.running():
        await receiving.world.clock.advance_until(
            lambda: receiving.counters.messages_given_up > 0, step_ms=1_000
        )

    assert len(await dead_letters.next()) == 1
    assert len(await receiving.letters()) == 1


class SmallTopics(FailingDeadLetters):
    """Topics with a small limit on the size of messages."""

    async def send(self, topic: str, messages: Sequence[Message]) -> None:
        if any(len(one.value or b"") > 1_000 for one in messages):
            raise Unwritable("a message is too large")
        await super().send(topic, messages)


async def test_a_dead_letter_too_large_for_its_topic_is_sent_without_its_content(
    receiving: Receiving,
) -> None:
    dead_letters = await receiving.topics.consume(f"{PREFIX}{TOPIC}", group=None)
    world = receiving.world
    await receiving.topics.send(RECORDS, [message(b"{" + b"x" * 1_000)])
    consumption = await receiving.topics.consume(RECORDS, group="other")
    world.stores = replace(world.stores, topics=SmallTopics(receiving.topics, failures=0))
    await receiving.receiver().handle(await consumption.next())

    (letter,) = await receiving.letters()
    (sent,) = await dead_letters.next()
    assert len(letter.message.value or b"") == 1_001
    assert sent.message.value is None
    assert dict(sent.message.headers)["letter"].decode() == letter.letter_id
    with pytest.raises(Unwritable):
        await redrive(letter, world.stores.dead_letters, receiving.topics, clock=world.clock)
    assert await receiving.letters() == [letter]


async def test_a_message_redriven_repeatedly_is_recorded_once(receiving: Receiving) -> None:
    """A later release can read a message that an earlier one could not."""
    world = receiving.world
    good = [message(PLAIN, key=b"k"), message(event(), STRUCTURED, key=b"k")]
    letters = [
        DeadLetter(letter_id=f"l{n}", source=f"{RECORDS}/0@{n}", reason="?", message=one, at=1)
        for n, one in enumerate(good)
    ]
    await world.stores.dead_letters.put(letters)

    for letter in (*letters, *letters):
        await redrive(letter, world.stores.dead_letters, receiving.topics, clock=world.clock)
    await receiving.taken(message(event(id="last"), STRUCTURED, key=b"k"))

    assert len(await receiving.received()) == 3
    assert receiving.counters.records_known_before == 2
    assert all(one.redriven_at for one in await receiving.letters())


async def test_a_redriven_message_that_fails_again_becomes_another_letter(
    receiving: Receiving,
) -> None:
    await receiving.taken(message(b"{", key=b"k"))
    (letter,) = await receiving.letters()
    world = receiving.world

    await redrive(letter, world.stores.dead_letters, receiving.topics, clock=world.clock)
    await receiving.taken(message(event(), STRUCTURED, key=b"k"))

    first, second = sorted(await receiving.letters(), key=lambda one: one.source)
    assert (first.letter_id, second.redriven_at) == (letter.letter_id, None)
    assert first.redriven_at is not None
    assert second.message.headers == ((REDRIVEN, letter.letter_id.encode()),)


def test_a_receiver_needs_topics(world: World) -> None:
    with pytest.raises(LookupError, match="topics"):
        RecordReceiver(
            replace(world.stores, topics=None), clock=world.clock, topic=RECORDS, prefix=PREFIX
        )
