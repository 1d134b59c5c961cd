"""Record events over Kafka from a third-party producer, while services are killed.

The producer is plain aiokafka, and the test reads its results from the database, the topic of dead
letters and the command line. `BATON_TEST_RECORDS` replaces the number of events, 2,000.
"""

import asyncio
import json
import os
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from tests.dialects.centrali_documents import compute, orchestration
from tests.faults.driver import Driver, driving
from tests.faults.event_log import Log, runs_of
from tests.faults.fault_cluster import FaultCluster
from tests.faults.topic_log import bootstrap
from tests.kit.eventually import eventually, eventually_moving
from tests.servers.cluster import TENANT
from tests.servers.kafka import server_url
from tests.servers.postgres import database_for
from tests.servers.service import Service

EVENTS = int(os.environ.get("BATON_TEST_RECORDS", "2000"))
REPEATED = EVENTS // 20
VICTIMS = ("scheduler-1", "executor-1", "projector-1")
POLL_S = 0.01
STILL_S = 40.0
"""The group coordinator waits ten seconds for a killed consumer; a busy machine needs more."""
PERFORMED = 10
"""Steps after which the test kills the executor."""
PACE = 200
"""Messages that the producer sends concurrently."""
ORDERS = orchestration(
    "orders",
    compute("a", "moment"),
    trigger={"type": "event-driven", "eventType": "record.created", "structureSlug": "orders"},
)
STRUCTURED = [("content-type", b"application/cloudevents+json; charset=UTF-8")]
COUNTS = """
SELECT count(*) FILTER (WHERE topic = 'record.RecordReceived') AS received,
    count(*) FILTER (WHERE topic = 'run.RunRequested') AS requested,
    count(*) FILTER (WHERE topic = 'run.RunCompleted') AS completed,
    coalesce(max(notification_id), 0) AS head
FROM public.stored_events"""


class Sent(NamedTuple):
    """A message of the producer."""

    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]


class Progress(NamedTuple):
    """The numbers of stored events by kind, and the last position."""

    received: int
    requested: int
    completed: int
    head: int


def event(number: int) -> Sent:
    """Return an event in one of the forms, with a key or without."""
    key = None if number % 3 == 0 else f"orders/{number}".encode()
    attributes = {
        "specversion": "1.0",
        "id": f"e-{number}",
        "source": "/shop",
        "type": "record.created",
        "subject": f"orders/{number}",
        "workspaceslug": TENANT,
    }
    data = {"number": number}
    match number % 4:
        case 0:
            envelope = {**attributes, "data": data}
            return Sent(key, json.dumps(envelope).encode(), STRUCTURED)
        case 1:
            encoded = b64encode(json.dumps(data).encode()).decode()
            envelope = {**attributes, "data_base64": encoded}
            return Sent(key, json.dumps(envelope).encode(), STRUCTURED)
        case 2:
            headers = [(f"ce_{name}", value.encode()) for name, value in attributes.items()]
            return Sent(key, json.dumps(data).encode(), headers)
        case _:
            payload = {
                "event": "record_created",
                "workspaceSlug": TENANT,
                "recordSlug": "orders",
                "recordId": str(number),
                "data": data,
            }
            envelope = {**attributes, "datacontenttype": "application/json", "data": payload}
            return Sent(key, json.dumps(envelope).encode(), STRUCTURED)


def _invalid(**changed: Any) -> bytes:
    envelope = json.loads(event(0).value or b"")
    return json.dumps({**envelope, "id": "spoiled", **changed}).encode()


UNREADABLE: list[tuple[Sent, str]] = [
    (Sent(b"k", None, []), "no value"),
    (Sent(None, b"", []), "empty"),
    (Sent(None, b"{", STRUCTURED), "not valid JSON"),
    (Sent(None, b"\xff\xfe\x00", []), "not valid JSON"),
    (Sent(b"\xff", b"<order/>", [("ce_specversion", b"1.0")]), "not valid JSON"),
    (Sent(None, b"null", STRUCTURED), "must be an object"),
    (Sent(None, b"{}", [("content-type", b"application/cloudevents-batch+json")]), "array of at"),
    (Sent(None, _invalid(specversion="0.3"), STRUCTURED), "specversion: must be '1.0'"),
    (Sent(None, _invalid(type="record.exploded"), STRUCTURED), "type: must be one of"),
    (Sent(None, _invalid(id=7), STRUCTURED), "id: must be a string"),
    (Sent(None, _invalid(source=None), STRUCTURED), "source: required"),
    (Sent(None, _invalid(subject="orders"), STRUCTURED), "subject: must be"),
    (Sent(None, _invalid(time="yesterday"), STRUCTURED), "time: must be an RFC 3339 time"),
    (Sent(None, _invalid(workspaceslug=None), STRUCTURED), "workspaceslug: required"),
    (Sent(None, _invalid(workspaceslug="No Tenant"), STRUCTURED), "workspaceslug: must be 1 to"),
    (Sent(None, _invalid(data=10**30), STRUCTURED), "integer outside"),
    (Sent(None, _invalid(data="\0"), STRUCTURED), "NUL"),
    (Sent(None, _invalid(data_base64="e30="), STRUCTURED), "data_base64: must be"),
    (Sent(None, _invalid(data="x" * (1024 * 1024)), STRUCTURED), "larger than 1048576 bytes"),
    (Sent(None, b'{"event": "record_created"}', []), "recordSlug: required"),
]


