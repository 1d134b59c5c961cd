"""Payloads arrive as the model or dataclass that the function's parameter is annotated with."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel, Field

from baton.domain.run.outcome import Failed, Succeeded
from baton.executor.functions.loading import load_functions
from baton.executor.functions.registry import Registry
from baton.executor.sdk import StepContext, function
from tests.executor.calls import a_call, functions_of


class Order(BaseModel):
    number: UUID
    price: Decimal
    due: date
    quantity: int = Field(gt=0)


@dataclass
class Line:
    sku: str
    quantity: int


@dataclass
class Payload:
    input: Line
    config: dict[str, Any] | None = None


GIVEN = {"number": str(UUID(int=7)), "price": "1.50", "due": "2025-01-31", "quantity": 2}


@pytest.mark.parametrize("kind", ["loop", "thread"])
async def test_a_model_without_members_of_the_payload_describes_the_input(kind: str) -> None:
    def total(order: Order, ctx: StepContext) -> dict:
        assert isinstance(order, Order)
        return {"total": order.price * order.quantity, "due": order.due, "step": ctx.step_id}

    async def total_async(order: Order, ctx: StepContext) -> dict:
        return total(order, ctx)

    target = function("total")(total_async if kind == "loop" else total)
    async with functions_of(target) as functions:
        outcome = await functions.call(a_call("total", input=GIVEN))

    assert outcome == Succeeded(output={"total": "3.00", "due": "2025-01-31", "step": "check"})


async def test_a_dataclass_with_members_of_the_payload_describes_the_payload() -> None:
    @function("pack")
    def pack(payload: Payload) -> Payload:
        assert isinstance(payload.input, Line)
        return payload

    async with functions_of(pack) as functions:
        call = a_call("pack", input={"sku": "a", "quantity": 3}, config={"fast": True})
        outcome = await functions.call(call)

    packed = {"input": {"sku": "a", "quantity": 3}, "config": {"fast": True}}
    assert outcome == Succeeded(output=packed)


async def test_a_payload_that_does_not_fit_fails_for_good_and_names_the_fields() -> None:
    called: list[Order] = []

    @function("total")
    async def total(order: Order) -> None:
        called.append(order)

    async with functions_of(total) as functions:
        wrong = {**GIVEN, "quantity": 0, "due": "tomorrow"}
        outcome = await functions.call(a_call("total", input=wrong))

    assert isinstance(outcome, Failed)
    assert outcome.error.code == "INVALID_INPUT"
    assert not outcome.retryable
    assert "input.due: " in outcome.error.message
    assert "input.quantity: Input should be greater than 0" in outcome.error.message
    assert called == []


async def test_a_function_in_a_process_gets_its_model_too(tmp_path: Path) -> None:
    source = tmp_path / "models.py"
    source.write_text(
        "from dataclasses import dataclass\n"
        "from baton import function\n"
        "@dataclass\n"
        "class Line:\n"
        "    sku: str\n"
        "@function('pack', pool='process')\n"
        "def pack(line: Line):\n"
        "    return [line, type(line).__name__]\n"
    )
    registry = Registry()
    for one in load_functions(str(source)):
        registry.add(one)
    async with functions_of(registry=registry) as functions:
        packed = await functions.call(a_call("pack", input={"sku": "a"}))
        refused = await functions.call(a_call("pack", input={"sku": 1}))

    assert packed == Succeeded(output=[{"sku": "a"}, "Line"])
    assert isinstance(refused, Failed)
    assert refused.error.code == "INVALID_INPUT"


async def test_other_annotations_change_nothing() -> None:
    @function("plain")
    async def plain(payload: dict[str, Any], _ctx: "StepContext") -> object:
        return payload["input"]

    async with functions_of(plain) as functions:
        assert await functions.call(a_call("plain", input=[1])) == Succeeded(output=[1])
