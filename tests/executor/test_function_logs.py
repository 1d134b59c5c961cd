"""The log of a function is kept per attempt, however the attempt ends."""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import orjson
import pytest

from baton.domain.artifact import Artifact
from baton.domain.run.messages.run_events import RunCancelled
from baton.domain.run.messages.step_events import (
    StepFailed,
    StepLogged,
    StepSucceeded,
    StepTimedOut,
)
from baton.eventlog.errors import Unavailable
from baton.eventlog.function_logs.attempt_log import MAX_BYTES
from baton.executor.functions.loading import load_functions
from baton.executor.functions.python import hung_threads as hung
from baton.executor.functions.registry import Registry
from baton.executor.runs import deadlines
from baton.executor.sdk import StepContext, function
from tests.executor.engine import CLOCK, Engine, engine_of
from tests.kit.eventually import eventually

Shown = list[tuple[str, str] | int]


async def shown(engine: Engine, logged: StepLogged) -> Shown:
    """Return level and message of each line, and a number where lines were left out."""
    artifact = cast("Artifact", logged.logs)
    raw = await engine.stores.artifacts.get("acme", artifact.sha256)
    assert raw is not None
    assert len(raw) == artifact.bytes
    found: list[dict[str, Any]] = orjson.loads(raw)
    return [(one["level"], one["message"]) if "message" in one else one["omitted"] for one in found]


async def logs_of(engine: Engine, run_id: str) -> list[Shown]:
    """Return the log of each attempt that has one, in order."""
    events = await engine.events(run_id)
    return [await shown(engine, one) for one in events if isinstance(one, StepLogged)]


async def logs_once_kept(engine: Engine, run_id: str) -> list[Shown]:
    """Return the logs of a run as soon as it has any."""
    found = await eventually(lambda: logs_of(engine, run_id))
    assert found is not None
    return found


# Which lines are kept ---------------------------------------------------------------------------


@function("talk")
async def talk(payload: dict, ctx: StepContext) -> None:
    ctx.log.debug("not kept")
    ctx.log.info("checking %s", "r-1")
    ctx.log.warning("low: %d%%", 7)
    ctx.log.error("%d is no number", "x")
    try:
        int("no number")
    except ValueError:
        ctx.log.exception("it failed")


@function("talk-in-thread")
def talk_in_thread(payload: dict, ctx: StepContext) -> None:
    ctx.log.log(logging.INFO, "from a thread")
    other = threading.Thread(target=lambda: ctx.log.critical("from another"))
    other.start()
    other.join()


@function("be-silent")
async def be_silent() -> str:
    return "nothing to say"


async def test_lines_are_kept_with_level_and_message_right_before_the_end_of_the_attempt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Not even a disabled logger takes lines away; and pytest would raise for the malformed one.
    monkeypatch.setattr(logging.getLogger("baton.functions"), "disabled", True)
    async with engine_of(talk) as engine:
        await engine.ended(await engine.start("talk"))
        (log,) = await logs_of(engine, "talk-0")
        names = [type(one).__name__ for one in await engine.events("talk-0")]

    assert log[:3] == [
        ("info", "checking r-1"),
        ("warning", "low: 7%"),
        ("error", "'%d is no number' ('x',)"),
    ]
    level, message = cast("tuple[str, str]", log[3])
    assert level == "error"
    assert message.startswith("it failed\nTraceback (most recent call last):\n")
    assert message.endswith("ValueError: invalid literal for int() with base 10: 'no number'")
    assert names[-3:] == ["StepLogged", "StepSucceeded", "RunCompleted"]


async def test_lines_of_threads_are_kept() -> None:
    async with engine_of(talk_in_thread) as engine:
        await engine.ended(await engine.start("talk-in-thread"))
        assert await logs_of(engine, "talk-in-thread-0") == [
            [("info", "from a thread"), ("critical", "from another")]
        ]


