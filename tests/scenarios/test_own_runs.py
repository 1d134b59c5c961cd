"""Runs in Baton's own API: list, show, cancel and retry, over all definitions."""

from typing import Any

import pytest

from tests.dialects.centrali_client import CentraliClient, centrali_client
from tests.dialects.centrali_documents import Document, compute, delay, orchestration
from tests.kit.eventually import eventually
from tests.kit.stack import Response, bearer
from tests.scenarios.stack import DEADLINE_S, Stack

WAITING = delay()


async def started(reference: CentraliClient, slug: str, *steps: Document) -> str:
    made = await reference.create(orchestration(slug, *(steps or (compute(function="answer"),))))
    return str((await reference.start(made["id"]))["id"])


async def until(stack: Stack, run_id: str, status: str, attempts: int = 0) -> dict[str, Any]:
    """Return the run once it has this status, and at least so many attempts of steps."""
    shown: dict[str, Any] = {}

    async def is_so() -> bool:
        found = await stack.get(f"/runs/{run_id}")
        assert found.status == 200, found.body
        shown.update(found.body)
        return shown["status"] == status and len(shown["steps"]) >= attempts

    await eventually(
        is_so, within_s=DEADLINE_S, every_s=0.005, explain=lambda: f"the run is {shown}"
    )
    return shown


async def test_a_run_is_shown_with_its_steps(stack: Stack, reference: CentraliClient) -> None:
    run_id = await started(reference, "answers")

    run = await until(stack, run_id, "completed")

    assert (run["slug"], run["version"], run["trigger"]) == ("answers", 1, {"kind": "manual"})
    assert run["actor"] == {"subject": "ada", "method": "token"}
    assert (run["input"], run["context"], run["hasErrors"]) == ({}, {}, False)
    (step,) = run["steps"]
    assert (step["stepId"], step["kind"], step["status"]) == ("only", "compute", "succeeded")
    assert step["output"] == 42


async def test_runs_of_all_definitions_are_listed_newest_first(
    stack: Stack, reference: CentraliClient
) -> None:
    first, second = [await started(reference, slug) for slug in ("one", "two")]

    everything = (await stack.get("/runs")).body
    newest = (await stack.get("/runs?limit=1")).body
    older = (await stack.get("/runs?limit=1&offset=1")).body

    assert {run["id"] for run in everything["runs"]} == {first, second}
    assert (newest["total"], older["total"]) == (2, 2)
    assert [newest["runs"][0]["id"], older["runs"][0]["id"]] == [
        run["id"] for run in everything["runs"]
    ]


async def test_a_list_is_filtered_by_definition_and_status(
    stack: Stack, reference: CentraliClient
) -> None:
    done, waiting = await started(reference, "done"), await started(reference, "waits", WAITING)
    definition_id = (await until(stack, done, "completed"))["definitionId"]
    await until(stack, waiting, "waiting")

    of_one = (await stack.get(f"/runs?definitionId={definition_id}")).body["runs"]
    that_wait = (await stack.get("/runs?status=waiting")).body["runs"]

    assert [run["id"] for run in of_one] == [done]
    assert [run["id"] for run in that_wait] == [waiting]


async def test_a_list_is_filtered_by_the_time_of_the_request(
    stack: Stack, reference: CentraliClient
) -> None:
    run_id = await started(reference, "timely")
    requested = (await until(stack, run_id, "completed"))["requestedAt"]

    def listed(answer: Response) -> list[str]:
        return [run["id"] for run in answer.body["runs"]]

    assert listed(await stack.get(f"/runs?from={requested}")) == [run_id]
    assert listed(await stack.get(f"/runs?to={requested}")) == []
    assert listed(await stack.get(f"/runs?from=2000-01-01T00:00:00Z&to={requested}")) == []
    assert listed(await stack.get("/runs?to=2999-01-01T00:00:00%2B01:00")) == [run_id]


@pytest.mark.operations("baton", "cancelRun")
async def test_a_cancelled_run_shows_its_status_and_reason(
    stack: Stack, reference: CentraliClient
) -> None:
    run_id = await started(reference, "waits", WAITING)
    await until(stack, run_id, "waiting")

    answer = await stack.post(f"/runs/{run_id}/cancel", {"reason": "enough"})
    run = (await stack.get(f"/runs/{run_id}")).body

    assert (answer.status, answer.body) == (202, {"id": run_id, "status": "cancelled"})
    assert (run["status"], run["cancelReason"]) == ("cancelled", "enough")


@pytest.mark.operations("baton", "retryRun")
async def test_a_failed_run_is_reopened(stack: Stack, reference: CentraliClient) -> None:
    run_id = await started(reference, "refuses", compute(function="refuse"))
    failed = await until(stack, run_id, "failed")

    answer = await stack.post(f"/runs/{run_id}/retry")
    run = await until(stack, run_id, "failed", attempts=2)

    assert failed["failure"] == {"code": "NO_USE", "message": "no use", "stepId": "only"}
    assert (answer.status, answer.body) == (200, {"id": run_id, "status": "running"})
    assert [step["attempt"] for step in run["steps"]] == [1, 2]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("?limit=0", "limit"),
        ("?limit=501", "limit"),
        ("?offset=-1", "offset"),
        ("?status=x", "status"),
        ("?from=yesterday", "from"),
        ("?definition=a&definitionId=b", "definitionId"),
        ("?to=2027-01-01T09:00", "to"),
        ("?from=2027-01-01T09:00:00Z&from=2027-01-01T09:00:00Z", "from"),
    ],
)
async def test_a_parameter_out_of_range_is_named(memory: Stack, path: str, field: str) -> None:
    answer = await memory.get(f"/runs{path}")

    assert (answer.status, answer.body["error"]) == (400, "validation_error")
    assert answer.body["details"][0]["field"] == field


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("cancel", {"reason": ""}),
        ("cancel", {"reason": 7}),
        ("cancel", {"reason": "a\x1b[2J\n"}),
        ("retry", {"stepId": []}),
    ],
)
async def test_an_invalid_body_is_refused(memory: Stack, verb: str, body: object) -> None:
    answer = await memory.post(f"/runs/anything/{verb}", body)

    assert (answer.status, answer.body["error"]) == (400, "validation_error")


async def test_a_missing_run_and_another_tenants_run_get_the_same_404(memory: Stack) -> None:
    reference = centrali_client(memory, "centrali-reference")
    run_id = await started(reference, "waits", WAITING)
    foreign = bearer(tenant="bolt")

    answers = [
        await memory.call(method, f"/runs/{ident}{path}", headers=foreign)
        for method, path in (("GET", ""), ("POST", "/cancel"), ("POST", "/retry"))
        for ident in (run_id, "00000000000000000000")
    ]

    assert {error_of(answer) for answer in answers} == {(404, "not_found", "Run not found")}
    assert (await memory.call("GET", "/runs", headers=foreign)).body["runs"] == []
    assert (await memory.get(f"/runs/{run_id}")).body["status"] != "cancelled"


def error_of(answer: Response) -> tuple[int, str, str]:
    return answer.status, answer.body["error"], answer.body["message"]


async def test_the_read_scope_does_not_allow_changes(memory: Stack) -> None:
    reading = bearer(scope="orchestrator:read")

    assert (await memory.call("GET", "/runs", headers=reading)).status == 200
    for verb in ("cancel", "retry"):
        answer = await memory.call("POST", f"/runs/any/{verb}", headers=reading)
        assert answer.status == 403
