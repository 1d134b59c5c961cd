"""The validation of definitions: each fault has the path of its member."""

from typing import Any

import pytest

from baton.domain.definition.graph import (
    Case,
    Compute,
    Condition,
    Decision,
    Delay,
    Graph,
    Retry,
    Sync,
)
from baton.domain.definition.messages import Body
from baton.domain.definition.trigger import EventTrigger, ScheduleTrigger, Trigger, WebhookTrigger
from baton.domain.definition.validation import MAX_FAULTS, faults_of
from baton.domain.schedule.timetable import Cron, Interval
from tests.kit.definitions import body, compute, dag, sequence

YES = (Condition(path="input.ok", op="eq", value=True),)
TOO_LONG_MS = 11 * 365 * 24 * 3_600_000


def places(checked: Body) -> list[tuple[str | int, ...]]:
    return [fault.path for fault in faults_of(checked)]


def decision(step_id: str, *nexts: str, default: str | None = None) -> Decision:
    cases = tuple(Case(conditions=YES, next=each) for each in nexts)
    return Decision(id=step_id, cases=cases, default_next=default)


def test_a_sequence_with_loops_branches_and_delays_is_valid() -> None:
    graph = sequence(
        compute("a", next="b", retry=Retry(max_attempts=3, backoff_ms=0)),
        decision("b", "a", "c", default="d"),
        Delay(id="c", delay_ms=0, next="b"),
        compute("d", on_success_next="d2", next="a", on_failure="end"),
        Sync(id="d2"),
    )

    assert faults_of(body(graph)) == []


def test_a_diamond_of_needs_is_valid() -> None:
    graph = dag(
        Sync(id="join", needs=("left", "right", "left"), timeout_ms=5),
        compute("left", needs=("start",), when=YES),
        Delay(id="right", delay_ms=1, needs=("start",)),
        compute("start"),
    )

    assert faults_of(body(graph)) == []


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        (sequence(), [("steps",)]),
        (sequence(*(compute(f"s{n}") for n in range(1_001))), [("steps",)]),
        (sequence(compute("a"), compute("b"), compute("a")), [("steps", 2, "id")]),
        (sequence(compute("a", next="z")), [("steps", 0, "next")]),
        (sequence(compute("a", on_success_next="z")), [("steps", 0, "on_success_next")]),
        (sequence(Delay(id="a", delay_ms=1, next="")), [("steps", 0, "next")]),
        (
            sequence(compute("a"), decision("b", "a", "z", default="y")),
            [("steps", 1, "cases", 1, "next"), ("steps", 1, "default_next")],
        ),
        (sequence(decision("a")), [("steps", 0, "cases")]),
        (sequence(compute("a", needs=("b",)), compute("b")), [("steps", 0, "needs")]),
        (dag(compute("a"), compute("b", needs=("a", "z"))), [("steps", 1, "needs", 1)]),
        (dag(compute("a", needs=("a",))), [("steps", 0, "needs", 0)]),
        (dag(compute("a", next="b"), compute("b")), [("steps", 0, "next")]),
        (dag(compute("a"), decision("b", "a")), [("steps", 1, "kind")]),
        (sequence(compute("a"), loop_limit=0), [("loop_limit",)]),
    ],
)
def test_a_graph_with_bad_edges_is_refused(
    graph: Graph, expected: list[tuple[str | int, ...]]
) -> None:
    assert places(body(graph)) == expected


def test_the_fault_of_a_cycle_names_the_steps_on_it_and_no_others() -> None:
    graph = dag(
        compute("before"),
        compute("a", needs=("c", "before")),
        compute("b", needs=("a",)),
        compute("c", needs=("b",)),
        compute("after", needs=("c",)),
    )
    [fault] = faults_of(body(graph))

    assert fault.path == ("steps", 1, "needs")
    assert fault.message == "these steps need each other in a cycle: a, b, c"


