"""Runs of graphs with next pointers: one step at a time, loops are allowed."""

import pytest

from baton.domain.actor import Actor
from baton.domain.conditions.evaluation import CaseEvaluation, ConditionEvaluation, DecisionResult
from baton.domain.definition.graph import Case, Condition, Decision, Delay, Retry, Sync
from baton.domain.definition.messages import Status
from baton.domain.definition.state import State as Definition
from baton.domain.json import JsonObject
from baton.domain.run.decisions import DECIDER
from baton.domain.run.messages.commands import RequestRun, StartRun
from baton.domain.run.messages.run_events import RunCompleted, RunFailed, RunRequested, RunStarted
from baton.domain.run.messages.step_events import (
    DecisionTaken,
    DelayElapsed,
    DelayStarted,
    StepFailed,
    StepSkipped,
    StepStarted,
    StepSucceeded,
    SyncReached,
)
from baton.domain.run.outcome import Error
from baton.domain.run.trigger import BY_HAND, ByRecord, BySchedule, Trigger
from tests.domain.examples import BROKEN, fail, fire, request, running, succeed
from tests.domain.specification import given
from tests.kit.actors import ANN
from tests.kit.definitions import compute, definition, sequence

IS_VALID = Condition(path="steps.validate.output.isValid", op="eq", value=True)
ORDERS = sequence(
    compute("validate", next="check"),
    Decision(
        id="check", cases=(Case(conditions=(IS_VALID,), next="fulfill"),), default_next="reject"
    ),
    compute("fulfill"),
    compute("reject"),
)

ON_ORDER = ByRecord(
    event_type="record.created", structure="orders", record_id="rec_1", event_id="e1"
)
TICK = BySchedule(schedule_id="d1", nominal_at=5)
SHOP = Actor("shop", "event")


def started(
    step_id: str, at: int, *, visit: int = 1, deadline_at: int | None = None
) -> StepStarted:
    return StepStarted(
        step_id=step_id,
        visit=visit,
        attempt=1,
        at=at,
        function=f"do-{step_id}",
        deadline_at=deadline_at or at + 300_000,
    )


def succeeded(
    step_id: str, output: object = None, *, at: int = 30, visit: int = 1
) -> StepSucceeded:
    return StepSucceeded(step_id=step_id, visit=visit, attempt=1, at=at, output=output)


def checked(*, is_valid: bool) -> DecisionTaken:
    seen = ConditionEvaluation(
        path=IS_VALID.path,
        operator="eq",
        matched=is_valid,
        path_exists=True,
        expected=True,
        actual=is_valid,
    )
    case = CaseEvaluation(case_index=0, next="fulfill", matched=is_valid, conditions=(seen,))
    result = DecisionResult(
        evaluated_cases=1,
        evaluations=(case,),
        matched_case_index=0 if is_valid else None,
        selected="fulfill" if is_valid else "reject",
    )
    return DecisionTaken(step_id="check", visit=1, result=result, at=30)


def test_a_request_records_everything_about_the_run() -> None:
    command = RequestRun(
        run_id="r1",
        definition=definition(ORDERS),
        trigger=ON_ORDER,
        actor=SHOP,
        at=10,
        input={"recordId": "rec_1"},
        context={"retryCount": 0},
        correlation_id="c1",
        traceparent="00-1-2-01",
    )
    given(DECIDER).when(command).then(
        RunRequested(
            tenant="acme",
            run_id="r1",
            definition_id="d1",
            version=1,
            trigger=ON_ORDER,
            actor=SHOP,
            at=10,
            input={"recordId": "rec_1"},
            context={"retryCount": 0},
            correlation_id="c1",
            traceparent="00-1-2-01",
        )
    )
    given(DECIDER).after(command).when(command).then_nothing()


@pytest.mark.parametrize(
    ("status", "trigger"), [("paused", BY_HAND), ("paused", ON_ORDER), ("draft", TICK)]
)
def test_a_definition_that_is_not_active_starts_no_run(status: Status, trigger: Trigger) -> None:
    command = RequestRun(
        run_id="r1", definition=definition(ORDERS, status), trigger=trigger, actor=ANN, at=10
    )
    given(DECIDER).when(command).then_refused(
        "conflict", reason="definition_inactive", slug="orders", status=status
    )


