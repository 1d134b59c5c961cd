"""Reruns: the outcomes they take over, the steps they run, and an end equal to their source's."""

from dataclasses import replace

import pytest
from hypothesis import given as for_any
from hypothesis import settings
from hypothesis import strategies as st

from baton.domain.definition.graph import Case, Condition, Decision, Delay, Graph
from baton.domain.errors import Invalid
from baton.domain.json import Json
from baton.domain.merge_patch import merge_patch
from baton.domain.run.control.rerun_plan import CannotBranch, RerunPlan, RerunStart, plan_rerun
from baton.domain.run.decisions import DECIDER
from baton.domain.run.messages.commands import CancelRun, StartRun
from baton.domain.run.messages.run_events import RunBranched, RunCompleted
from baton.domain.run.messages.step_events import StepStarted
from baton.domain.run.trigger import Branch, ByRerun
from tests.domain.examples import fail, request, running, succeed
from tests.domain.random_runs import GRAPHS
from tests.domain.specification import Given
from tests.domain.test_run_pausing import Play, timeless
from tests.kit.actors import BOB
from tests.kit.definitions import compute, dag, sequence

CHAIN = sequence(compute("a", next="b"), compute("b", next="c"), compute("c"))
WIDE = dag(compute("a"), compute("b", needs=("a",)), compute("c"), compute("d", needs=("b", "c")))
AGAIN = Condition(path="steps.a.output", op="eq", value=1)
LOOP = sequence(
    compute("a", next="which"),
    Decision(id="which", cases=(Case(conditions=(AGAIN,), next="a"),), default_next="b"),
    compute("b"),
)


def start(at: str, **more: object) -> RerunStart:
    """Return a start at "start", "failed" or a step."""
    outputs = more.pop("outputs", {})
    if at in ("start", "failed"):
        return RerunStart(at=at, outputs=outputs)  # type: ignore[arg-type]
    return RerunStart(at="step", step_id=at, outputs=outputs, **more)  # type: ignore[arg-type]


def planned(graph: Graph, run: Given, begin: RerunStart) -> RerunPlan:
    return plan_rerun(graph, run.state, run.history, begin)


def copied(found: RerunPlan) -> list[tuple[str, Json]]:
    return [(one.step_id, one.output) for one in found.copied]


def branched(graph: Graph, found: RerunPlan) -> Given:
    """Return the rerun of a plan, started."""
    branch = Branch(
        source="r0", source_version=9, position=9, copied=found.copied, entry=found.entry
    )
    data = {"amount": 500}
    command = replace(request(graph, data), trigger=ByRerun(run_id="r0"), branch=branch)
    return Given(DECIDER, ()).after(command, StartRun(graph=graph, at=200))


def started(run: Given) -> list[str]:
    return [one.step_id for one in run.history if isinstance(one, StepStarted)]


CHAIN_DONE = running(CHAIN).after(
    succeed(CHAIN, "a", 1, context={"by": "a"}), succeed(CHAIN, "b", 2), succeed(CHAIN, "c", 3)
)


def test_a_rerun_from_a_step_takes_over_what_came_before_it() -> None:
    found = planned(CHAIN, CHAIN_DONE, start("b"))
    rerun = branched(CHAIN, found)

    assert (copied(found), found.entry, found.will_run) == ([("a", 1)], "b", ("b", "c"))
    assert (found.context, found.again) == ({"by": "a"}, ("b", "c"))
    assert isinstance(rerun.history[1], RunBranched)
    assert started(rerun) == ["b"]
    assert rerun.state.outputs == {"a": {"output": 1}}


def test_a_rerun_from_the_start_takes_over_nothing() -> None:
    found = planned(CHAIN, CHAIN_DONE, start("start"))

    assert (found.copied, found.entry, found.context) == ((), None, {})
    assert started(branched(CHAIN, found)) == ["a"]


def test_with_needs_all_that_depend_on_the_step_run_again_and_the_rest_is_taken_over() -> None:
    run = running(WIDE).after(
        succeed(WIDE, "a", 1), succeed(WIDE, "c", 3, context={"by": "c"}), succeed(WIDE, "b", 2)
    )
    found = planned(WIDE, run, start("b"))

    assert (copied(found), found.will_run) == ([("a", 1), ("c", 3)], ("b", "d"))
    assert found.context == {"by": "c"}
    assert started(branched(WIDE, found)) == ["b"]


def test_a_rerun_from_the_failure_begins_at_what_failed_or_was_cancelled() -> None:
    failed = running(CHAIN).after(succeed(CHAIN, "a", 1), fail(CHAIN, "b"))
    cancelled = running(WIDE).after(succeed(WIDE, "a", 1), CancelRun(actor=BOB, at=50))

    assert planned(CHAIN, failed, start("failed")).entry == "b"
    assert planned(WIDE, cancelled, start("failed")).will_run == ("b", "c", "d")
    with pytest.raises(CannotBranch, match="no failed step"):
        planned(CHAIN, CHAIN_DONE, start("failed"))


def test_a_rerun_of_a_loop_begins_with_a_visit() -> None:
    run = running(LOOP).after(
        succeed(LOOP, "a", 1), succeed(LOOP, "a", 2, visit=2), succeed(LOOP, "b", 3)
    )
    newest, first = planned(LOOP, run, start("a")), planned(LOOP, run, start("a", visit=1))
    rerun = branched(LOOP, newest)

    assert copied(newest) == [("a", 1), ("which", None)]
    assert copied(first) == []
    assert [(one.step_id, one.visit) for one in rerun.history if isinstance(one, StepStarted)] == [
        ("a", 2)
    ]
    with pytest.raises(CannotBranch, match="no visit 3"):
        planned(LOOP, run, start("a", visit=3))


