"""Functions and definitions of the tests of `baton.testing`."""

import time
from typing import Any, Final

from baton import StepContext, function
from tests.dialects.baton_documents import only_step, own_definition

ORDERS: Final[dict[str, Any]] = {
    "slug": "orders",
    "name": "Orders",
    "trigger": {"event": "record.created", "structure": "orders"},
    "steps": [
        {"id": "validate", "function": "validate-order", "next": "check"},
        {
            "id": "check",
            "decide": [
                {
                    "if": [{"path": "steps.validate.output.isValid", "op": "eq", "value": True}],
                    "next": "fulfill",
                }
            ],
            "else": "reject",
        },
        {
            "id": "fulfill",
            "function": "fulfill-order",
            "timeout": "30s",
            "retry": {"attempts": 3, "backoff": "1m", "factor": 1},
            "next": "cool_down",
        },
        {"id": "cool_down", "delay": "3h", "next": "bill"},
        {"id": "bill", "function": "bill", "next": "$end"},
        {"id": "reject", "function": "noop", "next": "$end"},
    ],
}
"""Three functions, a decision, a retry policy and a delay of three hours."""


@function("validate-order")
def validate(payload: dict) -> dict:
    data = payload["input"].get("data", payload["input"])
    return {"isValid": data["total"] > 0}


@function("fulfill-order", id="func_fulfill")
async def fulfill(_payload: dict, context: StepContext) -> dict:
    return {"parcel": context.idempotency_key}


@function("bill")
def bill(payload: dict) -> dict:
    time.sleep(0.01)  # in a thread, in real time
    return {"parcel": payload["steps"]["fulfill"]["output"]["parcel"]}


def one_step(**step: Any) -> dict[str, Any]:
    """Return a definition of a single step, `only`, with the slug `one`."""
    return own_definition("one", only_step(**{"function": "bill", **step}))
