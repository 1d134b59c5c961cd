"""Lists in Baton's own API that databases answer: runs by every filter, events, statistics."""

from typing import Any

import pytest

from baton.command_api.own.history import read_log
from tests.dialects.baton_documents import own_definition
from tests.kit.eventually import eventually
from tests.scenarios.stack import Stack
from tests.scenarios.test_own_runs import until

PAUSE = {"id": "pause", "delay": "1h"}


async def create(stack: Stack, slug: str = "orders", **members: Any) -> None:
    made = await stack.post("/definitions", own_definition(slug, **members))
    assert made.status == 201, made.body


async def start(stack: Stack, slug: str, **members: Any) -> str:
    answer = await stack.post("/runs", {"definition": slug, **members})
    assert answer.status == 201, answer.body
    return str(answer.body["id"])


async def listed(stack: Stack, query: str) -> list[str]:
    answer = await stack.get(f"/runs?{query}")
    assert answer.status == 200, answer.body
    ids = [run["id"] for run in answer.body["runs"]]
    assert answer.body["total"] == len(ids)
    return ids


@pytest.mark.operations("baton", "listRuns")
async def test_runs_are_found_by_cause_record_and_ids(stack: Stack) -> None:
    await stack.post("/definitions", own_definition("by-hand"))
    await stack.post(
        "/definitions", own_definition("by-event", trigger={"event": "record.created"})
    )
    named = await start(stack, "by-hand", correlationId="call-7")
    event = {"event": "record_created", "recordSlug": "orders", "recordId": "rec_9"}
    await stack.post("/events", event)

    async def one_by_event() -> bool:
        return bool((await stack.get("/runs?trigger=record")).body["runs"])

    await eventually(one_by_event)
    (by_event,) = await listed(stack, "trigger=record")
    for query, expected in {
        "trigger=manual": [named],
        "trigger=manual&trigger=record": None,
        "recordId=rec_9": [by_event],
        "recordId=rec_8": [],
        "correlationId=call-7": [named],
        "definition=by-event": [by_event],
        "definition=by-event&trigger=manual": [],
        f"q={named}": [named],
        f"q={named[:-1]}": [named],
        "q=call-7": [named],
        "q=rec_9": [by_event],
        "q=nothing": [],
        "q=call-7&trigger=record": [],
    }.items():
        found = await listed(stack, query)
        assert found == expected or (expected is None and {*found} == {named, by_event}), query


async def test_several_statuses_are_listed_together(stack: Stack) -> None:
    await stack.post("/definitions", own_definition("done"))
    await stack.post("/definitions", own_definition("waits", PAUSE))
    done, waits = await start(stack, "done"), await start(stack, "waits")
    await until(stack, done, "completed")
    await until(stack, waits, "waiting")

    assert {*await listed(stack, "status=completed&status=waiting")} == {done, waits}
    assert await listed(stack, "status=failed&status=waiting") == [waits]


async def test_a_run_shows_its_title_and_its_next_due_time(stack: Stack) -> None:
    steps = [{"id": "call", "function": "answer"}, {"id": "pause", "delay": "1h"}]
    await create(stack, title="Order ${input.id} of ${input.by.0}, ${input.none}", steps=steps)
    await create(stack, "later", steps=[{"id": "pause", "delay": "2h"}])
    later = await start(stack, "later")
    first = await start(stack, "orders", input={"id": 7, "by": ["ada"]})
    await until(stack, first, "waiting")
    await until(stack, later, "waiting")

    (run, other) = (await stack.get("/runs?due=true")).body["runs"]

    assert (run["id"], other["id"]) == (first, later)
    assert run["dueAt"] == (await until(stack, first, "waiting"))["steps"][1]["resumeAt"]
    assert (run["title"], run["attempts"], "title" in other) == ("Order 7 of ada, –", 1, False)
    await stack.post(f"/runs/{first}/pause", {})
    assert await listed(stack, "due=true") == [later]
    assert await listed(stack, f"id={later}&id={first}&id=none") == [later, first]


async def test_a_cursor_reads_every_run_once_while_runs_are_added(memory: Stack) -> None:
    await memory.post("/definitions", own_definition("orders"))
    first = {await start(memory, "orders") for _ in range(5)}
    seen: list[str] = []
    query = "limit=2"

    while True:
        page = (await memory.get(f"/runs?{query}")).body
        seen += [run["id"] for run in page["runs"]]
        if "next" not in page:
            break
        await start(memory, "orders")
        query = f"limit=2&cursor={page['next']}"

    assert sorted(seen) == sorted(first)
    assert page["total"] == 7


REFUSED = (
    *("stauts=failed", "status=done", "trigger=clock", "cursor=x", "cursor=WzEsMl0"),
    *("cursor=WzEsIngiXQ&offset=1", "cursor=WzEsIngiXQ&q=x", "limit=501", "recordId=%00"),
    *("from=yesterday", "id=a&q=b", "id=", "due=false", "due=true&cursor=WzEsIngiXQ"),
)


async def test_a_parameter_that_cannot_be_used_is_refused(memory: Stack) -> None:
    for query in REFUSED:
        answer = await memory.get(f"/runs?{query}")
        assert (answer.status, answer.body["error"]) == (400, "validation_error"), query
        assert answer.body["details"]


async def test_an_unknown_definition_is_not_found(memory: Stack) -> None:
    assert (await memory.get("/runs?definition=none")).status == 404
    assert (await memory.get("/runs?definitionId=none")).body["total"] == 0