def test_another_version_may_have_other_steps() -> None:
    newer = sequence(compute("a", next="b2"), compute("b2", next="c"), compute("c"))
    found = planned(newer, CHAIN_DONE, start("b2"))

    assert (copied(found), found.entry, found.will_run) == (
        [("a", 1), ("c", 3)],
        "b2",
        ("b2", "c"),
    )
    with pytest.raises(CannotBranch, match="no step 'b'"):
        planned(newer, CHAIN_DONE, start("b"))


def test_an_outcome_that_a_step_needs_is_recorded_or_given() -> None:
    run = running(WIDE).after(fail(WIDE, "a"), succeed(WIDE, "c", 3))
    found = planned(WIDE, run, start("b", outputs={"a": 7}))

    assert copied(found) == [("a", 7), ("c", 3)]
    with pytest.raises(CannotBranch, match="'b' needs 'a', whose outcome isn't recorded"):
        planned(WIDE, run, start("b"))


@pytest.mark.parametrize("step_id", ["b", "d", "nowhere"])
def test_outputs_are_given_only_for_steps_that_do_not_run(step_id: str) -> None:
    run = running(WIDE).after(succeed(WIDE, "a", 1), succeed(WIDE, "c", 3), succeed(WIDE, "b", 2))

    with pytest.raises(Invalid) as refusal:
        planned(WIDE, run, start("b", outputs={step_id: 1}))

    assert refusal.value.faults[0].place == f"outputs.{step_id}"


def test_a_rerun_can_be_rerun() -> None:
    once = branched(CHAIN, planned(CHAIN, CHAIN_DONE, start("b"))).after(succeed(CHAIN, "b", 5))
    found = planned(CHAIN, once, start("c"))

    assert copied(found) == [("a", 1), ("b", 5)]


def test_a_rerun_is_rerun_from_a_step_that_it_took_over() -> None:
    once = branched(CHAIN, planned(CHAIN, CHAIN_DONE, start("c"))).after(succeed(CHAIN, "c", 5))
    found = planned(CHAIN, once, start("b"))

    assert (copied(found), found.entry, found.will_run) == ([("a", 1)], "b", ("b", "c"))
    assert found.again == ("b", "c")
    assert copied(planned(CHAIN, once, start("b", visit=1))) == [("a", 1)]


def test_a_run_that_met_the_limit_of_its_loop_is_rerun_from_the_step_that_it_could_not_enter() -> (
    None
):
    graph = replace(LOOP, loop_limit=4)
    run = running(graph).after(succeed(graph, "a", 1), succeed(graph, "a", 1, visit=2))
    found = planned(graph, run, start("failed"))

    assert run.state.errors == {}
    assert copied(found) == [("a", 1), ("which", None)]
    assert [(one.step_id, one.visit) for one in found.copied] == [("a", 2), ("which", 2)]
    assert found.entry == "a"


def test_a_version_without_the_failed_step_is_refused() -> None:
    failed = running(CHAIN).after(succeed(CHAIN, "a", 1), fail(CHAIN, "b"))
    newer = sequence(compute("a", next="c"), compute("c"))

    with pytest.raises(CannotBranch, match="no step 'b'"):
        planned(newer, failed, start("failed"))


def test_the_first_step_of_a_rerun_from_the_start_is_given_no_output() -> None:
    with pytest.raises(Invalid) as refusal:
        planned(CHAIN, CHAIN_DONE, start("start", outputs={"a": 7}))

    assert refusal.value.faults[0].place == "outputs.a"


def test_a_taken_over_delay_does_not_wait_again() -> None:
    graph = sequence(Delay(id="nap", delay_ms=10, next="b"), compute("b"))
    play = Play(graph)
    play.start()
    play.ends()
    found = planned(graph, Given(DECIDER, tuple(play.history)), start("b"))
    rerun = branched(graph, found).after(succeed(graph, "b", at=300))

    assert [one.kind for one in found.copied] == ["delay"]
    assert rerun.history[-1] == RunCompleted(at=300)


STARTS = st.lists(st.tuples(st.integers(0, 6), st.integers(1, 3)), min_size=1, max_size=3)
"""The places of steps and their visits, from each of which the run before is run again."""


@settings(max_examples=200)
@for_any(GRAPHS.map(timeless), STARTS)
def test_a_rerun_from_any_step_ends_as_its_source_did(
    graph: Graph, starts: list[tuple[int, int]]
) -> None:
    source = Play(graph)
    source.start()
    status, outputs, outcomes = source.ends()
    if status == "failed" and not source.state.errors:
        return  # the limit of a loop counts from the beginning of each run
    run = Given(DECIDER, tuple(source.history))
    for place, visit in starts:
        step_id = graph.steps[place % len(graph.steps)].id
        try:
            found = planned(graph, run, start(step_id, visit=visit))
        except CannotBranch:
            return
        begun = branched(graph, found)
        rerun = Play(graph, state=begun.state)
        again = rerun.ends()
        called = {one.step_id for one in rerun.history if isinstance(one, StepStarted)}

        assert again[:2] == (status, outputs)
        assert {of: one[:2] for of, one in again[2].items()} == {
            of: one[:2] for of, one in outcomes.items()
        }
        assert called <= set(found.will_run)
        run = Given(DECIDER, (*begun.history, *rerun.history))


@pytest.mark.parametrize(
    ("target", "patch", "merged"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patches_are_those_of_the_rfc(target: Json, patch: Json, merged: Json) -> None:
    """The examples are those of RFC 7396, appendix A."""
    before = repr(target)

    assert merge_patch(target, patch) == merged
    assert repr(target) == before