async def test_lines_carry_the_ids_of_the_attempt_in_the_log_of_the_service(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with engine_of(talk_in_thread) as engine:
        with caplog.at_level(logging.INFO, logger="baton.functions"):
            await engine.ended(await engine.start("talk-in-thread"))

    line = next(one for one in caplog.records if one.getMessage() == "from a thread")
    assert (
        vars(line).items()
        >= {
            "run_id": "talk-in-thread-0",
            "step_id": "only",
            "attempt": 1,
            "tenant": "acme",
            "function": "talk-in-thread",
        }.items()
    )
    assert line.pathname == __file__


async def test_an_attempt_that_logs_nothing_has_no_event_and_no_artifact(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with engine_of(be_silent) as engine:
        put: list[object] = []
        monkeypatch.setattr(engine.stores.artifacts, "put", put.append)
        await engine.ended(await engine.start("be-silent"))
        assert await logs_of(engine, "be-silent-0") == []
        assert put == []


# However the attempt ends -----------------------------------------------------------------------


@function("fail-twice")
async def fail_twice(payload: dict, ctx: StepContext) -> None:
    ctx.log.info("attempt %d", ctx.attempt)
    if ctx.attempt < 3:
        raise ValueError("not yet")


@function("wait")
async def wait(payload: dict, ctx: StepContext) -> None:
    ctx.log.info("waiting")
    try:
        await asyncio.Event().wait()
    finally:
        ctx.log.info("cleaning up")


async def test_each_attempt_keeps_its_own_log() -> None:
    async with engine_of(fail_twice) as engine:
        await engine.ended(await engine.start("fail-twice", attempts=3))
        events = await engine.events("fail-twice-0")
        logs = await logs_of(engine, "fail-twice-0")

    assert logs == [[("info", f"attempt {number}")] for number in (1, 2, 3)]
    ends = [one for one in events if isinstance(one, StepLogged | StepFailed | StepSucceeded)]
    assert [(type(one), one.attempt) for one in ends] == [
        (StepLogged, 1),
        (StepFailed, 1),
        (StepLogged, 2),
        (StepFailed, 2),
        (StepLogged, 3),
        (StepSucceeded, 3),
    ]


async def test_an_attempt_that_times_out_keeps_its_log() -> None:
    async with engine_of(wait) as engine:
        await engine.ended(await engine.start("wait", timeout_ms=20))
        events = await engine.events("wait-0")
        assert await logs_of(engine, "wait-0") == [[("info", "waiting"), ("info", "cleaning up")]]

    assert [type(one) for one in events[-3:-1]] == [StepLogged, StepTimedOut]


async def test_a_cancelled_attempt_keeps_its_log() -> None:
    async with engine_of(wait) as engine:
        await engine.start("wait")
        await eventually(lambda: engine.executor.counts.steps_performed == 1)
        await engine.cancel("wait-0")
        assert await logs_once_kept(engine, "wait-0") == [
            [("info", "waiting"), ("info", "cleaning up")]
        ]
        run, events = await engine.run("wait-0"), await engine.events("wait-0")
        await eventually(lambda: engine.executor.live_runs == 0)

    assert run.status == "cancelled"
    assert [type(one) for one in events[-2:]] == [RunCancelled, StepLogged]


async def test_an_attempt_that_is_released_keeps_its_log() -> None:
    async with engine_of(wait) as engine:
        await engine.start("wait")
        await eventually(lambda: engine.executor.counts.steps_performed == 1)
        await engine.executor.stop(grace_s=0)
        assert await logs_of(engine, "wait-0") == [[("info", "waiting"), ("info", "cleaning up")]]
        events = await engine.events("wait-0")

    assert [type(one).__name__ for one in events[-2:]] == ["StepReleased", "StepLogged"]


async def test_an_attempt_that_is_left_behind_keeps_what_it_has_logged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deadlines, "IGNORED_AFTER_S", 0.05)
    stop = asyncio.Event()

    @function("swallow")
    async def swallow(payload: dict, ctx: StepContext) -> None:
        ctx.log.info("before the end")
        while not stop.is_set():
            try:
                await stop.wait()
            except asyncio.CancelledError:
                ctx.log.info("ignored")
        ctx.log.info("too late")

    async with engine_of(swallow) as engine:
        await engine.ended(await engine.start("swallow", timeout_ms=20))
        stop.set()
        await eventually(lambda: engine.executor.live_runs == 0)
        assert await logs_of(engine, "swallow-0") == [
            [("info", "before the end"), ("info", "ignored")]
        ]


async def test_lines_of_a_thread_behind_the_end_of_its_attempt_are_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hung, "HUNG_AFTER_S", 0.05)
    gate = threading.Event()
    written = threading.Event()

    @function("hang")
    def hang(payload: dict, ctx: StepContext) -> None:
        gate.wait()
        ctx.log.info("too late")
        written.set()

    async with engine_of(hang) as engine:
        await engine.ended(await engine.start("hang", timeout_ms=20))
        gate.set()
        await asyncio.to_thread(written.wait)
        assert await logs_of(engine, "hang-0") == []


async def test_an_outcome_waits_until_its_log_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    async with engine_of(talk_in_thread) as engine:
        artifacts, failed = engine.stores.artifacts, list[str]()
        put = artifacts.put

        async def fail_at_first(tenant: str, sha256: str, raw: bytes) -> None:
            if len(failed) < 2:
                failed.append(sha256)
                raise Unavailable("no store")
            await put(tenant, sha256, raw)

        monkeypatch.setattr(artifacts, "put", fail_at_first)
        await engine.ended(await engine.start("talk-in-thread"))
        (log,) = await logs_of(engine, "talk-in-thread-0")

    assert len(log) == 2
    assert len(failed) == 2


