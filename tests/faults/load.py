"""Clients that request runs at a steady rate, with retries until each has its answer."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from baton.backends.kafka.client_lifecycle import close_client
from tests.faults.checkers import Needs
from tests.faults.driver import OK, ORCHESTRATIONS, REFUSED, Driver
from tests.faults.fault_cluster import FaultCluster
from tests.faults.history import Operation
from tests.faults.topic_log import bootstrap
from tests.faults.workloads import (
    INTERVAL_MS,
    OF_EVERY_KIND,
    OF_EVERY_KIND_NEEDS,
    ON_EVENT,
    ONE_STEP_NEEDS,
    THREE_STEPS,
    THREE_STEPS_NEEDS,
    TICKING,
    TWO_STEPS_NEEDS,
    with_long_timeouts,
)

SEND_S = 5.0
REPEATED_SHARE = 0.05
"""Share of the answered requests that are sent again; the answer must be the same."""
WEIGHTS = {"three-steps": 45, "of-every-kind": 25, "event": 15, "kafka event": 15}
STRUCTURED = {"Content-Type": "application/cloudevents+json"}
NO_ANSWER = (aiohttp.ClientError, ConnectionError, TimeoutError)
PAUSE = {"status": "paused"}


@dataclass(slots=True)
class Load:
    """Requests of a test, and their answers.

    Attributes:
        driver: The HTTP client.
        rng: The source of all random choices.
        definitions: The ids of the definitions by their slugs.
        requested: The numbers of requested runs by kind.
        unanswered: The number of attempts without an answer.
        answered: The operations that started runs, by Idempotency-Key.
        accepted_events: The ids of the record events that were accepted over HTTP.
        sent_to_kafka: The ids of the record events that Kafka acknowledged.
        changed: Answers that differ from the answer to the same request before.
        refused: Requests that were answered 4xx, of which there should be none.
    """

    driver: Driver[FaultCluster]
    rng: Random
    definitions: dict[str, str] = field(default_factory=dict)
    requested: Counter[str] = field(default_factory=Counter)
    unanswered: int = 0
    answered: dict[str, Operation] = field(default_factory=dict)
    accepted_events: list[str] = field(default_factory=list)
    sent_to_kafka: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _producer: AIOKafkaProducer | None = None
    _sending: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def prepare(self, *, ticking: bool = True) -> None:
        """Create the definitions of the runs."""
        documents = [THREE_STEPS, OF_EVERY_KIND, ON_EVENT, *([TICKING] if ticking else [])]
        for document in documents:
            self.definitions[document["slug"]] = await self.driver.create(
                with_long_timeouts(document)
            )

    @property
    def needs(self) -> dict[str, Needs]:
        """The dependencies of the steps of each definition, by its id."""
        known = {
            "three-steps": THREE_STEPS_NEEDS,
            "of-every-kind": OF_EVERY_KIND_NEEDS,
            "on-event": TWO_STEPS_NEEDS,
            "ticking": ONE_STEP_NEEDS,
        }
        return {definition_id: known[slug] for slug, definition_id in self.definitions.items()}

    @property
    def intervals(self) -> dict[str, int]:
        """The intervals of schedules in ms, by the id of the definition."""
        definition_id = self.definitions.get("ticking")
        return {} if definition_id is None else {definition_id: INTERVAL_MS}

    @property
    def events(self) -> dict[str, list[str]]:
        """The ids of the accepted record events, by the id of the definition that they trigger."""
        return {self.definitions["on-event"]: [*self.accepted_events, *self.sent_to_kafka]}

    async def run(self, *, rate: float, until: float | None = None) -> None:
        """Request `rate` runs per second until cancelled, or until `until` (of time.monotonic)."""
        due = time.monotonic()
        while until is None or due < until:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            due = max(due + 1 / rate, time.monotonic() - 1)
            (kind,) = self.rng.choices([*WEIGHTS], [*WEIGHTS.values()])
            self.requested[kind] += 1
            key = f"{kind}-{self.requested[kind]}".replace(" ", "-")
            self._spawn(self._request(kind, key))

    async def settle(self, *, within_s: float, wiped: bool = False) -> None:
        """Wait until every request has its answer, then pause the schedule.

        Args:
            within_s: The deadline in seconds.
            wiped: Whether Kafka has lost its data; events that were sent to it are sent again.
        """
        async with asyncio.timeout(within_s):
            while self._tasks:
                await asyncio.wait(tuple(self._tasks))
            if wiped:
                await asyncio.gather(
                    *(self._send(event_id) for event_id in list(self.sent_to_kafka))
                )
            if "ticking" in self.definitions:
                await self._retry("pause", self._pause)

    async def close(self) -> None:
        """Cancel all requests and close the clients."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._drop_producer()

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _request(self, kind: str, key: str) -> None:
        if kind == "kafka event":
            await self._send(key)
            self.sent_to_kafka.append(key)
        elif kind == "event":
            await self._retry(key, lambda: self._event(key))
            self.accepted_events.append(key)
        else:
            run_input = {"seconds": round(self.rng.uniform(0.02, 0.4), 3)}
            operation = await self._retry(key, lambda: self._start(kind, key, run_input))
            self.answered[key] = operation
            if self.rng.random() < REPEATED_SHARE:
                again = await self._retry(key, lambda: self._start(kind, key, run_input))
                if (again.status, again.answer) != (operation.status, operation.answer):
                    self.changed.append(f"{key}: {operation.answer} became {again.answer}")

    async def _retry(self, key: str, act: Callable[[], Awaitable[Operation]]) -> Operation:
        """Call `act` until the operation that it returns has an answer."""
        for delay_s in self._delays():
            operation = await act()
            self.driver.history.record(operation)
            if operation.outcome == "fail":
                self.refused.append(f"{key}: {operation.status} {operation.answer}")
            if operation.outcome != "info":
                return operation
            self.unanswered += 1
            await asyncio.sleep(delay_s)
        raise AssertionError  # the delays never end

    def _delays(self) -> Iterator[float]:
        while True:
            yield self.rng.uniform(0.1, 1.0)

    async def _start(self, kind: str, key: str, run_input: object) -> Operation:
        path = f"{ORCHESTRATIONS}/{self.definitions[kind]}/trigger"
        headers = {"Idempotency-Key": key}
        operation = await self._call(
            "start", key, "POST", path, json={"input": run_input}, headers=headers
        )
        if operation.outcome == "ok":
            operation.run_id = operation.answer["id"]
        return operation

    async def _event(self, key: str) -> Operation:
        body = json.dumps(_event(key))
        return await self._call("event", key, "POST", "/events", data=body, headers=STRUCTURED)

    async def _pause(self) -> Operation:
        path = f"{ORCHESTRATIONS}/{self.definitions['ticking']}"
        return await self._call("pause", "pause", "PUT", path, json=PAUSE)

    async def _call(self, op: str, key: str, method: str, path: str, **more: Any) -> Operation:
        operation = Operation(op, key, time.time())
        try:
            operation.status, operation.answer = await self.driver.call(method, path, **more)
        except (*NO_ANSWER, json.JSONDecodeError):
            return operation
        if operation.status in OK:
            operation.outcome = "ok"
        elif operation.status in REFUSED:
            operation.outcome = "fail"
        return operation

    async def _send(self, key: str) -> None:
        """Send an event to the records topic until Kafka acknowledges it."""
        value = json.dumps({**_event(key), "workspaceslug": "demo"}).encode()
        headers = [("content-type", b"application/cloudevents+json")]
        for delay_s in self._delays():
            try:
                async with asyncio.timeout(SEND_S):
                    producer = await self._started_producer()
                    topic = self.driver.installation.records_topic
                    await producer.send_and_wait(topic, value, key=key.encode(), headers=headers)
                return
            except (KafkaError, OSError, TimeoutError):
                self.unanswered += 1
                await self._drop_producer()
            await asyncio.sleep(delay_s)

    async def _started_producer(self) -> AIOKafkaProducer:
        async with self._sending:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    bootstrap_servers=bootstrap(self.driver.installation.log),
                    acks="all",
                    request_timeout_ms=3_000,
                )
                try:
                    await producer.start()
                except BaseException:
                    await asyncio.shield(close_client(producer))
                    raise
                self._producer = producer
            return self._producer

    async def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await asyncio.shield(close_client(producer))


def _event(key: str) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": key,
        "source": "/shop",
        "type": "record.created",
        "subject": f"orders/{key}",
        "data": {"number": key},
    }