def test_a_long_chain_of_needs_is_not_a_cycle() -> None:
    steps = [compute(f"s{n}", needs=(f"s{n + 1}",)) for n in range(999)]

    assert faults_of(body(dag(*steps, compute("s999")))) == []


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"id": ""}, ("id",)),
        ({"id": "a" * 65}, ("id",)),
        ({"id": "a b"}, ("id",)),
        ({"id": "a\n"}, ("id",)),
        ({"id": "schön"}, ("id",)),
        ({"name": "n" * 201}, ("name",)),
        ({"function": ""}, ("function",)),
        ({"function": "f" * 201}, ("function",)),
        ({"timeout_ms": 0}, ("timeout_ms",)),
        ({"timeout_ms": TOO_LONG_MS}, ("timeout_ms",)),
        ({"retry": Retry(max_attempts=0)}, ("retry", "max_attempts")),
        ({"retry": Retry(max_attempts=10_001)}, ("retry", "max_attempts")),
        ({"retry": Retry(backoff_ms=-1)}, ("retry", "backoff_ms")),
        ({"retry": Retry(multiplier=0.5)}, ("retry", "multiplier")),
        ({"retry": Retry(multiplier=float("nan"))}, ("retry", "multiplier")),
        ({"retry": Retry(multiplier=float("inf"))}, ("retry", "multiplier")),
        ({"when": (Condition(path="", op="exists"),)}, ("when", 0, "path")),
    ],
)
def test_a_compute_step_outside_its_bounds_is_refused(
    members: dict[str, Any], expected: tuple[str | int, ...]
) -> None:
    step = Compute(**{"id": "a", "function": "f", **members})

    assert places(body(sequence(step))) == [("steps", 0, *expected)]


@pytest.mark.parametrize("delay_ms", [-1, TOO_LONG_MS])
def test_a_delay_outside_its_bounds_is_refused(delay_ms: int) -> None:
    step = Delay(id="a", delay_ms=delay_ms)

    assert places(body(sequence(step))) == [("steps", 0, "delay_ms")]


def test_a_sync_point_outside_its_bounds_is_refused() -> None:
    assert places(body(dag(Sync(id="a", timeout_ms=0)))) == [("steps", 0, "timeout_ms")]


@pytest.mark.parametrize(
    ("condition", "member"),
    [
        (Condition(path="", op="eq", value=1), "path"),
        (Condition(path="x" * 1_001, op="eq", value=1), "path"),
        (Condition(path=".".join("x" * 65), op="eq", value=1), "path"),
        (Condition(path="Input.v", op="exists"), "path"),
        (Condition(path="foo.bar", op="eq", value=1), "path"),
        (Condition(path=" input", op="exists"), "path"),
        (Condition(path="config.a", op="exists"), "path"),
        (Condition(path="steps.b.output", op="exists"), "path"),
        (Condition(path="steps.", op="exists"), "path"),
        (Condition(path="input.a", op="eq", value_path=""), "value_path"),
        (Condition(path="input.a", op="eq", value_path="x.y"), "value_path"),
        (Condition(path="input.a", op="eq", value_path="steps.A.output"), "value_path"),
        (Condition(path="input.a", op="eq", value=1, value_path="input.b"), "value"),
        (Condition(path="input.a", op="in", value=[{}] * 1_001), "value"),
        (Condition(path="input.a", op="in", value="abc"), "value"),
        (Condition(path="input.a", op="notIn"), "value"),
        (Condition(path="input.a", op="gt"), "value"),
    ],
)
def test_a_condition_that_can_never_be_evaluated_is_refused(
    condition: Condition, member: str
) -> None:
    step = Decision(id="a", cases=(Case(conditions=(*YES, condition), next="a"),))

    assert places(body(sequence(step))) == [
        ("steps", 0, "cases", 0, "conditions", 1, member),
    ]


