"""The functions that the scenarios' steps call, under the ids that the examples use."""

import asyncio

from baton.executor.sdk import NonRetryableError, StepContext, StepResult, function


@function("validate-order", id="func_abc123")
def validate(payload: dict) -> dict:
    return {"isValid": payload["input"].get("recordId") != "rec_bad"}


@function("fulfill-order", id="func_def456")
async def fulfill() -> dict:
    return {"orderId": "ord_123"}


@function("reject-order", id="func_ghi789")
async def reject(payload: dict) -> dict:
    return {"rejected": payload["input"].get("recordId")}


@function("answer", id="5b1f0c52-3b0e-4d59-9a6e-0d3a4f1f6d10")
async def answer() -> int:
    return 42


@function("break")
async def broken() -> None:
    message = "it broke"
    raise ValueError(message)


@function("refuse")
async def refuse() -> None:
    message = "no use"
    raise NonRetryableError(message, code="NO_USE")


@function("flaky")
async def flaky(payload: dict, context: StepContext) -> dict:
    if context.attempt == 1:
        message = "not yet"
        raise ValueError(message)
    return {"attempt": context.attempt}


@function("what-i-got")
async def what_i_got(payload: dict) -> dict:
    return payload


@function("remember")
async def remember() -> StepResult:
    return StepResult(output="noted", context={"noted": True})


@function("hold")
async def hold() -> None:
    await asyncio.Event().wait()


@function("report-and-hold")
async def report_and_hold(payload: dict, context: StepContext) -> None:
    context.heartbeat({"line": 1})
    await asyncio.Event().wait()


@function("fail-then-hold")
async def fail_then_hold(payload: dict, context: StepContext) -> None:
    if context.attempt == 1:
        message = "not yet"
        raise ValueError(message)
    await asyncio.Event().wait()


@function("hold-alone", limit=1)
async def hold_alone() -> None:
    await asyncio.Event().wait()


@function("moment")
async def moment() -> None:
    await asyncio.sleep(0.05)


@function("measure")
def measure(payload: dict) -> dict:
    echoed = payload["steps"]["echo"]["output"]
    return {"input": len(payload["input"]["text"]), "echo": len(echoed["text"])}


@function("keep-report")
async def keep_report() -> StepResult:
    return StepResult(output="kept", context={"report": "r" * 70_000, "small": 1})


@function("small")
async def small() -> str:
    return "s"


@function("chat")
async def chat(payload: dict, context: StepContext) -> None:
    context.log.info("hello %s", payload["input"].get("name"))
    context.log.warning("two\nlines, and an escape \x1b[31m")
    if payload["input"].get("fails") == context.step_id and context.attempt == 1:
        message = "no more to say"
        raise ValueError(message)


@function("murmur")
async def murmur(payload: dict, context: StepContext) -> None:
    """Log a line, and another one as soon as `GATES` lets it go on."""
    gate = GATES.setdefault(context.run_id, asyncio.Event())
    context.log.info("before")
    await gate.wait()
    context.log.info("behind")


GATES: dict[str, asyncio.Event] = {}
"""By run id."""
