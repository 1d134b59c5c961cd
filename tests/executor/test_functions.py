"""Calls of Python functions on the event loop, in threads and in processes, and their outcomes."""

import asyncio
import logging
import os
import threading
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

import pytest

from baton.domain.run.outcome import Failed, Succeeded
from baton.executor.functions.loading import load_functions
from baton.executor.functions.registered_functions import CallLimits
from baton.executor.functions.registry import Registry
from baton.executor.sdk import AttemptOver, NonRetryableError, StepContext, StepResult, function
from tests.executor.calls import a_call, functions_of
from tests.kit.clock import NOW
from tests.kit.eventually import eventually


@function("validate-order", id="5b1f0c52-3b0e-4d59-9a6e-0d3a4f1f6d10")
async def validate(payload: dict, ctx: StepContext) -> dict:
    return {"isValid": payload["input"]["recordId"] == "r-1", "attempt": ctx.attempt}


async def test_an_async_function_gets_the_payload_and_its_context() -> None:
    async with functions_of(validate) as functions:
        outcome = await functions.call(a_call("validate-order", attempt=3))

    assert outcome == Succeeded(output={"isValid": True, "attempt": 3})


async def test_the_context_names_the_attempt_and_a_key_that_all_attempts_share() -> None:
    seen: list[StepContext] = []

    @function("look")
    async def look(_payload: dict, ctx: StepContext) -> None:
        seen.append(ctx)

    async with functions_of(look) as functions:
        for attempt in (1, 2):
            await functions.call(a_call("look", attempt=attempt, visit=4))

    first, second = seen
    assert (first.run_id, first.step_id, first.tenant) == ("c" * 20, "check", "acme")
    assert (first.attempt, second.attempt) == (1, 2)
    assert first.idempotency_key == second.idempotency_key == f"{'c' * 20}.check.4"
    assert first.deadline == NOW + 300_000


@pytest.mark.parametrize(
    "reference",
    [
        "validate-order",
        "5b1f0c52-3b0e-4d59-9a6e-0d3a4f1f6d10",
        "5B1F0C52-3B0E-4D59-9A6E-0D3A4F1F6D10",
    ],
)
async def test_a_function_is_found_by_name_and_by_uuid(reference: str) -> None:
    async with functions_of(validate) as functions:
        assert isinstance(await functions.call(a_call(reference)), Succeeded)


async def test_an_unknown_function_fails_without_retry_and_the_known_ones_are_listed() -> None:
    async with functions_of(validate) as functions:
        outcome = await functions.call(a_call("valdate-order"))

    assert isinstance(outcome, Failed)
    assert outcome.error.code == "FUNCTION_NOT_FOUND"
    assert "'valdate-order'" in outcome.error.message
    assert "echo, fail, http, noop, sleep, validate-order" in outcome.error.message
    assert not outcome.retryable


async def test_a_step_without_a_function_calls_that_of_its_id_then_of_its_name_then_noop() -> None:
    @function("Check it")
    async def of_its_name() -> str:
        return "by name"

    async with functions_of(validate, of_its_name) as functions:
        by_id = await functions.call(a_call("validate-order", step_name="Check it"))
        by_name = await functions.call(a_call("check", step_name="Check it"))
        neither = await functions.call(a_call("check", step_name="Check"))

    assert by_id == Succeeded(output={"isValid": True, "attempt": 1})
    assert by_name == Succeeded(output="by name")
    warning = "There is no function 'check' or 'Check': noop was called"
    assert neither == Succeeded(output="success", warning=warning)


async def test_a_def_runs_in_a_thread_and_does_not_block_the_loop() -> None:
    gate = threading.Event()

    @function("wait")
    def wait() -> str:
        assert gate.wait(10)
        return threading.current_thread().name

    async with functions_of(wait, validate) as functions:
        waiting = asyncio.create_task(functions.call(a_call("wait")))
        assert isinstance(await functions.call(a_call("validate-order")), Succeeded)
        assert not waiting.done()
        gate.set()
        outcome = await waiting

    assert isinstance(outcome, Succeeded)
    assert str(outcome.output).startswith("baton-function-")