# Processes --------------------------------------------------------------------------------------

IN_A_PROCESS = """
import logging, os, sys, time
from baton.executor.sdk import function

@function("report", pool="process")
def report(payload, ctx):
    ctx.log.info("by ctx.log")
    logging.getLogger("shop").warning("by a logger of its own")

@function("print", pool="process")
def printing():
    print("printed")
    print("to stderr", file=sys.stderr)
    os.write(1, b"without end")

@function("die", pool="process")
def die(payload, ctx):
    ctx.log.info("before the crash")
    print("printed before the crash")
    os.write(2, b"Fatal error")
    os._exit(7)

@function("hang", pool="process")
def hang(payload, ctx):
    print("printed before the timeout")
    ctx.log.info("hanging")
    time.sleep(60)

@function("flood", pool="process")
def flood(payload, ctx):
    for number in range(20_000):
        ctx.log.info("line %d", number)

@function("flood-by-print", pool="process")
def flood_by_print():
    for number in range(100_000):
        print(f"line {number}")

@function("close", pool="process")
def close():
    print("before")
    os.close(1)
    os.close(2)
"""


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    """Return an engine whose functions run in processes."""
    source = tmp_path / "in_a_process.py"
    source.write_text(IN_A_PROCESS)
    registry = Registry()
    for one in load_functions(str(source)):
        registry.add(one)
    async with engine_of(registry=registry) as running:
        yield running


async def test_what_a_process_logs_and_prints_is_kept(engine: Engine) -> None:
    began = CLOCK.now()
    await engine.ended(await engine.start("report"))
    await engine.ended(await engine.start("print"))

    assert await logs_of(engine, "report-0") == [
        [("info", "by ctx.log"), ("warning", "by a logger of its own")]
    ]
    assert await logs_of(engine, "print-0") == [
        [("output", "printed"), ("output", "to stderr"), ("output", "without end")]
    ]
    (logged,) = [one for one in await engine.events("report-0") if isinstance(one, StepLogged)]
    artifact = cast("Artifact", logged.logs)
    lines = orjson.loads(await engine.stores.artifacts.get("acme", artifact.sha256) or b"")
    ends = (time.strftime("%Y-%m-%dT%H:%M", time.gmtime(at / 1000)) for at in (began, CLOCK.now()))
    assert lines[0]["at"].startswith(tuple(ends))


async def test_a_process_that_dies_keeps_what_it_has_logged_and_printed(engine: Engine) -> None:
    (run,) = await engine.ended(await engine.start("die"))
    (log,) = await logs_of(engine, "die-0")

    assert run.errors["only"].code == "PROCESS_DIED"
    assert sorted(map(str, log)) == sorted(
        map(
            str,
            [
                ("info", "before the crash"),
                ("output", "printed before the crash"),
                ("output", "Fatal error"),
            ],
        )
    )


async def test_a_process_that_is_killed_at_its_timeout_keeps_what_it_has_logged(
    engine: Engine,
) -> None:
    await engine.ended(await engine.start("report"))  # starts the process
    (run,) = await engine.ended(await engine.start("hang", timeout_ms=400))
    (log,) = await logs_of(engine, "hang-0")

    assert run.errors["only"].code == "TIMEOUT"
    assert set(log) == {("output", "printed before the timeout"), ("info", "hanging")}


async def test_a_process_that_closes_its_output_keeps_what_it_has_printed(engine: Engine) -> None:
    await engine.ended(await engine.start("close"))

    assert await logs_of(engine, "close-0") == [[("output", "before")]]


@pytest.mark.parametrize(("name", "count"), [("flood", 20_000), ("flood-by-print", 100_000)])
async def test_of_a_flood_of_a_process_both_ends_are_kept(
    engine: Engine, name: str, count: int, capfd: pytest.CaptureFixture[str]
) -> None:
    (run,) = await engine.ended(await engine.start(name))
    (log,) = await logs_of(engine, f"{name}-0")
    (logged,) = [one for one in await engine.events(f"{name}-0") if isinstance(one, StepLogged)]
    omitted = [one for one in log if isinstance(one, int)]
    capfd.readouterr()

    assert run.status == "completed"
    assert cast("Artifact", logged.logs).bytes <= MAX_BYTES
    level = "info" if name == "flood" else "output"
    assert (log[0], log[-1]) == ((level, "line 0"), (level, f"line {count - 1}"))
    assert len(log) - len(omitted) + sum(omitted) == count
