"""Bulks in Baton's own API: an action on many runs, with an outcome for each."""

from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
import pytest_asyncio

from baton.command_api.commands.bulks import choose_runs
from baton.command_api.principal import Principal
from baton.domain.run.messages.run_events import RunCancelled
from tests.dialects.centrali_client import CentraliClient, centrali_client
from tests.dialects.centrali_documents import compute, delay, orchestration
from tests.kit.bulks import make_bulk
from tests.kit.eventually import eventually
from tests.kit.stack import Response
from tests.scenarios.stack import DEADLINE_S, Stack, running_stack
from tests.scenarios.test_own_runs import until

NAP = delay()
MISSING = "d3c0u8h6gtk2q1v9m4tg"
_numbers = count(1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def in_memory(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    async with running_stack(tmp_path_factory.mktemp("bulks")) as running:
        yield running


@pytest.fixture
def here(in_memory: Stack) -> Stack:
    """The stack of this module, as a tenant of the test's own."""
    return replace(in_memory, tenant=f"umbrella-{next(_numbers)}")


@pytest.fixture
def shop(here: Stack) -> CentraliClient:
    return centrali_client(here, "centrali-reference")


async def runs_of(reference: CentraliClient, slug: str, *steps: Any, count: int) -> list[str]:
    made = await reference.create(orchestration(slug, *steps))
    return [str((await reference.start(made["id"]))["id"]) for _ in range(count)]


async def previewed(stack: Stack, action: str, **body: Any) -> dict[str, Any]:
    answer = await stack.post("/bulk", {"action": action, "dryRun": True, **body})
    assert answer.status == 200, answer.body
    return dict(answer.body)


async def requested(stack: Stack, action: str, **body: Any) -> str:
    answer = await stack.post("/bulk", {"action": action, **body})
    assert answer.status == 202, answer.body
    return str(answer.body["id"])


async def confirmed(stack: Stack, action: str, **body: Any) -> str:
    preview = await previewed(stack, action, **body)
    return await requested(stack, action, confirm=preview["confirm"], **body)


async def until_ended(stack: Stack, bulk_id: str) -> dict[str, Any]:
    """Return the bulk once it has ended."""
    shown: dict[str, Any] = {}

    async def has_ended() -> bool:
        answer = await stack.get(f"/bulk/{bulk_id}")
        assert answer.status == 200, answer.body
        shown.clear()
        shown.update(answer.body)
        return shown["status"] in ("completed", "stopped")

    await eventually(
        has_ended, within_s=DEADLINE_S, every_s=0.01, explain=lambda: f"the bulk is {shown}"
    )
    return shown


async def outcomes(stack: Stack, bulk_id: str, query: str = "") -> dict[str, dict[str, Any]]:
    """Return the outcomes of a bulk by run."""
    answer = await stack.get(f"/bulk/{bulk_id}/items?limit=500{query}")
    assert answer.status == 200, answer.body
    return {one["runId"]: one for one in answer.body["items"]}


def error_of(answer: Response) -> tuple[int, str, list[str]]:
    places = [one["field"] for one in answer.body.get("details", [])]
    return answer.status, answer.body["error"], places


@pytest.mark.operations("baton", "requestBulk", "getBulk", "listBulkItems", "getBulkStream")
async def test_named_runs_are_cancelled_and_each_has_an_outcome(
    stack: Stack, reference: CentraliClient
) -> None:
    first, second, third = await runs_of(reference, "naps", NAP, count=3)
    (ended,) = await runs_of(reference, "ends", compute(function="answer"), count=1)
    await until(stack, ended, "completed")
    other = stack.client("baton", "globex")
    assert (await stack.post(f"/runs/{second}/cancel")).status == 202

    ids = [first, second, ended, MISSING, third, first]
    bulk_id = await requested(stack, "cancel", ids=ids, args={"reason": "enough"})
    bulk = await until_ended(stack, bulk_id)
    found = await outcomes(stack, bulk_id)
    run = await until(stack, first, "cancelled")
    foreign = await other.get(f"/bulk/{bulk_id}")
    events = (await stack.get(f"/streams/bulk/{bulk_id}/events")).body["events"]

    counts = {name: bulk[name] for name in ("total", "pending", "done", "unchanged", "refused")}
    assert counts == {"total": 5, "pending": 0, "done": 2, "unchanged": 1, "refused": 2}
    assert (bulk["action"], bulk["args"]) == ("cancel", {"reason": "enough"})
    assert list(found) == ids[:-1]
    assert (found[first]["outcome"], found[second]["outcome"]) == ("done", "unchanged")
    assert [found[one]["code"] for one in (ended, MISSING)] == ["conflict", "not_found"]
    assert (found[first]["slug"], found[ended]["slug"], found[MISSING].get("slug")) == (
        *("naps", "ends"),
        None,
    )
    assert found[ended]["message"] == "The run has already completed"
    assert run["cancelReason"] == "enough"
    assert foreign.status == 404
    assert [one["type"] for one in events] == [
        "bulk.BulkRequested",
        "bulk.BulkProgressed",
        "bulk.BulkCompleted",
    ]
    event = next(one for one in await stack.events_of(third) if isinstance(one, RunCancelled))
    assert (event.actor.subject, event.actor.method, event.actor.key_id) == (
        "ada",
        "bulk",
        bulk_id,
    )


async def waiting(stack: Stack, shop: CentraliClient, slug: str, number: int) -> list[str]:
    runs = await runs_of(shop, slug, NAP, count=number)
    for run_id in runs:
        await until(stack, run_id, "waiting")
    return runs


async def test_the_runs_of_a_preview_are_processed_whatever_happens_since(
    stack: Stack, reference: CentraliClient
) -> None:
    runs = await waiting(stack, reference, "waits", 4)
    choice = {"filter": {"status": ["waiting"], "definition": "waits"}}
    preview = await previewed(stack, "pause", **choice)
    made = (await stack.get("/definitions/waits")).body
    later = str((await reference.start(made["id"]))["id"])
    await until(stack, later, "waiting")
    assert (await stack.post(f"/runs/{runs[1]}/cancel")).status == 202
    assert (await stack.post(f"/runs/{runs[2]}/pause")).status == 200

    bulk_id = await requested(stack, "pause", confirm=preview["confirm"], **choice)
    again = await requested(stack, "pause", confirm=preview["confirm"], **choice)
    bulk, found = await until_ended(stack, bulk_id), await outcomes(stack, bulk_id)

    assert (preview["count"], bulk["total"]) == (4, 4)
    assert {run["id"] for run in preview["sample"]} == set(runs)
    assert again == bulk_id
    assert [found[one]["outcome"] for one in runs] == ["done", "refused", "unchanged", "done"]
    assert found[runs[1]]["message"] == "The run has already been cancelled"
    assert bulk["filter"] == {"status": ["waiting"], "definitionId": made["id"]}
    assert bulk["position"] == preview["position"]
    assert (await stack.get(f"/runs/{later}")).body["status"] == "waiting"


@pytest.mark.parametrize("condition", ["trigger", "recordId", "correlationId", "from", "all"])
async def test_each_condition_of_a_filter_chooses(
    here: Stack, shop: CentraliClient, condition: str
) -> None:
    made = await shop.create(orchestration("chosen", NAP))
    first = (await here.post("/runs", {"definition": made["id"], "correlationId": "c-1"})).body
    second = (await here.post("/runs", {"definition": made["id"], "correlationId": "c-2"})).body
    requested_at = (await here.get(f"/runs/{first['id']}")).body["requestedAt"]
    choices: dict[str, dict[str, Any]] = {
        "trigger": {"filter": {"trigger": ["manual"]}},
        "recordId": {"filter": {"recordId": "rec_1"}},
        "correlationId": {"filter": {"correlationId": "c-2"}},
        "from": {"filter": {"from": requested_at, "to": "2999-01-01T00:00:00Z"}},
        "all": {"all": True},
    }

    preview = await previewed(here, "cancel", **choices[condition])

    expected = {"recordId": [], "correlationId": [second["id"]]}
    chosen = expected.get(condition, [first["id"], second["id"]])
    assert [run["id"] for run in preview["sample"]] == chosen
    assert preview["count"] == len(chosen)


async def test_runs_are_paused_resumed_retried_and_run_again_with_the_options_of_one_run(
    here: Stack, shop: CentraliClient
) -> None:
    runs = await waiting(here, shop, "controlled", 3)
    choice = {"filter": {"definition": "controlled"}}

    paused = await until_ended(here, await confirmed(here, "pause", **choice, args={"reason": "r"}))
    shown = (await here.get(f"/runs/{runs[0]}")).body
    resumed = await until_ended(
        here, await confirmed(here, "resume", **choice, args={"timers": "skip"})
    )
    for run_id in runs:
        await until(here, run_id, "completed")
    args = {"inputPatch": {"again": True}, "reason": "once more"}
    bulk_id = await confirmed(here, "rerun", **choice, args=args)
    rerun, found = await until_ended(here, bulk_id), await outcomes(here, bulk_id)
    new = (await here.get(f"/runs/{found[runs[0]]['newRunId']}")).body
    refused = await until_ended(here, await confirmed(here, "retry", **choice))

    assert [one["done"] for one in (paused, resumed, rerun)] == [3, 3, 3]
    assert (shown["status"], shown["pause"]["reason"]) == ("paused", "r")
    assert len({one["newRunId"] for one in found.values()}) == 3
    assert (new["trigger"]["runId"], new["input"]) == (runs[0], {"again": True})
    assert (refused["total"], refused["refused"]) == (6, 6)


async def test_failed_runs_are_reopened(here: Stack, shop: CentraliClient) -> None:
    (run_id,) = await runs_of(shop, "broken", compute("first", "refuse"), count=1)
    await until(here, run_id, "failed")

    bulk = await until_ended(here, await confirmed(here, "retry", filter={"status": ["failed"]}))

    await until(here, run_id, "failed", attempts=2)
    assert (bulk["done"], bulk["total"]) == (1, 1)


@pytest.mark.operations("baton", "stopBulk", "listBulks")
async def test_a_bulk_is_stopped_and_listed(here: Stack, shop: CentraliClient) -> None:
    runs = await waiting(here, shop, "slow", 3)

    bulk_id = await requested(here, "pause", ids=runs, perSecond=1)
    await until(here, runs[0], "paused")
    stopped = await here.post(f"/bulk/{bulk_id}/stop")
    bulk = await until_ended(here, bulk_id)
    again = await here.post(f"/bulk/{bulk_id}/stop")
    retried = await here.post(f"/bulk/{bulk_id}/retry")
    other = await until_ended(here, await requested(here, "cancel", ids=runs))
    late = await here.post(f"/bulk/{other['id']}/stop")
    listed = (await here.get("/bulk")).body
    chosen = (await here.get("/bulk?status=stopped&action=pause&limit=1")).body

    assert stopped.status == again.status == 202
    assert (bulk["status"], bulk["total"], bulk["perSecond"]) == ("stopped", 3, 1)
    assert bulk["done"] + bulk["pending"] == 3
    assert bulk["done"] < 3
    assert (retried.status, retried.body["message"]) == (409, "No run of the bulk has failed")
    assert (late.status, late.body["message"]) == (409, "The bulk has already completed")
    assert [one["id"] for one in listed["bulks"]] == [other["id"], bulk_id]
    assert ([one["id"] for one in chosen["bulks"]], chosen["total"]) == ([bulk_id], 1)


@pytest.mark.operations("baton", "retryBulk")
async def test_failed_runs_of_a_bulk_are_tried_again(here: Stack, shop: CentraliClient) -> None:
    (run_id,) = await waiting(here, shop, "limited", 1)
    user = Principal(subject="ada", tenant=here.tenant)
    made = await make_bulk(here.services, here.stores.artifacts, user, run_id, failed=True)
    path = f"/bulk/{made['bulkId']}"
    before = await outcomes(here, made["bulkId"], "&outcome=failed")

    retried = await here.post(f"{path}/retry")
    bulk = await until_ended(here, made["bulkId"])
    after = await outcomes(here, made["bulkId"])
    failed = await outcomes(here, made["bulkId"], "&outcome=failed")

    assert (before[run_id]["code"], before[run_id]["round"]) == ("rate_limited", 1)
    assert (retried.status, retried.body) == (
        202,
        {"id": made["bulkId"], "status": "running"},
    )
    assert (bulk["done"], bulk["refused"], bulk["failed"], bulk["round"]) == (1, 1, 0, 2)
    assert (after[run_id]["outcome"], after[run_id]["round"]) == ("done", 2)
    assert (after["none"]["outcome"], failed) == ("refused", {})


async def test_outcomes_are_paged(here: Stack, shop: CentraliClient) -> None:
    ids = [f"none-{number}" for number in range(7)]
    bulk_id = await requested(here, "cancel", ids=ids)
    await until_ended(here, bulk_id)
    found: list[str] = []
    path = f"/bulk/{bulk_id}/items?limit=3&outcome=refused"
    page = (await here.get(path)).body
    while True:
        found += [one["runId"] for one in page["items"]]
        if "next" not in page:
            break
        page = (await here.get(f"{path}&cursor={page['next']}")).body

    assert found == ids


CANCEL: dict[str, Any] = {"action": "cancel"}


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "action"),
        ({"action": "archive", "ids": ["r"]}, "action"),
        (CANCEL, "filter"),
        ({**CANCEL, "filter": {}}, "filter"),
        ({**CANCEL, "filter": {"status": []}, "dryRun": True}, "filter"),
        ({**CANCEL, "all": True, "ids": ["r"]}, "filter"),
        ({**CANCEL, "filter": {"status": ["failed"]}, "ids": ["r"]}, "filter"),
        ({**CANCEL, "filter": {"stats": ["failed"]}}, "filter.stats"),
        ({**CANCEL, "filter": {"status": ["broken"]}}, "filter.status[0]"),
        ({**CANCEL, "filter": {"from": "yesterday"}}, "filter.from"),
        (
            {**CANCEL, "filter": {"definition": "a", "definitionId": "b"}, "dryRun": True},
            "filter.definitionId",
        ),
        ({**CANCEL, "filter": {"status": ["failed"]}}, "confirm"),
        ({**CANCEL, "all": True}, "confirm"),
        ({**CANCEL, "ids": []}, "ids"),
        ({**CANCEL, "ids": ["a/b"]}, "ids[0]"),
        ({**CANCEL, "ids": ["r"], "confirm": "yes"}, "confirm"),
        ({**CANCEL, "ids": ["r"], "perSecond": 0}, "perSecond"),
        ({**CANCEL, "ids": ["r"], "args": {"reason": ""}}, "args.reason"),
        ({**CANCEL, "ids": ["r"], "args": {"reason": "a\n"}}, "args.reason"),
        ({**CANCEL, "ids": ["r"], "args": {"timers": "fire"}}, "args.timers"),
        ({"action": "rerun", "ids": ["r"], "args": {"dryRun": True}}, "args.dryRun"),
        ({"action": "rerun", "ids": ["r"], "args": {"visit": 2}}, "args.visit"),
        ({"action": "resume", "ids": ["r"], "args": {"timers": "no"}}, "args.timers"),
    ],
)
async def test_a_bad_request_is_refused_with_its_place(
    here: Stack, body: dict[str, Any], place: str
) -> None:
    answer = await here.post("/bulk", body)

    assert error_of(answer) == (400, "validation_error", [place]), answer.body
    assert (await here.get("/bulk")).body["total"] == 0