@pytest.mark.operations("baton", "listRecords", "getRecord", "getRunRecord")
async def test_a_record_event_shows_what_it_started(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_log, "_BATCH", 3)
    await create(stack, trigger={"event": "record.created", "structure": "orders"})
    for number in (1, 2):
        event = {"event": "record_created", "recordSlug": "orders", "recordId": f"rec_{number}"}
        await stack.post("/events", {**event, "data": {"n": number}})

    records = (await stack.get("/records")).body["records"]
    newest = (await stack.get("/records?limit=1")).body
    older = (await stack.get(f"/records?limit=1&before={newest['next']}")).body

    async def is_matched() -> bool:
        return bool((await stack.get(f"/records/{records[0]['id']}")).body["matches"])

    await eventually(is_matched)
    shown = (await stack.get(f"/records/{records[0]['id']}")).body
    assert [one["recordId"] for one in records] == ["rec_2", "rec_1"]
    assert [*newest["records"], *older["records"]] == records
    (match,) = shown["matches"]
    assert (match["slug"], match["outcome"], shown["data"]) == ("orders", "fired", {"n": 2})
    run = await until(stack, match["runId"], "completed")
    assert run["trigger"]["recordId"] == "rec_2"
    cause = (await stack.get(f"/runs/{match['runId']}/record")).body
    assert cause == {"record": records[0]}
    assert (await stack.get("/records/none")).status == 404


@pytest.mark.operations("baton", "sendEvents")
async def test_an_event_of_any_type_starts_the_runs_that_wait_for_it(stack: Stack) -> None:
    await create(stack, trigger={"event": "payment.succeeded"})
    event = {
        "specversion": "1.0",
        "id": "evt-1",
        "source": "bank",
        "type": "payment.succeeded",
        "data": [1, 2],
    }
    sent = await stack.call(
        "POST", "/events", json=event, headers={"Content-Type": "application/cloudevents+json"}
    )
    assert (sent.status, sent.body["matched"]) == (202, 1)

    async def has_started() -> bool:
        return bool((await stack.get("/runs?trigger=record")).body["total"])

    await eventually(has_started)
    (run,) = (await stack.get("/runs?trigger=record")).body["runs"]
    shown = await until(stack, run["id"], "completed")
    assert shown["input"] == {
        "event": "payment.succeeded",
        "id": "evt-1",
        "source": "bank",
        "data": [1, 2],
    }
    assert shown["trigger"] == {
        "kind": "record",
        "eventType": "payment.succeeded",
        "structure": "",
        "eventId": "evt-1",
    }


@pytest.mark.operations("baton", "getStats", "getDefinitionStats")
async def test_statistics_count_runs_by_status_and_time(stack: Stack) -> None:
    await create(stack)
    for _ in range(3):
        started = await stack.post("/runs", {"definition": "orders"})
        await until(stack, started.body["id"], "completed")

    stats = (await stack.get("/stats?window=10m&bucket=1m")).body
    of_one = (await stack.get("/definitions/orders/stats")).body

    assert (stats["runs"]["completed"], stats["definitions"]) == (3, 1)
    assert (len(stats["window"]), sum(one["requested"] for one in stats["window"])) == (10, 3)
    assert (of_one["total"], of_one["failureRate"], of_one["sampledRuns"]) == (3, 0.0, 3)
    assert of_one["duration"]["count"] == 3
    assert [(one["id"], one["attempts"]) for one in of_one["steps"]] == [
        ("only", 3),
    ]
    for query in ("window=0s", "window=x", "window=2d&bucket=1s", "bucket=400d"):
        assert (await stack.get(f"/stats?{query}")).status == 400


async def test_runs_are_found_by_what_they_wait_for(stack: Stack) -> None:
    await stack.post("/definitions", own_definition("waits", PAUSE))
    await stack.post("/definitions", own_definition("holds", {"id": "held", "function": "hold"}))
    waits, paused = await start(stack, "waits"), await start(stack, "waits")
    holds = await start(stack, "holds")
    for run_id in (waits, paused):
        await until(stack, run_id, "waiting")
    await until(stack, holds, "running", attempts=1)
    await stack.post(f"/runs/{paused}/pause")

    found = {
        query: await listed(stack, query)
        for query in (
            "waitsFor=TIMER",
            "waitsFor=PAUSED",
            "waitsFor=RUNNING",
            "waitsFor=BACKOFF",
            "waitsFor=TIMER&definition=waits&status=waiting",
        )
    }
    shown = (await stack.get(f"/runs/{waits}")).body
    await stack.post(f"/runs/{holds}/cancel")

    assert found == {
        "waitsFor=TIMER": [waits],
        "waitsFor=PAUSED": [paused],
        "waitsFor=RUNNING": [holds],
        "waitsFor=BACKOFF": [],
        "waitsFor=TIMER&definition=waits&status=waiting": [waits],
    }
    assert (shown["waitsFor"], await listed(stack, "stuck=true")) == ("TIMER", [])


async def test_failed_runs_are_found_by_whether_they_were_run_again(stack: Stack) -> None:
    await stack.post("/definitions", own_definition("fails", {"id": "a", "function": "refuse"}))
    first, second = await start(stack, "fails"), await start(stack, "fails")
    for run_id in (first, second):
        await until(stack, run_id, "failed")
    before = await listed(stack, "handled=false")
    rerun = (await stack.post(f"/runs/{first}/rerun")).body["id"]
    await until(stack, rerun, "failed")

    (handled,) = (await stack.get("/runs?handled=true")).body["runs"]

    assert set(before) == {first, second}
    assert (handled["id"], handled["rerunId"]) == (first, rerun)
    assert set(await listed(stack, "handled=false")) == {second, rerun}
    assert handled["actions"] == {
        "cancel": {"allowed": False, "why": "The run has already failed"},
        "pause": {"allowed": False, "why": "The run has already failed"},
        "resume": {"allowed": False, "why": "The run is not paused: it is failed"},
        "retry": True,
    }
