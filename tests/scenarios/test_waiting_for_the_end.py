"""`Prefer: wait` on a query of a run: the response waits for the run's end."""

from tests.dialects.centrali_client import CentraliClient
from tests.dialects.centrali_documents import compute, delay, orchestration

NOOP = orchestration("d", compute(function="noop"))
DELAY = orchestration("d", delay())


async def test_the_response_waits_for_the_end_of_the_run(openapi: CentraliClient) -> None:
    made = await openapi.create(NOOP)
    run = await openapi.start(made["id"])

    answer = await openapi.get(
        f"/orchestrations/{made['id']}/runs/{run['id']}", headers={"Prefer": "wait=20"}
    )

    assert answer.body["status"] == "completed"


async def test_a_run_that_does_not_end_is_shown_after_the_wait(
    openapi: CentraliClient,
) -> None:
    made = await openapi.create(DELAY)
    run = await openapi.start(made["id"])

    answer = await openapi.get(
        f"/orchestrations/{made['id']}/runs/{run['id']}", headers={"Prefer": "wait=1"}
    )

    assert answer.body["status"] == "waiting"


async def test_a_preference_that_is_not_a_number_is_ignored(openapi: CentraliClient) -> None:
    made = await openapi.create(DELAY)
    run = await openapi.start(made["id"])

    answer = await openapi.get(
        f"/orchestrations/{made['id']}/runs/{run['id']}", headers={"Prefer": "wait=soon"}
    )

    assert answer.status == 200
