"""The engine: runs, stubs, time, assertions, crashes."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from baton import NonRetryableError, StepContext, StepResult
from baton.domain.errors import Rejected
from baton.testing import Engine, Stalled, engine
from tests.testing import workflows
from tests.testing.workflows import ORDERS, bill, fulfill, one_step, validate

HOURS = timedelta(hours=1)


@pytest.fixture
async def baton() -> AsyncIterator[Engine]:
    async with engine(workflows, definitions=[ORDERS]) as made:
        yield made


async def test_a_slow_carrier(baton: Engine) -> None:
    answers = [ConnectionError(), {"parcel": "p-1", "cost": 490}]
    carrier = baton.stub(fulfill, raises=ConnectionError, then=answers, takes="20s")

    (run,) = await baton.record("created", "orders", "1001", {"total": 59})
    await run.wait()

    run.completed().took(["validate", "check", "fulfill", "cool_down", "bill"]).never_ran("reject")
    assert (run.attempts("fulfill"), run.output("fulfill")) == (3, {"parcel": "p-1", "cost": 490})
    assert run.output() == {"parcel": "p-1"}
    assert {one.idempotency_key for one in carrier.calls} == {f"{run.id}.fulfill.1"}
    assert [one.attempt for one in carrier.calls] == [1, 2, 3]
    assert [one.at - run.requested_at for one in carrier.calls] == [
        timedelta(seconds=seconds) for seconds in (0, 80, 160)
    ]
    assert baton.clock.now() == run.requested_at + 3 * HOURS + timedelta(minutes=3)
    assert (run.definition, carrier.calls[0].input) == ("orders", run.input)


async def test_the_three_hours_take_milliseconds_and_few_wakes() -> None:
    fastest_s, wakes = 1.0, 0
    async with engine(workflows, definitions=[ORDERS]) as baton:
        for _ in range(5):
            baton.stub(fulfill, raises=OSError, then=[OSError, 1])
            baton.stub(bill)
            before, began = baton.time.clock.wakes, time.process_time()
            run = await baton.run("orders", {"total": 1})
            fastest_s = min(fastest_s, time.process_time() - began)
            wakes = baton.time.clock.wakes - before
            run.completed()

    assert wakes <= 100
    assert fastest_s <= 0.05


async def test_time_never_moves_during_a_call(baton: Engine) -> None:
    """While one run's function takes real time, the timers of another run are due."""
    seen: list[datetime] = []

    async def slow(_payload: object, _context: StepContext) -> None:
        for _ in range(3):
            seen.append(baton.clock.now())
            await asyncio.sleep(0.01)

    baton.stub(bill, calls=slow)
    await baton.apply(one_step())
    sleeper = await baton.start("orders", {"total": 1})
    await asyncio.gather(sleeper.wait(), baton.run("one"))

    assert len(set(seen[:3])) == len(set(seen[3:])) == 1
    sleeper.completed()


async def test_a_stub_that_takes_too_long_times_out(baton: Engine) -> None:
    baton.stub("func_fulfill", takes="31s")

    run = await baton.run("orders", {"total": 1})

    run.failed("TIMEOUT", step="fulfill").never_ran("cool_down")
    assert run.attempts("fulfill") == 3
    took = baton.clock.now() - run.requested_at  # backoffs after timeouts are random
    assert timedelta(seconds=3 * 30) < took < timedelta(seconds=3 * 30 + 2 * 60)


async def test_real_functions_time_out_in_real_time(baton: Engine) -> None:
    await baton.apply(one_step(timeout="50ms", function="fulfill-order"))

    async def hangs() -> None:
        await asyncio.Event().wait()

    baton.stub(fulfill, calls=hangs)
    run = await baton.run("one")

    run.failed("TIMEOUT")
    assert baton.clock.now() == run.requested_at


async def test_waits_for_several_runs_share_the_clock() -> None:
    async with engine(definitions=[one_step(function="naps", timeout="30s")]) as baton:
        naps = baton.stub("naps", takes="20s")
        runs = [await baton.start("one") for _ in range(3)]
        await asyncio.gather(*(run.wait() for run in runs))

    assert {one.at for one in naps.calls} == {runs[0].requested_at}
    assert [run.completed().attempts("only") for run in runs] == [1, 1, 1]


async def test_stubs_answer_in_many_ways(baton: Engine) -> None:
    await baton.apply(one_step())
    refused = NonRetryableError("no", code="REFUSED")
    baton.stub(bill, raises=refused)
    (await baton.run("one")).failed("REFUSED", step="only")

    baton.stub(bill, returns=StepResult(output=1, context={"paid": True}), then=[2, 3])
    runs = [await baton.run("one") for _ in range(4)]
    assert [run.output() for run in runs] == [1, 2, 3, 3]
    assert runs[0].context == {"paid": True}

    baton.stub(bill, calls=lambda payload: payload["input"])
    assert (await baton.run("one", {"n": 7})).output() == {"n": 7}
    baton.stub(bill, calls=lambda _payload, context: context.attempt)
    assert (await baton.run("one")).output() == 1
    stub = baton.stub(bill)
    assert (await baton.run("one", [1])).output() is None
    assert (stub.calls[0].input, stub.calls[0].config) == ([1], None)