async def test_a_confirmation_of_another_request_is_refused(
    here: Stack, shop: CentraliClient
) -> None:
    runs = await waiting(here, shop, "stale", 2)
    choice = {"filter": {"definition": "stale"}}
    confirm = (await previewed(here, "cancel", **choice))["confirm"]
    ahead = "999999999" + confirm[confirm.index("-") :]

    wrong = [
        await here.post("/bulk", {**CANCEL, **body})
        for body in (
            {**choice, "confirm": ahead},
            {**choice, "confirm": confirm, "args": {"reason": "other"}},
            {"filter": {"definition": "stale", "status": ["waiting"]}, "confirm": confirm},
            {"ids": runs, "confirm": confirm},
        )
    ]
    unknown = await here.post("/bulk", {**CANCEL, "filter": {"definition": "none"}, "dryRun": True})
    missing = await here.get("/bulk/none/items")

    assert [error_of(answer)[:2] for answer in wrong] == [(409, "conflict")] * 4
    assert (unknown.status, missing.status) == (404, 404)
    assert (await here.get("/bulk")).body["total"] == 0


async def test_a_preview_is_too_old_after_many_events(
    here: Stack, shop: CentraliClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await waiting(here, shop, "old", 1)
    choice = {"filter": {"definition": "old"}}
    confirm = (await previewed(here, "cancel", **choice))["confirm"]
    monkeypatch.setattr(choose_runs, "MAX_CHANGES", 2)
    await waiting(here, shop, "busy", 1)

    answer = await here.post("/bulk", {**CANCEL, **choice, "confirm": confirm})

    assert (answer.status, answer.body["error"]) == (409, "conflict")
    assert "preview" in answer.body["message"]


async def test_a_filter_of_too_many_runs_is_refused(
    here: Stack, shop: CentraliClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await waiting(here, shop, "many", 2)
    monkeypatch.setattr(choose_runs, "MAX_RUNS", 1)

    answer = await here.post("/bulk", {**CANCEL, "all": True, "dryRun": True})

    assert error_of(answer) == (400, "validation_error", ["filter"])