@pytest.mark.parametrize("kind", ["async", "thread"])
async def test_a_function_that_changes_its_payload_changes_only_a_copy(kind: str) -> None:
    def spoil(payload: dict[str, dict]) -> dict:
        payload["input"]["recordId"] = "spoiled"
        return payload["input"]

    async def spoil_async(payload: dict[str, dict]) -> dict:
        return spoil(payload)

    target = function("spoil")(spoil_async if kind == "async" else spoil)
    call = a_call("spoil")
    async with functions_of(target) as functions:
        outcome = await functions.call(call)

    assert outcome == Succeeded(output={"recordId": "spoiled"})
    assert call.payload["input"] == {"recordId": "r-1"}


async def test_an_output_is_copied_when_the_function_returns() -> None:
    kept: list[dict] = []

    @function
    async def remember() -> dict:
        kept.append({"n": 1})
        return kept[0]

    async with functions_of(remember) as functions:
        outcome = await functions.call(a_call("remember"))
    kept[0]["n"] = 2

    assert outcome == Succeeded(output={"n": 1})


async def test_a_step_result_patches_the_context() -> None:
    @function("patch")
    async def patch() -> StepResult:
        return StepResult(output=[1], context={"seen": True})

    async with functions_of(patch) as functions:
        outcome = await functions.call(a_call("patch"))

    assert outcome == Succeeded(output=[1], context={"seen": True})


async def test_an_exception_is_a_failure_with_the_traceback_of_the_function_only() -> None:
    @function("break")
    async def break_() -> None:
        def deeper() -> None:
            raise KeyError("sku")

        deeper()

    async with functions_of(break_) as functions:
        outcome = await functions.call(a_call("break"))

    assert isinstance(outcome, Failed)
    assert (outcome.error.code, outcome.error.message) == ("KeyError", "'sku'")
    assert outcome.retryable
    stack = outcome.error.stack or ""
    assert "in break_" in stack
    assert "in deeper" in stack
    assert "call_async.py" not in stack


class Refused(Exception):
    code = "CARD_REFUSED"


class Reason(StrEnum):
    EMPTY = "NOTHING_TO_CHARGE"


class PanicException(BaseException):
    """As extensions written in Rust raise it."""


class Unspeakable(Exception):
    """An exception none of whose parts can be read."""

    @property
    def code(self) -> str:
        raise KeyboardInterrupt

    def __str__(self) -> str:
        raise SystemExit(3)


@pytest.mark.parametrize(
    ("raised", "code", "message", "retryable"),
    [
        (Refused("no money"), "CARD_REFUSED", "no money", True),
        (NonRetryableError("no such order"), "NonRetryableError", "no such order", False),
        (NonRetryableError("no", code="GONE"), "GONE", "no", False),
        (SystemExit(3), "SystemExit", "3", True),
        (ValueError(), "ValueError", "ValueError", True),
        (ValueError("\ud800 and \0"), "ValueError", "? and \\0", True),
        (asyncio.CancelledError(), "CancelledError", "CancelledError", True),
        (KeyboardInterrupt(), "KeyboardInterrupt", "KeyboardInterrupt", True),
        (GeneratorExit(), "GeneratorExit", "GeneratorExit", True),
        (PanicException("rust"), "PanicException", "rust", True),
        (NonRetryableError("no", code=Reason.EMPTY), "NOTHING_TO_CHARGE", "no", False),
        (Unspeakable(), "Unspeakable", "Unspeakable", True),
        (
            BaseExceptionGroup("one", [KeyboardInterrupt()]),
            "KeyboardInterrupt",
            "KeyboardInterrupt",
            True,
        ),
        (
            ExceptionGroup("two", [ValueError(), KeyError()]),
            "ExceptionGroup",
            "two (2 sub-exceptions)",
            True,
        ),
        (
            ExceptionGroup("a task group", [ValueError(), NonRetryableError("no", code="GONE")]),
            "GONE",
            "no",
            False,
        ),
    ],
)
@pytest.mark.parametrize("kind", ["async", "thread"])
async def test_any_exception_becomes_a_failure(
    kind: str, raised: BaseException, code: str, message: str, retryable: bool
) -> None:
    def raise_it() -> None:
        raise raised

    async def raise_async() -> None:
        raise raised

    target = function("raise")(raise_async if kind == "async" else raise_it)
    async with functions_of(target) as functions:
        outcome = await functions.call(a_call("raise"))

    assert isinstance(outcome, Failed)
    assert (outcome.error.code, outcome.error.message) == (code, message)
    assert outcome.retryable is retryable


