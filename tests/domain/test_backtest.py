"""Backtests: recorded runs against their own definition, and against changed ones."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given as for_any
from hypothesis import settings
from hypothesis import strategies as st

from baton.domain.artifact import Artifact, UnreadableValue, Values, ValuesNeeded
from baton.domain.backtest.candidate import candidate_of
from baton.domain.backtest.comparison import Comparison, Difference, compare
from baton.domain.backtest.recording import record
from baton.domain.backtest.report import Group, Report
from baton.domain.definition.graph import (
    Delay,
    Graph,
    Retry,
)
from baton.domain.errors import Invalid
from baton.domain.json import Json
from baton.domain.run.messages import Event
from baton.domain.run.messages.commands import CancelRun, RetryRun
from baton.domain.run.outcome import Error, Failed, Outcome, Succeeded
from baton.domain.run.trigger import Branch, CopiedStep
from tests.domain.examples import running, succeed
from tests.domain.random_runs import CHOICES, GRAPHS, Choice, RandomRun
from tests.kit.actors import BOB
from tests.kit.definitions import body, compute, dag, definition, sequence
from tests.kit.recorded_runs import Function, parcels, recorded_run, weigh


def tried(
    events: Iterable[Event],
    recorded: Graph,
    changed: Graph,
    values: Values | None = None,
    **more: Any,
) -> Comparison:
    """Return the comparison of a run of `recorded` with its replay on `changed`."""
    candidate = candidate_of(definition(recorded), body(changed), **more)
    return compare(record(events), candidate, values or {})


def run_of(graph: Graph, data: Json = None, function: Function | None = None) -> list[Event]:
    if function is None:
        return recorded_run(definition(graph), "r1", data)
    return recorded_run(definition(graph), "r1", data, function=function)


def tearing(_step_id: str, _data: Json) -> Outcome:
    return Failed(error=Error(code="TORN", message=""), retryable=False)


@settings(max_examples=600, deadline=None)
@for_any(graph=GRAPHS, choices=CHOICES, finish=st.booleans())
def test_no_run_differs_from_its_own_definition(
    graph: Graph, choices: Sequence[Choice], finish: bool
) -> None:
    run = RandomRun(graph)
    run.play(choices)
    if finish:
        run.finish()

    found = tried(run.history, graph, graph)

    assert found.verdict == "same" or "reached its limit" in str(found.reason), found


@settings(max_examples=100, deadline=None)
@for_any(weights=st.lists(st.integers(0, 200), min_size=1, max_size=20))
def test_a_flipped_comparison_finds_the_runs_that_the_inputs_predict(weights: list[int]) -> None:
    """The runs that are found are those whose input alone says that the other case matches."""
    report = Report()
    for number, kg in enumerate(weights):
        events = recorded_run(definition(parcels()), f"r{number}", kg, function=weigh)
        report.add(tried(events, parcels(), parcels("lt")))

    assert [one.run_id for one in report.items] == [
        f"r{number}" for number, kg in enumerate(weights) if (kg > 100) != (kg < 100)
    ]
    assert report.counts["same"] == weights.count(100)
    assert report.runs == len(weights)


def test_a_difference_names_the_decision_and_why_it_was_taken() -> None:
    found = tried(run_of(parcels(), 150, weigh), parcels(), parcels("lt"))

    assert found.first is not None
    assert found.first.decision is not None
    assert replace(found.first, decision=None) == Difference(
        step_id="choose", visit=1, was="ship", would_be="reject"
    )
    assert found.first.decision.evaluations[0].conditions[0].actual == 150
    assert found.path == (("weigh", "choose", "ship"), ("weigh", "choose", "reject"))
    assert found.outcome == ("completed", "unknown after reject")


def test_a_retry_collapses_to_its_final_outcome() -> None:
    graph = sequence(
        compute("a", retry=Retry(max_attempts=3, backoff_ms=1), next="b"), compute("b")
    )
    outcomes: Iterator[Outcome] = iter(
        [Failed(error=Error(code="ONCE", message="")), Succeeded(), Succeeded()]
    )

    events = run_of(graph, None, lambda _step, _data: next(outcomes))
    found = tried(events, graph, sequence(compute("a", next="b"), compute("b")))

    assert len(events) == 10
    assert found.verdict == "same"


def test_the_end_of_a_run_may_be_all_that_differs() -> None:
    graph = sequence(compute("a"))
    found = tried(run_of(graph, None, tearing), graph, sequence(compute("a", on_failure="end")))

    assert found.first == Difference(
        step_id=None, visit=None, was="failed: TORN", would_be="completed with errors"
    )


def test_a_step_without_an_outcome_is_unknown_unless_it_gets_one() -> None:
    recorded = sequence(compute("a", next="b"), compute("b"))
    renamed = sequence(compute("a", next="c"), compute("c"))
    events = run_of(recorded)

    unknown = tried(events, recorded, renamed)
    mapped = tried(events, recorded, renamed, recorded_as={"c": "b"})
    stubbed = tried(events, recorded, renamed, stubs={"c": {"done": True}})

    assert (unknown.verdict, unknown.unknown) == ("unknown", "c")
    assert unknown.outcome == ("completed", "unknown after c")
    assert (mapped.verdict, stubbed.verdict) == ("same", "same")


def test_a_renamed_target_of_a_decision_is_unknown_and_no_difference() -> None:
    events = run_of(parcels(), 150, weigh)
    renamed = parcels(ship="send")

    assert tried(events, parcels(), renamed).verdict == "unknown"
    assert tried(events, parcels(), renamed, recorded_as={"send": "ship"}).verdict == "same"


def test_a_known_step_that_the_run_never_entered_is_a_difference() -> None:
    recorded = sequence(compute("a", next="b"), compute("b", next="c"), compute("c"))
    shorter = sequence(compute("a", next="c"), compute("b"), compute("c"))
    turned = sequence(compute("a", next="c"), compute("b"), compute("c", next="b"))
    events = run_of(recorded)

    skipped = tried(events, recorded, shorter).first
    other_order = tried(events, recorded, turned).first

    assert skipped == Difference(step_id="b", visit=1, was="succeeded", would_be="not run")
    assert other_order == Difference(step_id="c", visit=1, was="after b", would_be="after a")


def test_a_new_delay_ends_at_once_and_is_no_difference() -> None:
    recorded = sequence(compute("a", next="b"), compute("b"))
    slower = sequence(
        compute("a", next="nap"), Delay(id="nap", delay_ms=86_400_000, next="b"), compute("b")
    )

    assert tried(run_of(recorded), recorded, slower).verdict == "same"


def test_a_step_that_no_longer_waits_for_another_runs_in_a_run_that_never_reached_it() -> None:
    recorded = dag(compute("a"), compute("b", needs=("a",)))
    found = tried(run_of(recorded, None, tearing), recorded, dag(compute("a"), compute("b")))

    assert found.first == Difference(step_id="b", visit=1, was="not run", would_be="unknown")
    assert found.verdict == "differs"


def test_runs_that_are_under_way_or_were_cancelled_are_the_same_so_far() -> None:
    graph = sequence(compute("a", next="b"), compute("b"))
    under_way = running(graph).after(succeed(graph, "a"))
    cancelled = under_way.after(CancelRun(actor=BOB, at=40))
    begun_again = cancelled.after(RetryRun(graph=graph, actor=BOB, at=50))

    for run in (under_way, cancelled, begun_again):
        assert tried(run.history, graph, graph).verdict == "same"


def test_a_rerun_is_compared_from_where_it_begins() -> None:
    graph = sequence(compute("a", next="b"), compute("b"))
    renamed = sequence(compute("a", next="c"), compute("c"))
    copied = (CopiedStep(step_id="a", visit=1, kind="compute", output=1),)
    branch = Branch(source="r0", source_version=3, position=9, copied=copied, entry="b")
    events = recorded_run(definition(graph), "r1", branch=branch)

    assert tried(events, graph, graph).verdict == "same"
    assert tried(events, graph, renamed, recorded_as={"c": "b"}).verdict == "same"
    assert tried(events, graph, sequence(compute("a"))).reason == (
        "it is a rerun from step 'b', which the definition lacks"
    )


def test_large_values_are_asked_for_and_lost_ones_make_a_run_incomparable() -> None:
    large = Artifact("5" * 64, 70_000)
    read: Values = {large.sha256: {"kg": 150}}
    events = recorded_run(
        definition(parcels()),
        "r1",
        function=lambda _step, _data: Succeeded(output=large, size=70_000),
        values=read,
    )

    with pytest.raises(ValuesNeeded) as needed:
        tried(events, parcels(), parcels())

    lost: Values = {large.sha256: UnreadableValue("it is gone")}
    assert needed.value.artifacts == {large}
    assert tried(events, parcels(), parcels(), read).verdict == "same"
    assert tried(events, parcels(), parcels(), lost).reason == (
        "a value that it read is missing: it is gone"
    )


def test_names_of_steps_that_there_are_not_are_refused() -> None:
    graph = sequence(compute("a"), Delay(id="nap", delay_ms=1))

    with pytest.raises(Invalid) as refused:
        candidate_of(
            definition(graph),
            body(graph),
            recorded_as={"x": "a", "a": "y"},
            stubs={"nap": 1, "z": 2},
        )

    assert [one.place for one in refused.value.faults] == ["map.x", "map.a", "stubs.nap", "stubs.z"]


def test_a_report_groups_equal_differences_and_lists_no_run_that_is_the_same() -> None:
    report = Report()
    for number, kg in enumerate([150, 150, 100, 50]):
        events = recorded_run(definition(parcels()), f"r{number}", kg, function=weigh)
        report.add(tried(events, parcels(), parcels("lt")))

    assert {group: (one.count, one.examples) for group, one in report.groups.items()} == {
        Group(step_id="choose", was="ship", would_be="reject"): (2, ["r0", "r1"]),
        Group(step_id="choose", was="reject", would_be="ship"): (1, ["r3"]),
    }
    assert [one.run_id for one in report.items] == ["r0", "r1", "r3"]