@pytest.mark.parametrize(
    "condition",
    [
        Condition(path="input.a", op="exists"),
        Condition(path="input.a", op="eq", value=None),
        Condition(path="input.a", op="in", value_path="input.b"),
        Condition(path="input.a", op="gt", value="3"),
        Condition(path="input" + ".x" * 63, op="notExists"),
        Condition(path="context", op="exists"),
        Condition(path="steps", op="exists"),
        Condition(path="steps.a.output.x", op="exists"),
        Condition(path="input.a", op="in", value=list(range(30_000))),
    ],
)
def test_a_condition_that_may_fail_to_match_is_valid(condition: Condition) -> None:
    assert faults_of(body(sequence(compute("a", when=(condition,))))) == []


def test_conditions_are_limited_per_step_and_in_total() -> None:
    many = tuple(Case(conditions=(), next="s0") for _ in range(1_001))
    steps = [Decision(id=f"s{n}", cases=many) for n in range(10)]

    assert places(body(sequence(*steps))) == [("steps",), *(("steps", n) for n in range(10))]


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        (EventTrigger(event_type="record.exploded"), ("trigger", "event_type")),
        (EventTrigger(event_type="record_created"), ("trigger", "event_type")),
        (EventTrigger(event_type="baton.started"), ("trigger", "event_type")),
        (EventTrigger(event_type="x" * 201), ("trigger", "event_type")),
        (EventTrigger(event_type="record.created", structure=""), ("trigger", "structure")),
        (
            ScheduleTrigger(timetable=Cron(expression="61 * * * *")),
            ("trigger", "expression"),
        ),
        (ScheduleTrigger(timetable=Interval(every_ms=999)), ("trigger", "every_ms")),
        (
            ScheduleTrigger(timetable=Interval(every_ms=1_000, timezone="Mars/Base")),
            ("trigger", "timezone"),
        ),
        (WebhookTrigger(path=""), ("trigger", "path")),
        (WebhookTrigger(path="/stripe"), ("trigger", "path")),
        (WebhookTrigger(path="a//b"), ("trigger", "path")),
        (WebhookTrigger(path="stripe/"), ("trigger", "path")),
        (WebhookTrigger(path="a/../b"), ("trigger", "path")),
        (WebhookTrigger(path="./x"), ("trigger", "path")),
        (WebhookTrigger(path="a/.."), ("trigger", "path")),
        (WebhookTrigger(path="."), ("trigger", "path")),
        (WebhookTrigger(path="a/%2E%2e/b"), ("trigger", "path")),
        (WebhookTrigger(path="a/.%2e"), ("trigger", "path")),
        (WebhookTrigger(path="a b"), ("trigger", "path")),
        (WebhookTrigger(path="a?b"), ("trigger", "path")),
        (WebhookTrigger(path="a" * 201), ("trigger", "path")),
        (WebhookTrigger(signature_header="X:Y"), ("trigger", "signature_header")),
        (WebhookTrigger(signature_header="X\r\nY"), ("trigger", "signature_header")),
        (WebhookTrigger(signature_header=""), ("trigger", "signature_header")),
    ],
)
def test_a_trigger_that_can_never_fire_is_refused(
    trigger: Trigger, expected: tuple[str, ...]
) -> None:
    assert places(body(trigger=trigger)) == [expected]


@pytest.mark.parametrize(
    "trigger",
    [
        EventTrigger(event_type="records.bulk_created"),
        EventTrigger(event_type="record.restored", structure="orders"),
        ScheduleTrigger(timetable=Cron(expression="0 9 * * *", timezone="America/New_York")),
        WebhookTrigger(),
        WebhookTrigger(path="v1.0/..a/b..c/..."),
        WebhookTrigger(path="shop/stripe-1", validate_signature=True, signature_header="X-Sig"),
    ],
)
def test_a_trigger_that_can_fire_is_valid(trigger: Trigger) -> None:
    assert faults_of(body(trigger=trigger)) == []


@pytest.mark.parametrize("name", ["", "  ", "n" * 201])
def test_a_definition_has_a_name(name: str) -> None:
    assert places(body(name=name)) == [("name",)]


def test_the_number_of_reported_faults_is_limited() -> None:
    graph = sequence(*(Compute(id="!", function="") for _ in range(1_000)))

    assert len(faults_of(body(graph))) == MAX_FAULTS
