"""The fold of a run's events into spans: one for each attempt and one for the run, always alike."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import get_current_span

from baton.domain.definition.graph import Delay, Graph, Retry
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages import Event
from baton.domain.run.messages.commands import CancelRun, FireTimer, RequestRun, RetryRun, StartRun
from baton.domain.run.messages.step_events import StepStarted
from baton.domain.run.outcome import Succeeded
from baton.domain.run.state import State
from baton.domain.run.trigger import ByRecord
from baton.eventlog.events.envelope import Recorded
from baton.executor.functions.call import Call, CallOutcome
from baton.executor.sdk import function
from baton.executor.traced_calls import TracedCalls
from baton.projector.traces.keep import ENDS, Keep, kept_spans
from baton.projector.traces.run_trace import RunTrace
from baton.projector.traces.span import Span, SpanLink
from baton.projector.traces.subject import Subject
from baton.protocols.trace_context import (
    ALL_TRACES,
    Sampling,
    attempt_span_id,
    derived_traceparent,
    run_context,
    run_span_id,
)
from baton.scheduler.traces.otlp import within_span
from tests.domain.examples import fail, request, succeed, token
from tests.domain.random_runs import seeded_run
from tests.executor.calls import a_call, functions_of
from tests.kit.actors import ANN
from tests.kit.definitions import compute, sequence

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{CALLER}-01"
UNRECORDED = f"00-{TRACE}-{CALLER}-00"
NAP = sequence(Delay(id="nap", delay_ms=500, next="b"), compute("b"))
TWICE = sequence(compute("a", retry=Retry(max_attempts=2, backoff_ms=40)))


def history(*commands: Any) -> list[Event]:
    """Return the events of a run that gets these commands."""
    state, events = State(), []
    for command in commands:
        new, state = RUN.apply(command, state)
        events += new
    return events


def subject_of(requested: Any, *, flat: bool = False) -> Subject:
    context = run_context(requested.run_id, requested.traceparent)
    return Subject(requested=requested, context=context, slug="orders", flat=flat)


def spans_of(events: Sequence[Any], *, flat: bool = False, cut: int | None = None) -> list[Span]:
    """Return the spans of a run; at `cut` the fold is lost, and made again from the events."""
    trace, found = RunTrace(subject_of(events[0], flat=flat)), []
    for version, event in enumerate(events[1:], 2):
        if version == cut:
            trace = RunTrace(subject_of(events[0], flat=flat))
            for before, one in enumerate(events[1 : version - 1], 2):
                trace.fold(one, before)
        found += trace.fold(event, version)
    return found


def folded(trace: RunTrace, events: Sequence[Any]) -> list[Span]:
    return [span for n, event in enumerate(events, 1) for span in trace.fold(event, n)]


def by_name(spans: Sequence[Span]) -> dict[str, Span]:
    return {one.name: one for one in spans}


def start(graph: Graph, **members: Any) -> tuple[RequestRun, StartRun]:
    return replace(request(graph), **members), StartRun(graph=graph, at=20)


@pytest.mark.parametrize("flat", [False, True])
def test_every_attempt_and_every_end_of_a_run_is_one_span_below_its_root(flat: bool) -> None:
    kinds: Counter[type] = Counter()
    for seed in range(150):
        run = seeded_run(seed)
        kinds.update(map(type, run.history))
        spans = spans_of(run.history, flat=flat)
        steps = [one for one in spans if one.name.startswith("step ")]
        starts = {
            attempt_span_id("r1", one.step_id, one.visit, one.attempt)
            for one in run.history
            if isinstance(one, StepStarted)
        }
        ends = sum(isinstance(one, ENDS) for one in run.history)
        ids = [one.span_id for one in spans]

        assert len(set(ids)) == len(ids)
        assert sum(one.name == "run orders" for one in spans) == ends
        assert {one.span_id for one in steps} <= starts
        assert all(one.start <= one.end for one in spans)
        assert "it broke" not in repr(spans)
        if run.state.final:
            assert {one.span_id for one in steps} == starts
            assert {one.parent_id for one in spans} <= {*ids, None}
    assert kinds.keys() >= {StepStarted, *ENDS}


def test_a_lost_fold_continues_with_the_same_spans() -> None:
    for seed in range(40):
        events = seeded_run(seed).history
        whole = spans_of(events, flat=bool(seed % 2))
        for cut in range(2, len(events) + 1):
            assert spans_of(events, flat=bool(seed % 2), cut=cut) == whole


def test_a_retry_shows_its_error_and_its_backoff() -> None:
    requested, started = start(TWICE, traceparent=TRACEPARENT)
    fire = FireTimer(token=token("a", 2), graph=TWICE, at=90)
    events = history(
        requested, started, fail(TWICE, "a"), fire, succeed(TWICE, "a", attempt=2, at=95)
    )

    first, second, run = spans_of(events)

    assert (first.error, first.start, first.end) == ("BROKEN", 20, 30)
    assert (second.error, second.start, second.end) == (None, 90, 95)
    assert second.attributes["baton.step.backoff_ms"] == 60
    assert {first.parent_id, second.parent_id} == {run.span_id}
    assert (run.trace_id, run.parent_id, run.remote_parent) == (TRACE, CALLER, True)
    assert (run.start, run.end, run.error) == (10, 95, None)
    assert run.attributes["baton.run.queued_ms"] == 10
    assert run.attributes["baton.run.backoff_ms"] == 60


def test_a_run_that_may_wait_has_a_short_root_and_its_waits() -> None:
    requested, started = start(NAP)
    woken = FireTimer(token=token("nap"), graph=NAP, at=520)
    spans = spans_of(history(requested, started, woken, succeed(NAP, "b", at=530)), flat=True)

    root, step, run = spans
    assert (root.name, root.start, root.end, root.parent_id) == ("start orders", 10, 20, None)
    assert (step.parent_id, run.parent_id) == (root.span_id, root.span_id)
    assert run.span_id == run_span_id("r1", 0)
    assert run.attributes["baton.run.delay_ms"] == 500
    assert (root.kind, run.kind) == ("server", "internal")


def test_the_course_of_a_reopened_run_is_another_span() -> None:
    once = sequence(compute("a"))
    requested, started = start(once)
    again = RetryRun(graph=once, actor=ANN, at=100)
    done = succeed(once, "a", attempt=2, at=130)
    events = history(requested, started, fail(once, "a"), again, done)

    _, failed, second, course = spans_of(events)

    assert (failed.error, failed.span_id) == ("BROKEN", run_context("r1", None).root_id)
    assert (course.start, course.end, course.error) == (100, 130, None)
    assert (course.span_id, course.parent_id) == (run_span_id("r1", 1), failed.span_id)
    assert second.parent_id == course.span_id


def test_a_run_that_is_cancelled_before_its_start_has_its_root_all_the_same() -> None:
    requested, _ = start(NAP)
    spans = by_name(spans_of(history(requested, CancelRun(actor=ANN, at=15)), flat=True))

    assert spans["start orders"].end == 15
    assert spans["run orders"].error == "CANCELLED"


def test_a_record_event_makes_a_consumer() -> None:
    once = sequence(compute("a"))
    by = ByRecord(event_type="record.created", structure="s", record_id="r", event_id="e-1")
    requested, started = start(once, trigger=by)

    (run,) = [
        one
        for one in spans_of(history(requested, started, succeed(once, "a")))
        if one.name == "run orders"
    ]

    assert run.kind == "consumer"
    assert run.attributes["cloudevents.event_id"] == "e-1"
    assert run.attributes["cloudevents.event_source"] == requested.actor.subject


def test_an_attempt_of_a_function_that_is_called_over_http_is_a_client() -> None:
    once = sequence(compute("a"))
    requested, started = start(once)
    events = history(requested, started, succeed(once, "a"))

    (function,) = {one.function for one in events if isinstance(one, StepStarted)}
    for name, kind in ((function, "client"), ("another", "internal")):
        subject = replace(subject_of(events[0]), http_functions=frozenset((name,)))
        assert by_name(folded(RunTrace(subject), events))["step a"].kind == kind


def test_a_caller_that_is_not_a_parent_is_linked() -> None:
    requested, started = start(TWICE, linked_traceparent=UNRECORDED)
    events = history(requested, started, succeed(TWICE, "a"))

    run = by_name(spans_of(events))["run orders"]

    assert run.links == (SpanLink(trace_id=TRACE, span_id=CALLER),)
    assert (run.trace_id, run.parent_id) == (run_context("r1", None).trace_id, None)
    assert ALL_TRACES.exports(subject_of(events[0]).context)


@pytest.mark.parametrize(
    ("keep", "numbers"),
    [
        (Keep(failed=True), (3, 2)),
        (Keep(slower_ms=80), (3, 2)),
        (Keep(slower_ms=90), (0, 5)),
        (Keep(slower_ms=100), (0, 0)),
    ],
)
def test_rules_keep_a_run_as_a_whole_when_it_has_ended(
    keep: Keep, numbers: tuple[int, int]
) -> None:
    """It fails after 85 ms with 2 attempts; its second course takes 100 ms, with one attempt."""
    requested, started = start(TWICE)
    fire = FireTimer(token=token("a", 2), graph=TWICE, at=90)
    first = (fail(TWICE, "a"), fire, fail(TWICE, "a", attempt=2, at=95))
    second = (RetryRun(graph=TWICE, actor=ANN, at=200), succeed(TWICE, "a", attempt=3, at=300))
    events = history(requested, started, *first, *second)
    recorded = [Recorded(n, "acme/run/r1", n, event) for n, event in enumerate(events, 1)]
    ends = [n for n, event in enumerate(events, 1) if isinstance(event, ENDS)]

    exported = [kept_spans(RunTrace(subject_of(events[0])), recorded[:end], keep) for end in ends]

    assert tuple(map(len, exported)) == numbers
    ids = [one.span_id for part in exported for one in part]
    assert len(set(ids)) == len(ids)


def test_a_derived_traceparent_names_the_run_itself_as_the_root() -> None:
    assert run_context("r1", derived_traceparent("r1")) == run_context("r1", None)


@pytest.mark.parametrize(
    ("traceparent", "sampling", "exported"),
    [
        (None, ALL_TRACES, True),
        (TRACEPARENT, ALL_TRACES, True),
        (UNRECORDED, ALL_TRACES, False),
        (UNRECORDED, Sampling(by_parent=False), True),
        (TRACEPARENT, Sampling(ratio=0), True),
        (TRACEPARENT, Sampling(ratio=0, by_parent=False), False),
        (TRACEPARENT, Sampling(ratio=0.65, by_parent=False), True),
        (TRACEPARENT, Sampling(ratio=0.63, by_parent=False), False),
    ],
)
async def test_a_function_gets_the_span_of_its_attempt(
    traceparent: str | None, sampling: Sampling, exported: bool
) -> None:
    """The flag says whether that span is exported."""
    got: list[Call] = []

    class Functions:
        async def call(self, call: Call) -> CallOutcome:
            got.append(call)
            return Succeeded()

        async def close(self) -> None: ...

    call = a_call("f", traceparent=traceparent, attempt=2)
    await TracedCalls(Functions(), sampling, within_span).call(call)

    trace_id = run_context(call.run_id, traceparent).trace_id
    span_id = attempt_span_id(call.run_id, "check", 1, 2)
    assert got[0].traceparent == f"00-{trace_id}-{span_id}-{'01' if exported else '00'}"


@pytest.mark.parametrize("traceparent", [TRACEPARENT, UNRECORDED])
async def test_spans_that_a_function_begins_are_below_its_attempt(traceparent: str) -> None:
    """On the event loop and in a thread; the function does nothing for it."""

    @function("on-the-loop")
    async def on_the_loop() -> dict[str, object]:
        return begun()

    @function("in-a-thread")
    def in_a_thread() -> dict[str, object]:
        return begun()

    def begun() -> dict[str, object]:
        with TracerProvider().get_tracer("test").start_as_current_span("inner") as span:
            parent, own = getattr(span, "parent", None), span.get_span_context()
            shown = {"trace": f"{own.trace_id:032x}", "recording": span.is_recording()}
            return {**shown, "parent": parent and f"{parent.span_id:016x}"}

    async with functions_of(on_the_loop, in_a_thread) as functions:
        traced = TracedCalls(functions, ALL_TRACES, within_span)
        for name in ("on-the-loop", "in-a-thread"):
            call = a_call(name, traceparent=traceparent)
            outcome = await traced.call(call)

            assert isinstance(outcome, Succeeded)
            recorded = traceparent == TRACEPARENT
            parent = attempt_span_id(call.run_id, "check", 1, 1) if recorded else None
            assert outcome.output == {"trace": TRACE, "recording": recorded, "parent": parent}
    assert not get_current_span().get_span_context().is_valid
