"""Invalid record events are refused one by one, and don't affect the events around them."""

import asyncio
import random
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest

from baton.domain.definition.graph import Compute, Graph
from baton.domain.definition.trigger import EventTrigger
from tests.faults import checkers
from tests.faults.event_log import runs_of, seen, streams_of
from tests.faults.in_process_stack import define, in_process, wait_until_ended
from tests.kit.stack import Response, RunningServer

GRAPH = Graph(steps=(Compute(id="a", function="echo"),))
STRUCTURED = {"Content-Type": "application/cloudevents+json"}
BATCH = {"Content-Type": "application/cloudevents-batch+json"}
EVENTS = 60
CLIENT_ERRORS = range(400, 500)


def event(event_id: object, **changed: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": "/shop",
        "type": "record.created",
        "subject": f"orders/{event_id}",
        "data": {"number": event_id},
        **changed,
    }


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"in": value}
    return value


RAW = orjson.dumps(event("poison"))
POISON: dict[str, tuple[bytes, dict[str, str]]] = {
    "no JSON": (b'{"specversion": "1.0", ', STRUCTURED),
    "nothing": (b"", STRUCTURED),
    "null": (b"null", STRUCTURED),
    "a list": (b"[]", STRUCTURED),
    "no UTF-8": (RAW.replace(b"shop", b"sh\xff\xfe"), STRUCTURED),
    "a lone surrogate": (RAW.replace(b"shop", rb"sh\ud800"), STRUCTURED),
    "a NUL": (RAW.replace(b"shop", rb"sh\u0000"), STRUCTURED),
    "an unknown event": (orjson.dumps(event("p", type="record.exploded")), STRUCTURED),
    "an unknown version": (orjson.dumps(event("p", specversion="9.9")), STRUCTURED),
    "a null id": (orjson.dumps(event(None)), STRUCTURED),
    "a number as id": (orjson.dumps(event(7)), STRUCTURED),
    "a time that is none": (orjson.dumps(event("p", time="yesterday")), STRUCTURED),
    "nested too deep": (orjson.dumps(event("p", data=deep(200))), STRUCTURED),
    "a number too large": (RAW.replace(b'"poison"}}', b"1" + b"0" * 40 + b"}}"), STRUCTURED),
    "a byte too long": (orjson.dumps(event("p", data="x" * 1024 * 1024)), STRUCTURED),
    "poison in a batch": (orjson.dumps([event("good"), event("p", type="record.exploded")]), BATCH),
    "a batch that is no array": (b"{}", BATCH),
    "no media type of ours": (RAW, {"Content-Type": "text/plain"}),
    "another tenant's": (orjson.dumps(event("p", workspaceslug="other")), STRUCTURED),
}


@pytest.mark.parametrize("store", ["", "memory:"], ids=["sqlite", "memory"])
async def test_invalid_events_are_refused_and_every_other_event_starts_one_run(
    tmp_path: Path, store: str
) -> None:
    rng = Random(random.getrandbits(32))
    good = [orjson.dumps(event(f"e-{number}")) for number in range(EVENTS)]
    sent = [(body, STRUCTURED) for body in good + rng.sample(good, 20)] + list(POISON.values())
    rng.shuffle(sent)
    async with in_process(tmp_path, store=store) as server:
        await define(server, "orders", GRAPH, EventTrigger(event_type="record.created"))
        answers = await asyncio.gather(*(send(server, *one) for one in sent))
        taken = [
            answer.status for (body, _), answer in zip(sent, answers, strict=True) if body in good
        ]
        rest = [one for one in zip(sent, answers, strict=True) if one[0][0] not in good]
        assert set(taken) == {202}
        for (body, _), answer in rest:
            assert answer.status in CLIENT_ERRORS, (body[:80], answer)
            assert set(answer.body) <= {"error", "message", "details"}
        assert len(rest) == len(POISON)
        await wait_until_ended(server, EVENTS)
        log = seen(await server.stores.events.read_all(after=0, limit=100_000))
    assert checkers.broken_invariants(log) == []
    assert checkers.runs_ended(log, "completed") == []
    assert len(list(streams_of(log, "record"))) == EVENTS
    causes = [run[0].data["trigger"]["event_id"] for run in runs_of(log).values()]
    assert sorted(causes) == sorted(f"e-{number}" for number in range(EVENTS))


async def send(server: RunningServer, body: bytes, headers: dict[str, str]) -> Response:
    return await server.post("/events", data=BytesIO(body), headers=headers)
