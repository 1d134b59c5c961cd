"""Clients that ask for runs at a steady rate, and ask again until they are answered."""

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
    patient,
)

SEND_S = 5.0
ASKED_AGAIN = 0.05
"""This part of what was answered is sent once more: the answer must be the same."""
KINDS = {"three-steps": 45, "of-every-kind": 25, "event": 15, "kafka event": 15}
STRUCTURED = {"Content-Type": "application/cloudevents+json"}
NO_ANSWER = (aiohttp.ClientError, ConnectionError, TimeoutError)
PAUSE = {"status": "paused"}


@dataclass(slots=True)
class Load:
    """`asked` counts runs by kind; `changed` are answers that a repetition did not repeat.

    Nothing that is asked for here may be `refused`.
    """

    driver: Driver[FaultCluster]
    rng: Random
    definitions: dict[str, str] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    unanswered: int = 0
    answered: dict[str, Operation] = field(default_factory=dict)
    accepted: list[str] = field(default_factory=list)
    of_kafka: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _producer: AIOKafkaProducer | None = None
    _sending: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def prepare(self, *, ticking: bool = True) -> None:
        """Create what is to be run."""
        documents = [THREE_STEPS, OF_EVERY_KIND, ON_EVENT, *([TICKING] if ticking else [])]
        for document in documents:
            self.definitions[document["slug"]] = await self.driver.create(patient(document))

    @property
    def needs(self) -> dict[str, Needs]:
        """What comes first in each definition, by its id."""
        known = {
            "three-steps": THREE_STEPS_NEEDS,
            "of-every-kind": OF_EVERY_KIND_NEEDS,
            "on-event": TWO_STEPS_NEEDS,
            "ticking": ONE_STEP_NEEDS,
        }
        return {ident: known[slug] for slug, ident in self.definitions.items()}

    @property
    def intervals(self) -> dict[str, int]:
        """The intervals of schedules by their ids, ms."""
        ident = self.definitions.get("ticking")
        return {} if ident is None else {ident: INTERVAL_MS}

    @property
    def events(self) -> dict[str, list[str]]:
        """The record events that were accepted, by the definition that waits for them."""
        return {self.definitions["on-event"]: [*self.accepted, *self.of_kafka]}

    async def run(self, *, rate: float, until: float | None = None) -> None:
        """Ask for `rate` runs a second until cancelled, or `until` (of time.monotonic)."""
        due = time.monotonic()
        while until is None or due < until:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            due = max(due + 1 / rate, time.monotonic() - 1)
            (kind,) = self.rng.choices([*KINDS], [*KINDS.values()])
            self.asked[kind] += 1
            key = f"{kind}-{self.asked[kind]}".replace(" ", "-")
            self._spawn(self._ask(kind, key))

    async def settle(self, *, within_s: float, wiped: bool = False) -> None:
        """Wait until everything asked for was answered, then stop the ticks.

        Events that were on a topic when it was `wiped` are sent again.
        """
        async with asyncio.timeout(within_s):
            while self._tasks:
                await asyncio.wait(tuple(self._tasks))
            if wiped:
                await asyncio.gather(*(self._send(ident) for ident in list(self.of_kafka)))
            if "ticking" in self.definitions:
                await self._insist("pause", self._pause)

    async def close(self) -> None:
        """Stop asking."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._drop_producer()

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _ask(self, kind: str, key: str) -> None:
        if kind == "kafka event":
            await self._send(key)
            self.of_kafka.append(key)
        elif kind == "event":
            await self._insist(key, lambda: self._event(key))
            self.accepted.append(key)
        else:
            given = {"seconds": round(self.rng.uniform(0.02, 0.4), 3)}
            operation = await self._insist(key, lambda: self._start(kind, key, given))
            self.answered[key] = operation
            if self.rng.random() < ASKED_AGAIN:
                again = await self._insist(key, lambda: self._start(kind, key, given))
                if (again.status, again.answer) != (operation.status, operation.answer):
                    self.changed.append(f"{key}: {operation.answer} became {again.answer}")

    async def _insist(self, key: str, act: Callable[[], Awaitable[Operation]]) -> Operation:
        """Ask until there is an answer."""
        for wait_s in self._waits():
            operation = await act()
            self.driver.history.answered(operation)
            if operation.outcome == "fail":
                self.refused.append(f"{key}: {operation.status} {operation.answer}")
            if operation.outcome != "info":
                return operation
            self.unanswered += 1
            await asyncio.sleep(wait_s)
        raise AssertionError  # the waits never end

    def _waits(self) -> Iterator[float]:
        while True:
            yield self.rng.uniform(0.1, 1.0)

    async def _start(self, kind: str, key: str, given: object) -> Operation:
        path = f"{ORCHESTRATIONS}/{self.definitions[kind]}/trigger"
        headers = {"Idempotency-Key": key}
        operation = await self._call(
            "start", key, "POST", path, json={"input": given}, headers=headers
        )
        if operation.outcome == "ok":
            operation.ident = operation.answer["id"]
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
        """Put an event on the records topic, again and again until it is there."""
        value = json.dumps({**_event(key), "workspaceslug": "demo"}).encode()
        headers = [("content-type", b"application/cloudevents+json")]
        for wait_s in self._waits():
            try:
                async with asyncio.timeout(SEND_S):
                    producer = await self._producing()
                    topic = self.driver.installation.records_topic
                    await producer.send_and_wait(topic, value, key=key.encode(), headers=headers)
                return
            except (KafkaError, OSError, TimeoutError):
                self.unanswered += 1
                await self._drop_producer()
            await asyncio.sleep(wait_s)

    async def _producing(self) -> AIOKafkaProducer:
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