def messages(rng: Random) -> Sequence[Sequence[Sent]]:
    """Return the messages of each phase; a repetition may be in any phase."""
    numbers = [*range(EVENTS), *rng.sample(range(EVENTS), REPEATED)]
    sent = [event(number) for number in numbers] + [bad for bad, _ in UNREADABLE]
    rng.shuffle(sent)
    return [sent[phase :: len(VICTIMS)] for phase in range(len(VICTIMS))]


@asynccontextmanager
async def producing(cluster: FaultCluster) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap(cluster.log),
        acks="all",
        max_request_size=2**22,
        compression_type="gzip",  # what is too large gets past the broker only when it is packed
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def send(producer: AIOKafkaProducer, topic: str, sent: Sequence[Sent]) -> None:
    for start in range(0, len(sent), PACE):
        futures = [
            await producer.send(topic, one.value, key=one.key, headers=one.headers)
            for one in sent[start : start + PACE]
        ]
        await asyncio.gather(*futures)


class Watch:
    """Reads the progress from the database while the services work."""

    def __init__(
        self, cluster: FaultCluster, connection: "asyncpg.Connection[asyncpg.Record]"
    ) -> None:
        self._cluster = cluster
        self._connection = connection

    async def now(self) -> Progress:
        row = await self._connection.fetchrow(COUNTS)
        assert row is not None
        return Progress(*row)

    async def wait_until(self, reached: Callable[[Progress], bool]) -> Progress:
        """Return the progress once it is `reached`; fail when it stops changing."""
        return await eventually_moving(
            self.now, reached, still_s=STILL_S, every_s=POLL_S, explain=self._cluster.log_tail
        )


@asynccontextmanager
async def watching(cluster: FaultCluster) -> AsyncIterator[Watch]:
    connection = await asyncpg.connect(cluster.database)
    try:
        yield Watch(cluster, connection)
    finally:
        await connection.close()


async def send_while_killing(
    driver: Driver[FaultCluster], watch: Watch, rng: Random
) -> dict[str, Progress]:
    """Send all messages in phases, each of which kills and restarts one service at work.

    Returns the progress at each kill, by the name of the service.
    """
    cluster = driver.installation
    killed: dict[str, Progress] = {}
    async with producing(cluster) as producer:
        for name, sent in zip(VICTIMS, messages(rng), strict=True):
            before = await watch.now()
            sending = asyncio.create_task(send(producer, cluster.records_topic, sent))
            await watch.wait_until(_at_work(name, before))
            if name == "executor-1":
                await _wait_for_steps(cluster[name])
            await cluster[name].kill()
            killed[name] = await watch.now()
            if name == "projector-1":
                killed[name] = await _wait_for_lag(watch, await driver.count("completed"))
            await cluster[name].start()
            await sending
    return killed


async def _wait_for_lag(watch: Watch, shown: int) -> Progress:
    """Wait until more runs have completed than the views show while no projector runs."""
    return await watch.wait_until(lambda now: now.completed > shown)


async def _wait_for_steps(executor: Service) -> None:
    """Wait until the executor has performed `PERFORMED` more steps."""
    performed = "baton_executor_steps_performed_total"
    before = (await executor.metrics())[performed]

    async def has_performed() -> bool:
        return (await executor.metrics())[performed] >= before + PERFORMED

    await eventually(has_performed, within_s=STILL_S, every_s=POLL_S)


