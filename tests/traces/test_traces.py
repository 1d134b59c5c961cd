"""Runs show as traces in a collector: whole, once, and with the same ids after a `kill -9`."""

import os
import sys
from asyncio import create_subprocess_exec
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from baton.protocols.trace_context import attempt_span_id, derived_traceparent, trace_id_of
from tests.faults.driver import Driver, driving
from tests.faults.server import Installation
from tests.kit.eventually import eventually
from tests.traces.collector import ERROR, Collector, attributes, collecting

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACED = {"traceparent": f"00-{TRACE}-{CALLER}-01"}
DELAYED = "cd" * 16
UNRECORDED = {"traceparent": f"00-{'ab' * 16}-{CALLER}-00"}
SECRET = "a-secret-of-the-test"

ASKED = {"path": "input.seconds", "op": "gte", "value": 0}
ORDERS: dict[str, Any] = {
    "slug": "orders",
    "name": "Orders",
    "status": "active",
    "trigger": {"manual": True},
    "steps": [
        {"id": "try", "function": "flaky", "retry": {"attempts": 2, "backoff": "10ms"}},
        {"id": "choose", "decide": [{"if": [ASKED], "next": "work"}], "else": "$end"},
        {"id": "work", "function": "pause"},
    ],
}


async def start(driver: Driver[Installation], traced: dict[str, str], seconds: float = 0) -> str:
    """Start a run whose last step takes some seconds; return its id."""
    body = {"definition": "orders", "input": {"seconds": seconds}}
    status, run = await driver.call("POST", "/runs", json=body, headers=traced)
    assert status == 201, run
    return str(run["id"])


async def ended(collector: Collector, name: str, count: int) -> list[Span]:
    """Return the spans of a name once the collector has as many."""

    def found() -> list[Span]:
        spans = collector.named(name)
        return spans if len(spans) >= count else []

    return await eventually(
        found, within_s=20, explain=lambda: str([one.name for one in collector.spans])
    )


async def test_a_run_is_one_trace_though_the_server_is_killed_in_its_middle(
    tmp_path: Path,
) -> None:
    async with (
        collecting() as collector,
        Installation(tmp_path) as installation,
        driving(installation) as driver,
    ):
        settings = {
            "BATON_OTLP_ENDPOINT": collector.url,
            "BATON_OTLP_HEADERS": f"authorization=Bearer {SECRET}",
            "BATON_TRACE_URL": "https://tempo.test/{trace_id}",
        }
        await installation.start(**settings)
        status, made = await driver.call("POST", "/definitions", json=ORDERS)
        assert status == 201, made
        run_id = await start(driver, TRACED, 0.8)
        await start(driver, UNRECORDED)
        await ended(collector, "step try", 2)
        collector.down = True
        delayed = await start(driver, {"traceparent": f"00-{DELAYED}-{CALLER}-01"})
        await eventually(lambda: collector.refused)
        assert await installation.kill() == -9

        collector.refused = 0
        await installation.start(**settings)
        await eventually(lambda: collector.refused, within_s=20)
        collector.down = False
        await ended(collector, "run orders", 2)

        whole_and_once(collector, run_id)
        refused = attempt_span_id(delayed, "try", 1, 1)
        assert refused in [one.span_id.hex() for one in collector.spans]
        assert SECRET not in installation.log_tail()
        _, shown = await driver.call("GET", f"/runs/{run_id}?fields=")
        assert shown["traceUrl"] == f"https://tempo.test/{TRACE}"
        await reruns_are_linked(driver, collector, run_id)
        await exported_again(installation, collector, run_id)


def whole_and_once(collector: Collector, run_id: str) -> None:
    """The collector has the run, each attempt, and nothing of the run that isn't recorded."""
    (whole,) = collector.named("run orders", TRACE)
    attempts = (*collector.named("step try", TRACE), *collector.named("step work", TRACE))
    lost, again = attempts[2:]

    assert {one.trace_id.hex() for one in collector.spans} == {TRACE, DELAYED}
    assert whole.parent_span_id.hex() == CALLER
    assert whole.kind == Span.SpanKind.SPAN_KIND_SERVER
    assert [one.name for one in whole.events] == ["decision"]
    assert {one.parent_span_id for one in attempts} == {whole.span_id}
    assert [one.span_id.hex() for one in attempts] == [
        attempt_span_id(run_id, step, 1, attempt)
        for step, attempt in (("try", 1), ("try", 2), ("work", 1), ("work", 2))
    ]
    assert [one.status.code == ERROR for one in attempts] == [True, False, True, False]
    assert attributes(lost)["error.type"] == "EXECUTOR_LOST"
    assert attributes(again)["baton.step.cause"] == "retry"
    assert whole.start_time_unix_nano <= attempts[0].start_time_unix_nano
    assert whole.end_time_unix_nano >= again.end_time_unix_nano
    assert collector.services == {"baton"}
    assert collector.headers["authorization"] == f"Bearer {SECRET}"


async def reruns_are_linked(
    driver: Driver[Installation], collector: Collector, run_id: str
) -> None:
    """A rerun is a trace of its own, with a link to the run that it repeats."""
    path = f"/runs/{run_id}/rerun"
    status, made = await driver.call("POST", path, json={"inputPatch": {"seconds": 0}})
    assert status == 201, made
    *_, rerun = await ended(collector, "run orders", 3)

    assert rerun.trace_id.hex() == trace_id_of(derived_traceparent(made["id"]))
    assert not rerun.parent_span_id
    (link,) = rerun.links
    (source,) = collector.named("run orders", TRACE)
    assert (link.trace_id, link.span_id) == (source.trace_id, source.span_id)


async def exported_again(installation: Installation, collector: Collector, run_id: str) -> None:
    """The command line exports a run again, beside the server, with the same ids."""
    before = {one.span_id for one in collector.spans if one.trace_id.hex() == TRACE}
    collector.spans.clear()
    process = await create_subprocess_exec(
        *(sys.executable, "-m", "baton", "traces", "export", "--run", run_id),
        *("--data", str(installation.data)),
        env={**installation.own_environment, "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url},
        stdout=PIPE,
    )
    out, _ = await process.communicate()

    assert out.decode() == f"{run_id}: 5 spans, trace {TRACE}{os.linesep}"
    assert {one.span_id for one in collector.spans} == before