def test_a_draft_is_started_by_hand() -> None:
    command = RequestRun(
        run_id="r1", definition=definition(ORDERS, "draft"), trigger=BY_HAND, actor=ANN, at=10
    )
    assert len(given(DECIDER).when(command).decided()) == 1


def test_a_definition_that_does_not_exist_starts_no_run() -> None:
    command = RequestRun(run_id="r1", definition=Definition(), trigger=BY_HAND, actor=ANN, at=10)
    given(DECIDER).when(command).then_refused("not_found", subject="definition")


def test_a_run_starts_with_the_first_step() -> None:
    start = StartRun(graph=ORDERS, at=20)
    after = given(DECIDER).after(request(ORDERS)).when(start)

    after.then(RunStarted(at=20), started("validate", 20)).when(start).then_nothing()


def test_a_decision_continues_with_the_case_that_matches() -> None:
    run = running(ORDERS).when(succeed(ORDERS, "validate", {"isValid": True}))
    then = run.then(
        succeeded("validate", {"isValid": True}), checked(is_valid=True), started("fulfill", 30)
    )
    then.when(succeed(ORDERS, "fulfill", at=40)).then(
        succeeded("fulfill", at=40), RunCompleted(at=40)
    )


def test_a_decision_without_a_match_continues_with_its_default() -> None:
    running(ORDERS).when(succeed(ORDERS, "validate", {"isValid": False})).then(
        succeeded("validate", {"isValid": False}), checked(is_valid=False), started("reject", 30)
    )


def test_a_decision_without_match_and_default_completes_the_run() -> None:
    never = Condition(path="input.isValid", op="eq", value=True)
    graph = sequence(Decision(id="a", cases=(Case(conditions=(never,), next="a"),)))

    running(graph).when(StartRun(graph=graph, at=20)).then_nothing()
    assert running(graph).state.status == "completed"


def test_on_success_next_takes_precedence_over_next() -> None:
    graph = sequence(compute("a", on_success_next="c", next="b"), compute("b"), compute("c"))

    running(graph).when(succeed(graph, "a")).then(succeeded("a"), started("c", 30))


def test_a_step_that_fails_for_good_fails_the_run() -> None:
    failed = StepFailed(step_id="validate", visit=1, attempt=1, at=30, error=BROKEN)

    running(ORDERS).when(fail(ORDERS, "validate")).then(
        failed, RunFailed(at=30, error=BROKEN, step_id="validate")
    )


def test_a_step_whose_failure_ends_the_run_completes_it_with_errors() -> None:
    graph = sequence(compute("a", on_failure="end", next="b"), compute("b"))
    failed = StepFailed(step_id="a", visit=1, attempt=1, at=30, error=BROKEN)

    running(graph).when(fail(graph, "a")).then(failed, RunCompleted(at=30, has_errors=True))


def test_a_delay_waits_for_its_timer_and_continues() -> None:
    graph = sequence(Delay(id="wait", delay_ms=100, next="b"), compute("b"))
    run = running(graph)
    waiting = DelayStarted(step_id="wait", visit=1, delay_ms=100, resume_at=120, at=20)

    assert run.history[-1] == waiting
    run.when(fire(graph, "wait", at=119)).then_nothing()
    gone_on = run.when(fire(graph, "wait", at=120)).then(
        DelayElapsed(step_id="wait", visit=1, at=120), started("b", 120)
    )
    gone_on.when(fire(graph, "wait", at=120)).then_nothing()


def test_the_timer_of_an_earlier_visit_does_nothing() -> None:
    graph = sequence(Delay(id="wait", delay_ms=100, next="b"), compute("b", next="wait"))
    again = running(graph).after(fire(graph, "wait", at=120), succeed(graph, "b", at=130))

    again.when(fire(graph, "wait", at=500)).then_nothing()
    assert again.when(fire(graph, "wait", at=500, visit=2)).decided()


def test_a_sync_point_in_a_sequence_is_passed_at_once() -> None:
    graph = sequence(Sync(id="here", next="b"), compute("b"))

    assert running(graph).history[-2:] == (
        SyncReached(step_id="here", visit=1, at=20),
        started("b", 20),
    )