def _at_work(name: str, before: Progress) -> Callable[[Progress], bool]:
    """Return the condition that a service is processing the messages of the phase."""
    match name:
        case "scheduler-1":
            return lambda now: now.received > before.received
        case "executor-1":
            return lambda now: now.completed > before.completed + 20 and _open(now) > 20
        case _:
            return lambda now: now.completed > before.completed + 20


def _open(now: Progress) -> int:
    return now.requested - now.completed


async def dead_letters(cluster: FaultCluster) -> list[dict[str, Any]]:
    envelope = await cluster.baton("deadletters", "list", "--json")
    assert envelope.exit_code == 0, envelope
    found: list[dict[str, Any]] = json.loads(envelope.out)
    return found


async def letters_sent(cluster: FaultCluster) -> dict[bytes, dict[str, bytes]]:
    """Return the headers of each dead letter by its id."""
    topic = f"{cluster.prefix}dlq"
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap(cluster.log), auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        ends = await consumer.end_offsets(list(consumer.assignment()))
        found: dict[bytes, dict[str, bytes]] = {}
        while any([await consumer.position(place) < end for place, end in ends.items()]):
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                headers = [dict(one.headers) for one in batch]
                found |= {one["letter"]: one for one in headers}
        return found
    finally:
        await consumer.stop()


def runs_by_event(log: Log) -> Counter[str]:
    """Return the number of completed runs per event."""
    return Counter(
        str(events[0].data["trigger"]["event_id"])
        for events in runs_of(log).values()
        if events[-1].name == "RunCompleted"
    )


@asynccontextmanager
async def services(folder: Path) -> AsyncIterator[FaultCluster]:
    cluster = FaultCluster(
        folder,
        database=await database_for(folder),
        kafka=server_url(),
        BATON_FUNCTIONS="tests.scenarios.functions",
    )
    async with cluster:
        await cluster.migrate()
        await cluster.start("api", "executor", "executor", "projector", "scheduler")
        yield cluster


@pytest.mark.timeout(300 + EVENTS // 50)
async def test_every_event_runs_once_and_every_other_message_is_a_dead_letter(
    tmp_path: Path,
) -> None:
    async with (
        services(tmp_path) as cluster,
        driving(cluster) as driver,
        watching(cluster) as watch,
    ):
        await driver.create(ORDERS)

        killed = await send_while_killing(driver, watch, Random())
        await watch.wait_until(lambda now: now.completed >= EVENTS)
        letters = await _all_letters(cluster)
        await cluster.wait_until_all_ended()

        log = await cluster.events()
        assert runs_by_event(log) == Counter(f"e-{number}" for number in range(EVENTS))
        assert len(runs_of(log)) == EVENTS
        assert _unexplained(letters) == []
        published = await letters_sent(cluster)
        assert {one.decode() for one in published} == {one["id"] for one in letters}
        assert {one["reason"].decode() for one in published.values()} == {
            one["reason"] for one in letters
        }
        assert await driver.count("completed") == await driver.count() == EVENTS
        _kills_hit_work(killed, log)

        # Redriven messages are still invalid: they become dead letters again and start no run.
        again = await cluster.baton("deadletters", "redrive", "--all")
        assert (again.exit_code, again.out) == (0, f"{len(UNREADABLE)} redriven\n")
        await _all_letters(cluster, 2 * len(UNREADABLE))
        assert len(runs_of(await cluster.events())) == EVENTS
        exits = await cluster.stop()
        assert set(exits.values()) == {0}, cluster.log_tail()


def _kills_hit_work(killed: dict[str, Progress], log: Log) -> None:
    first, second, third = (killed[name] for name in VICTIMS)
    assert 0 < first.received < EVENTS
    assert _open(second) > 0
    assert _open(third) > 0
    assert any(one.data["cause"] == "takeover" for one in log if one.name == "RetryScheduled")


async def _all_letters(cluster: FaultCluster, count: int = len(UNREADABLE)) -> list[dict[str, Any]]:
    async def letters() -> list[dict[str, Any]]:
        found = await dead_letters(cluster)
        return found if len(found) >= count else []

    found: list[dict[str, Any]] = await eventually(letters, within_s=60)
    assert len(found) == count
    return found


def _unexplained(letters: Sequence[dict[str, Any]]) -> list[str]:
    """Return the reasons that stand in no letter; each letter explains one message."""
    reasons = [str(one["reason"]) for one in letters]
    missing: list[str] = []
    for _, expected in UNREADABLE:
        found = next((one for one in reasons if expected in one), None)
        if found is None:
            missing.append(expected)
        else:
            reasons.remove(found)
    return missing