async def test_a_cancelled_call_cancels_the_function_and_is_raised() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    @function("hang")
    async def hang() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with functions_of(hang) as functions:
        task = asyncio.create_task(functions.call(a_call("hang")))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert ended.is_set()


async def test_heartbeat_raises_in_a_thread_whose_call_was_cancelled() -> None:
    begun, goes_on = threading.Event(), threading.Event()
    ended: list[type[BaseException]] = []
    done = threading.Event()

    @function("plod")
    def plod(_payload: dict, ctx: StepContext) -> None:
        begun.set()
        goes_on.wait(10)
        try:
            ctx.heartbeat("still here")
        except AttemptOver as over:
            ended.append(type(over))
        done.set()

    async with functions_of(plod) as functions:
        task = asyncio.create_task(functions.call(a_call("plod")))
        await asyncio.to_thread(begun.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        goes_on.set()
        await asyncio.to_thread(done.wait, 10)

    assert ended == [AttemptOver]


async def most_at_once(name: str, target: Callable[..., object], **options: object) -> int:
    at_once = most = 0
    lock = threading.Lock()

    def count(step: int) -> None:
        nonlocal at_once, most
        with lock:
            at_once += step
            most = max(most, at_once)

    async with functions_of(target, **options) as functions:
        target.__dict__["count"] = count
        outcomes = await asyncio.gather(*(functions.call(a_call(name)) for _ in range(20)))
    assert all(isinstance(outcome, Succeeded) for outcome in outcomes)
    return most


@pytest.mark.parametrize(
    ("limit", "limits", "expected"),
    [
        (3, CallLimits(), 3),
        (None, CallLimits(per_function=4), 4),
        (None, CallLimits(total=5), 5),
        (None, CallLimits(), 20),
    ],
)
async def test_calls_in_flight_are_limited(
    limit: int | None, limits: CallLimits, expected: int
) -> None:
    @function("busy", limit=limit)
    async def busy() -> None:
        busy.__dict__["count"](+1)
        for _ in range(50):
            await asyncio.sleep(0)
        busy.__dict__["count"](-1)

    assert await most_at_once("busy", busy, limits=limits) == expected


async def test_a_slow_function_takes_no_thread_from_another() -> None:
    gate = threading.Event()

    @function("slow")
    def slow() -> None:
        gate.wait(10)

    @function("quick")
    def quick() -> str:
        return "done"

    async with functions_of(slow, quick, limits=CallLimits(threads=4)) as functions:
        waiting = [asyncio.create_task(functions.call(a_call("slow"))) for _ in range(30)]
        await asyncio.sleep(0)
        assert await functions.call(a_call("quick")) == Succeeded(output="done")
        gate.set()
        await asyncio.gather(*waiting)


async def test_heartbeats_arrive_from_the_loop_and_from_threads() -> None:
    heartbeats: list[tuple[str, object]] = []

    @function("loop")
    async def on_loop(_payload: dict, ctx: StepContext) -> None:
        ctx.heartbeat({"done": 1})

    @function("thread")
    def in_thread(_payload: dict, ctx: StepContext) -> None:
        ctx.heartbeat({"done": 2})

    def on_heartbeat(call: object, progress: object) -> None:
        heartbeats.append((call.function, progress))  # type: ignore[attr-defined]

    async with functions_of(on_loop, in_thread, on_heartbeat=on_heartbeat) as functions:
        await functions.call(a_call("loop"))
        await functions.call(a_call("thread"))

    assert heartbeats == [("loop", {"done": 1}), ("thread", {"done": 2})]


async def test_log_lines_carry_the_ids_of_the_run(caplog: pytest.LogCaptureFixture) -> None:
    @function("talk")
    async def talk(payload: dict, ctx: StepContext) -> None:
        ctx.log.info("checking %s", payload["input"]["recordId"])

    with caplog.at_level(logging.INFO, logger="baton.functions"):
        async with functions_of(talk) as functions:
            await functions.call(a_call("talk", attempt=2))

    (line,) = caplog.records
    assert line.getMessage() == "checking r-1"
    named = {"run_id": "c" * 20, "step_id": "check", "attempt": 2, "tenant": "acme"}
    assert {name: getattr(line, name) for name in named} == named


async def test_a_payload_that_is_not_json_fails_the_call_only() -> None:
    async with functions_of(validate) as functions:
        outcome = await functions.call(a_call("validate-order", input=object()))
        again = await functions.call(a_call("validate-order"))

    assert isinstance(outcome, Failed)
    assert outcome.error.code == "INTERNAL_ERROR"
    assert isinstance(again, Succeeded)


IN_A_PROCESS = """
import asyncio, logging, os, signal, sys, threading, time
from pathlib import Path
from baton.executor.sdk import AttemptOver, NonRetryableError, StepContext, StepResult, function

@function("where", pool="process")
def where(payload, ctx):
    print("functions may print")
    ctx.log.warning("in process, attempt %d", ctx.attempt)
    ctx.log.warning("%d is no number", "x")
    ctx.heartbeat({"half": True})
    sku = payload["config"]["sku"]
    return StepResult(output={"pid": os.getpid(), "sku": sku}, context={"p": 1})

@function("where-async", pool="process")
async def where_async():
    await asyncio.sleep(0)
    return os.getpid()

@function("refuse", pool="process")
def refuse():
    raise NonRetryableError("never", code="NEVER")

@function("quit", pool="process")
def quit_():
    sys.exit(4)

@function("die", pool="process")
def die():
    os.kill(os.getpid(), signal.SIGKILL)

@function("hang", pool="process")
def hang(payload, ctx):
    ctx.heartbeat(os.getpid())
    threading.Event().wait()

@function("settings", pool="process")
def settings():
    own = open("/proc/self/environ").read()
    return [name for name in os.environ if name.startswith("BATON")] + [
        entry for entry in own.split("\\0") if entry.startswith("BATON")
    ]

@function("nan", pool="process")
def nan():
    return float("nan")

@function("leave", pool="process")
def leave(payload, ctx):
    gate, done = (Path(payload["config"][name]) for name in ("gate", "done"))

    def go_on():
        while not gate.exists():
            time.sleep(0.01)
        logging.error("of an ended call")
        try:
            ctx.heartbeat("of an ended call")
        except AttemptOver:
            done.touch()

    threading.Thread(target=go_on, daemon=True).start()
    ctx.heartbeat(object())
"""


@pytest.fixture
def in_a_process(tmp_path: Path) -> Registry:
    path = tmp_path / "heavy.py"
    path.write_text(IN_A_PROCESS)
    registry = Registry()
    for one in load_functions(str(path)):
        registry.add(one)
    return registry


async def test_a_process_function_runs_in_a_process_that_is_reused(
    in_a_process: Registry, caplog: pytest.LogCaptureFixture
) -> None:
    heartbeats: list[object] = []

    async with functions_of(
        registry=in_a_process,
        limits=CallLimits(processes=1),
        on_heartbeat=lambda _, progress: heartbeats.append(progress),
    ) as functions:
        first = await functions.call(a_call("where", config={"sku": "é"}, attempt=2))
        second = await functions.call(a_call("where-async"))

    assert isinstance(first, Succeeded)
    assert isinstance(second, Succeeded)
    assert first.output == {"pid": second.output, "sku": "é"}
    assert first.context == {"p": 1}
    assert second.output != os.getpid()
    assert heartbeats == [{"half": True}]
    assert [line.getMessage() for line in caplog.records] == [
        "in process, attempt 2",
        "'%d is no number' ('x',)",
    ]


async def test_a_process_function_sees_no_setting_of_baton(
    in_a_process: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BATON_JWT_SECRET", "a secret that no function may see, never")
    monkeypatch.setenv("BATON_STORE", "postgresql://baton:hunter2@db/baton")

    async with functions_of(registry=in_a_process, limits=CallLimits(processes=1)) as functions:
        outcome = await functions.call(a_call("settings"))

    assert isinstance(outcome, Succeeded)
    assert outcome.output == []


async def test_exceptions_and_invalid_outputs_of_a_process_function_are_failures(
    in_a_process: Registry,
) -> None:
    async with functions_of(registry=in_a_process, limits=CallLimits(processes=1)) as functions:
        refused = await functions.call(a_call("refuse"))
        quitted = await functions.call(a_call("quit"))
        nan = await functions.call(a_call("nan"))

    assert isinstance(refused, Failed)
    assert isinstance(quitted, Failed)
    assert isinstance(nan, Failed)
    assert (refused.error.code, refused.error.message, refused.retryable) == (
        "NEVER",
        "never",
        False,
    )
    assert "heavy.py" in (refused.error.stack or "")
    assert quitted.error.code == "SystemExit"
    assert nan.error.code == "INVALID_OUTPUT"


async def test_a_thread_that_a_call_left_in_its_process_is_silent_between_calls(
    in_a_process: Registry, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    heartbeats: list[object] = []
    gate, done = tmp_path / "gate", tmp_path / "done"

    async with functions_of(
        registry=in_a_process,
        limits=CallLimits(processes=1),
        on_heartbeat=lambda _, progress: heartbeats.append(progress),
    ) as functions:
        await functions.call(a_call("leave", config={"gate": str(gate), "done": str(done)}))
        gate.touch()
        await eventually(done.exists)
        await functions.call(a_call("where", config={"sku": "é"}))

    assert heartbeats == [None, {"half": True}]
    assert [line.getMessage() for line in caplog.records][:-1] == ["in process, attempt 1"]


async def test_a_process_that_dies_fails_its_own_call_only(in_a_process: Registry) -> None:
    async with functions_of(registry=in_a_process, limits=CallLimits(processes=2)) as functions:
        died, lived = await asyncio.gather(
            functions.call(a_call("die")), functions.call(a_call("where", config={"sku": 1}))
        )
        after = await functions.call(a_call("where-async"))

    assert isinstance(died, Failed)
    assert (died.error.code, died.retryable) == ("PROCESS_DIED", True)
    assert isinstance(lived, Succeeded)
    assert isinstance(after, Succeeded)


async def test_a_process_whose_call_is_cancelled_is_killed(in_a_process: Registry) -> None:
    pids: asyncio.Queue[int] = asyncio.Queue()

    async with functions_of(
        registry=in_a_process,
        limits=CallLimits(processes=1),
        on_heartbeat=lambda _, pid: pids.put_nowait(pid),
    ) as functions:
        task = asyncio.create_task(functions.call(a_call("hang")))
        pid = await pids.get()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        assert isinstance(await functions.call(a_call("where-async")), Succeeded)