def test_a_step_is_skipped_when_its_conditions_do_not_hold() -> None:
    only_big = Condition(path="input.amount", op="gt", value=100)
    graph = sequence(compute("a", when=(only_big,), next="b"), compute("b"))

    assert running(graph, {"amount": 5}).history[-2:] == (
        StepSkipped(step_id="a", visit=1, at=20),
        started("b", 20),
    )
    assert running(graph, {"amount": 500}).history[-1] == started("a", 20)


def test_a_delay_is_skipped_when_its_conditions_do_not_hold() -> None:
    only_big = (Condition(path="input.amount", op="gt", value=100),)
    graph = sequence(
        Delay(id="wait", delay_ms=10, when=only_big, next="b"),
        compute("b"),
    )

    assert running(graph, {"amount": 5}).history[-2:] == (
        StepSkipped(step_id="wait", visit=1, at=20, kind="delay"),
        started("b", 20),
    )
    assert isinstance(running(graph, {"amount": 500}).history[-1], DelayStarted)


def test_a_function_updates_the_context_that_conditions_read() -> None:
    patch: JsonObject = {"tries": 2, "who": "ann"}
    ready = Condition(path="context.tries", op="eq", value=2)
    graph = sequence(compute("a", next="b"), compute("b", when=(ready,)))
    run = running(graph, context={"tries": 0, "kept": True}).after(
        succeed(graph, "a", context=patch)
    )

    assert run.state.context == {"tries": 2, "who": "ann", "kept": True}
    assert run.history[-1] == started("b", 30)


def test_a_loop_visits_a_step_again_and_keeps_the_newest_output() -> None:
    done = Condition(path="steps.a.output", op="gte", value=2)
    graph = sequence(
        compute("a", next="enough"),
        Decision(id="enough", cases=(Case(conditions=(done,), next="b"),), default_next="a"),
        compute("b"),
    )
    run = running(graph).after(succeed(graph, "a", 1))
    again = run.after(succeed(graph, "a", 2, visit=2))

    assert run.history[-1] == started("a", 30, visit=2)
    assert again.history[-1] == started("b", 30)
    assert again.state.outputs["a"] == {"output": 2}


def test_a_report_of_an_earlier_visit_is_stale() -> None:
    graph = sequence(compute("a", next="a"))
    run = running(graph).after(succeed(graph, "a", 1))

    run.when(succeed(graph, "a", 1)).then_refused("stale_attempt")


def test_a_run_that_reaches_the_loop_limit_fails() -> None:
    graph = sequence(
        compute("a", next="b"), Decision(id="b", cases=(), default_next="a"), loop_limit=3
    )
    run = running(graph).after(succeed(graph, "a"))
    message = "The run reached its limit of 3 step activations at step 'b'"

    run.when(succeed(graph, "a", visit=2)).then(
        succeeded("a", visit=2),
        RunFailed(at=30, error=Error(code="LOOP_LIMIT", message=message), step_id="b"),
    )


def test_a_loop_of_decisions_alone_reaches_the_limit() -> None:
    graph = sequence(Decision(id="a", cases=(), default_next="a"))

    assert running(graph).state.status == "failed"
    assert running(graph).state.activations == 1_000


def test_retries_do_not_count_as_activations() -> None:
    graph = sequence(
        compute("a", retry=Retry(max_attempts=5), next="b"), compute("b"), loop_limit=2
    )
    run = running(graph).after(fail(graph, "a", jitter=0), fail(graph, "a", attempt=2, jitter=0))

    assert run.after(succeed(graph, "a", attempt=3)).history[-1] == started("b", 30)


def test_a_decision_whose_condition_does_not_hold_is_skipped_to_its_default() -> None:
    only_big = (Condition(path="input.amount", op="gt", value=100),)
    always = Case(conditions=(), next="b")
    graph = sequence(
        Decision(id="which", cases=(always,), default_next="c", when=only_big),
        compute("b"),
        compute("c"),
    )

    assert running(graph, {"amount": 5}).history[-2:] == (
        StepSkipped(step_id="which", visit=1, at=20, kind="decision"),
        started("c", 20),
    )
    assert running(graph, {"amount": 500}).history[-1] == started("b", 20)
