"""The functions of the demo, with the ids that its definition names.

They do what a small shop needs: check an order, look up prices, write to the customer. The carrier
is simulated.
"""

import asyncio
from hashlib import sha256
from typing import Any

from baton import StepContext, StepResult, function
from baton.demo.orders import CATALOGUE

CARRIER_MS = (40, 160)
"""Shortest and longest response time of the simulated carrier, in ms."""


@function("validate-order", id="func_abc123")
def validate(payload: dict[str, Any], context: StepContext) -> dict[str, Any]:
    """Check an order; return whether it can be fulfilled, and its problems."""
    order = payload["input"]["data"]
    problems = list(_problems(order))
    context.log.debug("%s has %d problems", payload["input"]["recordId"], len(problems))
    return {"isValid": not problems, "problems": problems}


@function("fulfill-order", id="func_def456")
async def fulfill(payload: dict[str, Any], context: StepContext) -> StepResult:
    """Ship the order; the tracking number also becomes part of the run's context."""
    record_id = payload["input"]["recordId"]
    # Every attempt has the same key, so a retry gets the same tracking number.
    tracking = sha256(context.idempotency_key.encode()).hexdigest()[:12].upper()
    await asyncio.sleep(_carrier_ms(record_id) / 1000)
    parcels = sum(item["quantity"] for item in payload["input"]["data"]["items"])
    return StepResult(
        output={"orderId": f"ord_{record_id}", "parcels": parcels, "tracking": tracking},
        context={"tracking": tracking},
    )


@function("reject-order", id="func_ghi789")
def reject(payload: dict[str, Any]) -> dict[str, Any]:
    """Write to the customer; the reasons are the output of the previous step."""
    order = payload["input"]["data"]
    problems = payload["steps"]["validate"]["output"]["problems"]
    return {
        "to": order.get("email", "the customer's address on file"),
        "subject": f"Your order {payload['input']['recordId']}",
        "text": f"Dear {order['customer']}, we can't take it: {', '.join(problems)}.",
    }


def _problems(order: dict[str, Any]) -> Any:
    items = order["items"]
    if not items:
        yield "it has no items"
    unknown = [item["sku"] for item in items if item["sku"] not in CATALOGUE]
    if unknown:
        yield f"we don't sell {', '.join(unknown)}"
    elif sum(CATALOGUE[item["sku"]] * item["quantity"] for item in items) != order["totalCents"]:
        yield "its total is not the sum of its items"
    if "email" not in order:
        yield "it has no e-mail address"


def _carrier_ms(record_id: str) -> int:
    least, most = CARRIER_MS
    return least + sha256(record_id.encode()).digest()[0] * (most - least) // 255