def test_invalid_stubs_are_refused() -> None:
    baton = engine(workflows)
    with pytest.raises(ValueError, match="only one of"):
        baton.stub(bill, returns=1, raises=OSError)
    with pytest.raises(ValueError, match="only one of"):
        baton.stub(bill, calls=print, then=[1])
    with pytest.raises(
        TypeError, match="raises must be an exception or an exception class, not 'OSError'"
    ):
        baton.stub(bill, raises="OSError")
    with pytest.raises(TypeError, match="not marked with @function"):
        baton.stub(print)
    with pytest.raises(TypeError, match="not marked with @function"):
        engine(print)
    with pytest.raises(ValueError, match="'1 h' isn't a duration"):
        baton.stub(bill, takes="1 h")


@pytest.mark.parametrize("raised", [SystemExit, KeyboardInterrupt, asyncio.CancelledError])
async def test_whatever_a_stub_raises_fails_the_attempt(
    baton: Engine, raised: type[BaseException]
) -> None:
    baton.stub(validate, raises=raised)

    (await baton.run("orders")).failed(raised.__name__, step="validate")


async def test_only_stubs_forbids_the_real_functions() -> None:
    async with engine(workflows, definitions=[ORDERS], only_stubs=True) as baton:
        baton.stub(validate, returns={"isValid": True})
        run = await baton.run("orders")

    run.failed("NOT_STUBBED", step="fulfill")


async def test_a_run_that_nothing_moves_stalls_at_once(baton: Engine) -> None:
    await baton.apply({"slug": "hourly", "name": "H", "trigger": {"every": "1h"}, "steps": [STEP]})
    run = await baton.start("orders", {"total": 1})
    await run.pause()

    with pytest.raises(Stalled, match=r"no due time continues the run\n.*paused"):
        await run.wait()
    await run.resume()
    with pytest.raises(Stalled, match="the run hasn't ended within 2h"):
        await run.wait("2h")
    (await run.wait()).completed()


STEP = {"id": "only", "function": "noop"}


async def test_a_decision_is_tried_without_a_run(baton: Engine) -> None:
    yes = {"validate": {"isValid": True}}

    assert await baton.decide("orders", "check", {"total": 1}, outputs=yes) == "fulfill"
    assert await baton.decide("orders", "check") == "reject"
    with pytest.raises(Rejected):
        await baton.decide("orders", "bill")
    assert await baton.runs() == []


@pytest.mark.parametrize(
    ("bad", "reason"), [(float("nan"), "NaN"), ("a\0", "NUL"), (2**63, "64 bits"), (b"", "bytes")]
)
async def test_values_that_no_server_takes_start_no_run(
    baton: Engine, bad: Any, reason: str
) -> None:
    with pytest.raises(ValueError, match=f"the input contains .*{reason}"):
        await baton.start("orders", {"total": [bad]})
    with pytest.raises(ValueError, match=f"the record contains .*{reason}"):
        await baton.record("created", "orders", "1", {"total": bad})

    assert await baton.runs() == []


async def test_runs_are_cancelled(baton: Engine) -> None:
    run = await baton.start("orders", {"total": 1})

    await run.cancel("not wanted")

    run.cancelled().never_ran("bill")
    with pytest.raises(AssertionError, match="no step 'bil'; did you mean 'bill'"):
        run.never_ran("reject", "bil")
    with pytest.raises(AssertionError, match="is of 'orders', which has no step 'x'\n"):
        run.attempts("x")
    assert run.history.endswith("not wanted\n")
    with pytest.raises(Rejected):
        await run.pause()


async def test_a_crash_loses_the_attempts_that_run(baton: Engine) -> None:
    carrier = baton.stub(fulfill, returns={"parcel": "p"}, takes="10s")
    run = await baton.start("orders", {"total": 1})
    await baton.clock.advance("5s")

    await baton.crash()
    await run.wait()

    run.completed()
    assert [one.attempt for one in carrier.calls] == [1, 2]
    assert len({one.idempotency_key for one in carrier.calls}) == 1


