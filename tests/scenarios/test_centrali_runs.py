"""Runs in both Centrali dialects, from the request to the history of their steps."""

from tests.scenarios.stack import Client

STEPS = [
    {"id": "validate", "type": "compute", "functionId": "func_abc123", "nextStepId": "check"},
    {
        "id": "check",
        "type": "decision",
        "cases": [
            {
                "conditions": [
                    {"path": "steps.validate.output.isValid", "op": "eq", "value": True}
                ],
                "nextStepId": "answer",
            }
        ],
        "defaultNextStepId": "reject",
    },
    {
        "id": "answer",
        "type": "compute",
        "functionId": "5b1f0c52-3b0e-4d59-9a6e-0d3a4f1f6d10",
    },
    {"id": "reject", "type": "compute", "functionId": "func_ghi789"},
]


def orders(**changed: object) -> dict[str, object]:
    return {
        "slug": "orders",
        "name": "Orders",
        "trigger": {"type": "on-demand"},
        "steps": STEPS,
        **changed,
    }


async def test_a_run_goes_from_request_to_outputs(openapi: Client) -> None:
    definition = await openapi.created(orders())

    run = await openapi.started(
        definition["id"], {"input": {"recordId": "rec_1"}, "correlationId": "corr_1"}
    )
    assert run["status"] == "pending"
    done = await openapi.until(definition["id"], run["id"], query="?include=steps")

    assert done["stepOutputs"] == {"validate": {"isValid": True}, "answer": 42}
    assert done["steps"][2]["output"] == {"value": 42}
