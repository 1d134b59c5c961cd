"""`Prefer: wait` on a query of a run: the response waits for the run's end."""

from collections.abc import Mapping

from tests.dialects.centrali_client import CentraliClient

NOOP = {"id": "only", "type": "compute", "functionId": "noop"}
DELAY = {"id": "wait", "type": "delay", "delayMs": 600_000}


def definition(step: Mapping[str, object]) -> dict[str, object]:
    return {"slug": "d", "name": "D", "trigger": {"type": "on-demand"}, "steps": [step]}


async def test_the_response_waits_for_the_end_of_the_run(openapi: CentraliClient) -> None:
    made = await openapi.create(definition(NOOP))
    run = await openapi.start(made["id"])

    answer = await openapi.get(
        f"/orchestrations/{made['id']}/runs/{run['id']}", headers={"Prefer": "wait=20"}
    )

    assert answer.body["status"] == "completed"


async def test_a_run_that_does_not_end_is_shown_after_the_wait(
    openapi: CentraliClient,
) -> None:
    made = await openapi.create(definition(DELAY))
    run = await openapi.start(made["id"])

    answer = await openapi.get(
        f"/orchestrations/{made['id']}/runs/{run['id']}", headers={"Prefer": "wait=1"}
    )

    assert answer.body["status"] == "waiting"


async def test_a_preference_that_is_not_a_number_is_ignored(openapi: CentraliClient) -> None:
    made = await openapi.create(definition(DELAY))
    run = await openapi.start(made["id"])

    answer = await openapi.get(
        f"/orchestrations/{made['id']}/runs/{run['id']}", headers={"Prefer": "wait=soon"}
    )

    assert answer.status == 200