async def test_schedules_fire_as_the_clock_is_moved(baton: Engine) -> None:
    trigger = {"cron": "0 9 * * 1-5", "timezone": "Europe/Berlin"}
    await baton.apply({"slug": "daily", "name": "Daily", "trigger": trigger, "steps": [STEP]})

    await baton.clock.to("2026-01-12T00:00:00Z")
    runs = await baton.runs("daily")

    days = [run.completed().requested_at for run in runs]
    assert days == [datetime(2026, 1, day, 8, tzinfo=UTC) for day in (1, 2, 5, 6, 7, 8, 9)]
    assert await baton.runs("orders") == []
    with pytest.raises(ValueError, match="is past"):
        await baton.clock.to(datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(ValueError, match="'2027-01-01' isn't a time with a UTC offset, such as"):
        await baton.clock.to("2027-01-01")
    with pytest.raises(ValueError, match="has no time zone"):
        await baton.clock.to(datetime(2027, 1, 1))  # noqa: DTZ001 - the mistake


async def test_a_failed_assertion_shows_the_history(baton: Engine) -> None:
    baton.stub(validate, raises=NonRetryableError("no total", code="NO_TOTAL"))
    run = await baton.run("orders", {"n": 1})

    with pytest.raises(AssertionError) as failed:
        run.completed()

    lines = str(failed.value).splitlines()
    assert lines[0] == f"run {run.id} failed (NO_TOTAL at validate: no total), not completed"
    assert lines[1].split() == ["+0s", "RunRequested", '{"n":1}']
    assert lines[-1].split() == ["+0s", "RunFailed", "validate", "NO_TOTAL:", "no", "total"]
    for check in (
        run.cancelled,
        lambda: run.failed("OTHER"),
        lambda: run.failed(step="check"),
        lambda: run.took(["check"]),
        lambda: run.never_ran("validate"),
        run.output,
        lambda: run.output("check"),
    ):
        with pytest.raises(AssertionError, match=f"run {run.id} .*\n.*RunRequested"):
            check()


async def test_definitions_come_from_files_folders_and_dictionaries(
    baton: Engine, tmp_path: Path
) -> None:
    (tmp_path / "a.yaml").write_text("{slug: a, name: A, steps: [{id: only, function: noop}]}")
    (tmp_path / "b.json").write_text('{"slug": "b", "name": "B", "steps": [{"id": "x"}]}')

    with pytest.raises(ValueError, match=r"b.json is not valid:\n  steps\[0\] must have one of"):
        await baton.apply(tmp_path)
    (tmp_path / "b.json").write_text(
        '{"slug": "b", "name": "B", "steps": [{"id": "x", "delay": 1}]}'
    )
    await baton.apply(tmp_path, str(tmp_path / "a.yaml"))
    (await baton.run("a")).completed()
    (await baton.run("b")).took(["x"])
    for bad, message in (
        ("x: [", r"a.yaml is not YAML: .* \(line 1, column 5\)"),
        ("[]", "must be an object"),
        ("{name: A, steps: [{id: a, function: noop}]}", "slug required"),
        ("{slug: a, name: A, colour: red, steps: [{id: a, function: noop}]}", "colour"),
        ("{slug: a, name: A, steps: [{id: a, function: noop, next: b}]}", "b"),
    ):
        (tmp_path / "a.yaml").write_text(bad)
        with pytest.raises(ValueError, match=message):
            await baton.apply(tmp_path / "a.yaml")
    with pytest.raises(LookupError, match="no definition 'order' was applied; did you mean"):
        await baton.run("order")


async def test_an_inactive_definition_starts_nothing(baton: Engine) -> None:
    await baton.apply({**one_step(), "status": "paused"})

    with pytest.raises(Rejected):
        await baton.run("one")


async def test_large_values_are_loaded(baton: Engine) -> None:
    await baton.apply(one_step())
    baton.stub(bill, returns="x" * 100_000)

    run = await baton.run("one")

    assert run.output() == "x" * 100_000
    assert "100002 bytes, sha256 " in run.history


def test_a_synchronous_test_has_the_same_words() -> None:
    with engine(workflows, definitions=[ORDERS]) as baton:
        carrier = baton.stub(fulfill, raises=OSError, then=[{"parcel": "p"}])
        run = baton.run("orders", {"total": 1}).completed()
        (other,) = baton.record("created", "orders", "1", {"total": 0})
        baton.clock.advance("1d")
        baton.crash()

        assert len(carrier.calls) == 2
        assert other.refresh().completed().steps[-1] == "reject"
        assert [one.id for one in baton.runs("orders")] == [run.id, other.id]
        assert "completed" in run.explain()
        assert baton.clock.now() == run.requested_at + 27 * HOURS + timedelta(minutes=1)
        with pytest.raises(ValueError, match="is past"):
            baton.clock.to("2020-01-01T00:00Z")


async def test_the_same_test_sees_the_same_history_each_time() -> None:
    histories = []
    for _ in range(2):
        async with engine(workflows, definitions=[ORDERS], seed=7) as baton:
            baton.stub(fulfill, raises=OSError, then=[1])
            run = await baton.run("orders", {"total": 1})
            histories.append((run.id, run.history))

    assert histories[0] == histories[1]
