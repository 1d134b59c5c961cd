"""Baton's own format: valid and invalid documents, and a rendering of every definition."""

import json
from dataclasses import replace
from typing import Any

import jsonschema_rs
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from baton.command_api.own.definitions.documents import check_document
from baton.command_api.own.definitions.format.read_definition import (
    DefinitionRead,
    faults_of_rules,
    read_definition,
)
from baton.command_api.own.definitions.format.render_definition import render_definition
from baton.command_api.own.definitions.format.schema import document_schema, schema_text
from baton.domain.definition.graph import DEFAULT_LOOP_LIMIT, Compute, Decision, Graph, Step
from baton.domain.definition.messages import Body
from baton.domain.definition.trigger import (
    EventTrigger,
    ManualTrigger,
    ScheduleTrigger,
    Trigger,
    WebhookTrigger,
)
from baton.domain.durations import parse_duration, render_duration
from baton.domain.run.flow import successor
from baton.domain.schedule.timetable import Cron, Interval, Once
from tests.domain.random_runs import GRAPHS

ORDERS = """
slug: order-processing
name: Order processing
status: active
trigger: {event: record.created, structure: orders}
steps:
  - {id: validate, function: validate-order, config: {strict: true}, timeout: 30s,
     retry: {attempts: 3, backoff: 200ms, factor: 3}}
  - {id: check, decide: [{if: [{path: steps.validate.output.isValid, op: eq, value: true}],
                          next: fulfill}], else: reject}
  - {id: fulfill, function: fulfill-order, on_failure: end, next: cool_down}
  - {id: reject, function: reject-order, next: $end}
  - {id: cool_down, delay: 1h}
"""
SCHEMA = json.loads(schema_text())
IS_SET = [{"path": "input.a", "op": "exists"}]
ONE_STEP = {"slug": "one", "name": "One", "steps": [{"id": "a", "function": "f"}]}


def with_step(**members: Any) -> dict[str, Any]:
    return {**ONE_STEP, "steps": [{"id": "a", "function": "f"} | members]}


def with_kind(**members: Any) -> dict[str, Any]:
    return {**ONE_STEP, "steps": [{"id": "a"} | members]}


def with_trigger(trigger: Any) -> dict[str, Any]:
    return {**ONE_STEP, "trigger": trigger}


def good(document: dict[str, Any]) -> DefinitionRead:
    read, faults = read_definition(document)
    assert (faults, read.unknown) == ([], ())
    return read


def places(document: dict[str, Any]) -> dict[str, str]:
    """Return the faults of a document by place, also those that only the domain finds."""
    faults = check_document(json.dumps(document).encode()).faults
    return {fault.place: fault.message for fault in faults}


def test_a_document_renders_as_it_was_written() -> None:
    document = yaml.safe_load(ORDERS)

    assert render_definition("order-processing", good(document).created()) == document
    checked = check_document(json.dumps(document).encode())
    assert checked == ([], [], good(document).created())


def test_the_order_of_the_list_is_the_order_of_the_steps_unless_a_step_says_otherwise() -> None:
    steps = good(yaml.safe_load(ORDERS)).graph.by_id

    after = {one.id: successor(one, None) for one in steps.values()}
    check = steps["check"]
    assert after | {"check": None} == {
        "validate": "check",
        "check": None,
        "fulfill": "cool_down",
        "reject": None,
        "cool_down": None,
    }
    assert isinstance(check, Decision)
    assert (check.cases[0].next, check.default_next) == ("fulfill", "reject")


def test_a_decision_without_else_continues_with_the_next_step_of_the_list() -> None:
    urgent = {"path": "input.urgent", "op": "eq", "value": True}
    cases = [{"if": [urgent], "next": "$end"}]
    document = {
        **ONE_STEP,
        "steps": [{"id": "first", "decide": cases}, {"id": "second", "function": "f"}],
    }

    first = good(document).graph.steps[0]

    assert isinstance(first, Decision)
    assert (first.cases[0].next, first.default_next) == (None, "second")


def test_needs_make_a_graph_in_which_a_step_may_need_none() -> None:
    document: dict[str, Any] = {
        **ONE_STEP,
        "steps": [
            {"id": "a", "function": "f", "needs": []},
            {"id": "b", "function": "f", "needs": []},
            {"id": "both", "join": ["a", "b"], "timeout": "1m"},
            {"id": "end", "delay": 250, "when": IS_SET, "needs": ["both"]},
        ],
    }

    graph = good(document).graph

    assert graph.flow == "needs"
    assert [step.needs for step in graph.steps] == [(), (), ("a", "b"), ("both",)]
    rendered: Any = render_definition("one", good(document).created())
    assert rendered["steps"] == [*document["steps"][:3], {**document["steps"][3], "delay": "250ms"}]


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        ({"event": "record.created"}, EventTrigger(event_type="record.created")),
        (
            {"cron": "0 9 * * *", "timezone": "Europe/Berlin", "missed": "skip", "overlap": "skip"},
            ScheduleTrigger(
                timetable=Cron(expression="0 9 * * *", timezone="Europe/Berlin"),
                missed="skip",
                overlap="skip",
            ),
        ),
        ({"every": "90m"}, ScheduleTrigger(timetable=Interval(every_ms=5_400_000))),
        (
            {"at": "2027-01-01T09:00:00.000Z"},
            ScheduleTrigger(timetable=Once(at=1_798_794_000_000)),
        ),
        (
            {"webhook": "stripe", "signed": True, "header": "Stripe-Signature"},
            WebhookTrigger(
                path="stripe",
                configured_path="stripe",
                validate_signature=True,
                signature_header="Stripe-Signature",
            ),
        ),
        ({"webhook": None}, WebhookTrigger()),
        ({"manual": True}, ManualTrigger()),
    ],
    ids=lambda one: next(iter(one)) if isinstance(one, dict) else "",
)
def test_each_trigger_is_read_and_rendered(trigger: dict[str, Any], expected: Trigger) -> None:
    read = good(with_trigger(trigger))

    assert read.trigger.triggers == (expected,)
    assert render_definition("one", read.created())["trigger"] == trigger
    assert good(with_trigger([{"manual": True}, trigger])).trigger.triggers == (expected,)
    jsonschema_rs.validate(SCHEMA, with_trigger(trigger))


def test_a_webhook_with_a_secret_is_signed_and_its_secret_is_never_rendered() -> None:
    read = good(with_trigger({"webhook": "a/b", "secret": "a signing secret of 16"}))

    assert (read.secrets, render_definition("one", read.created())["trigger"]) == (
        {"a/b": "a signing secret of 16"},
        {"webhook": "a/b", "signed": True},
    )


LATER: dict[str, tuple[dict[str, Any], str]] = {
    "input": ({**ONE_STEP, "input": {"schema": {}}}, "input"),
    "limits": ({**ONE_STEP, "limits": []}, "limits"),
    "wait": (with_kind(wait={"signal": "go"}), "steps[0].wait"),
    "approval": (with_kind(approval={}), "steps[0].approval"),
    "run": (with_kind(run="other"), "steps[0].run"),
    "group": (with_kind(steps=[]), "steps[0].steps"),
    "emit": (with_kind(emit={"type": "x"}), "steps[0].emit"),
    "end": (with_kind(end={"status": "completed"}), "steps[0].end"),
    "map": (with_step(map={"over": "input.items"}), "steps[0].map"),
    "with": (with_step(**{"with": {}}), "steps[0].with"),
    "when a test is text": (with_step(when="input.a > 1"), "steps[0].when"),
    "retries": (with_step(retry=[{"attempts": 2}]), "steps[0].retry"),
    "jitter": (with_step(retry={"attempts": 2, "jitter": "full"}), "steps[0].retry.jitter"),
    "on_failure": (with_step(on_failure="continue"), "steps[0].on_failure"),
    "failures": (with_step(on_failure=[{"do": "end"}]), "steps[0].on_failure"),
    "timeouts": (with_step(timeout={"total": "1h"}), "steps[0].timeout"),
    "delay": (with_kind(delay={"for": "${input.wait}"}), "steps[0].delay"),
    "need": (with_step(needs=[{"step": "b", "is": "failed"}]), "steps[0].needs[0]"),
    "if": (with_kind(decide=[{"if": "true", "next": "$end"}]), "steps[0].decide[0].if"),
    "secret": (with_step(config={"a": [{"$secret": "key"}]}), "steps[0].config.a[0].$secret"),
    "expression": (with_step(function="f-${input.kind}"), "steps[0].function"),
    "trigger if": (with_trigger({"event": "record.created", "if": "true"}), "trigger.if"),
    "calendar": (with_trigger({"cron": "* * * * *", "except": ["de"]}), "trigger.except"),
    "overlap": (with_trigger({"every": "1h", "overlap": "queue_one"}), "trigger.overlap"),
}


@pytest.mark.parametrize("case", LATER)
def test_a_reserved_word_is_refused_at_its_path(case: str) -> None:
    document, place = LATER[case]

    found = places(document)

    assert "not yet possible" in found[place]


SAME_PATH = "must not be that of another webhook of the definition"

WRONG: dict[str, tuple[dict[str, Any], dict[str, str | None]]] = {
    "format": ({**ONE_STEP, "format": 2}, {"format": "must be 1"}),
    "slug": ({**ONE_STEP, "slug": "A"}, {"slug": "must be 1 to 63 characters of a-z, 0-9 and -"}),
    "no slug": ({"name": "x", "steps": ONE_STEP["steps"]}, {"slug": "required"}),
    "no steps": ({"slug": "x", "name": "x"}, {"steps": "required"}),
    "no kind": (with_kind(), {"steps[0]": "must have one of function, decide, delay, join"}),
    "two kinds": (with_step(delay="1s"), {"steps[0].delay": "can't be combined with function"}),
    "id": (with_step(id="a/b"), {"steps[0].id": None}),
    "target": (with_step(next="nowhere"), {"steps[0].next": "names the unknown step 'nowhere'"}),
    "reserved target": (
        with_step(next="$start"),
        {"steps[0].next": "must be the id of a step, or $end"},
    ),
    "duration": (with_step(timeout="5 minutes"), {"steps[0].timeout": None}),
    "attempts": (with_step(retry={"backoff": "1s"}), {"steps[0].retry.attempts": "required"}),
    "many attempts": (
        with_step(retry={"attempts": 10_001}),
        {"steps[0].retry.attempts": "must be between 1 and 10000"},
    ),
    "both values": (
        with_step(when=[{"path": "input.a", "op": "eq", "value": 1, "value_path": "input.b"}]),
        {"steps[0].when[0].value": "can't be combined with value_path"},
    ),
    "path": (
        with_step(when=[{"path": "env.a", "op": "exists"}]),
        {"steps[0].when[0].path": "must begin with input, context or steps"},
    ),
    "join": (
        {**ONE_STEP, "steps": [{"id": "a", "join": ["b"]}]},
        {"steps[0].join[0]": "names the unknown step 'b'"},
    ),
    "cron": (with_trigger({"cron": "61 * * * *"}), {"trigger.cron": None}),
    "zone": (
        with_trigger({"at": "2027-01-01T09:00", "timezone": "Mars/One"}),
        {"trigger.timezone": None},
    ),
    "two causes": (
        with_trigger({"event": "record.created", "every": "1h"}),
        {"trigger.every": "can't be combined with event; write a list of triggers"},
    ),
    "no cause": (
        with_trigger({"structure": "orders"}),
        {"trigger": "must have one of event, cron, every, at, webhook, manual"},
    ),
    "webhooks": (
        with_trigger([{"webhook": "a"}, {"manual": True}, {"webhook": "/webhooks/%61"}]),
        {"trigger[2].webhook": SAME_PATH},
    ),
    "webhooks without a path": (
        with_trigger([{"webhook": None}, {"webhook": "a"}, {"webhook": None, "header": "X-Mac"}]),
        {"trigger[2].webhook": SAME_PATH},
    ),
    "policies": (
        with_trigger([{"manual": True}, {"every": "1h"}, {"every": "2h", "missed": "skip"}]),
        {
            "trigger[2].missed": "must be the same for all timetables, which form one schedule",
        },
    ),
    "same trigger": (
        with_trigger([{"event": "paid"}, {"event": "paid"}]),
        {"trigger[1]": "must not repeat another trigger"},
    ),
    "one of several": (
        with_trigger([{"event": "paid"}, {"manual": True}, {"cron": "61 * * * *"}]),
        {"trigger[2].cron": None},
    ),
    "when of a decision": (
        with_kind(decide=[{"if": [], "next": "$end"}], when=[{"path": "env.a", "op": "exists"}]),
        {"steps[0].when[0].path": "must begin with input, context or steps"},
    ),
    "short secret": (with_trigger({"webhook": "w", "secret": "short"}), {"trigger.secret": None}),
    "short secret of one of several": (
        with_trigger([{"webhook": "v"}, {"webhook": "w", "secret": "short"}]),
        {"trigger[1].secret": None},
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_each_fault_is_reported_at_its_path(case: str) -> None:
    document, expected = WRONG[case]

    found = places(document)

    assert found.keys() == expected.keys()
    assert {place: text for place, text in found.items() if expected[place]} == {
        place: text for place, text in expected.items() if text
    }


def test_unknown_members_are_named_with_the_nearest_known_one() -> None:
    document = {**with_step(retri={"attempts": 2}), "triger": {}, "id": "x", "version": 3}

    faults, unknown, _ = check_document(json.dumps(document).encode())

    assert faults == []
    assert [(one.place, one.message) for one in unknown] == [
        ("triger", "is unknown; did you mean 'trigger'?"),
        ("steps[0].retri", "is unknown; did you mean 'retry'?"),
    ]


def test_a_misspelt_kind_is_named_with_the_nearest_known_one() -> None:
    document = {**with_kind(functon="noop", retry={"attempts": 2}), "trigger": {"evry": "1h"}}

    faults, unknown, _ = check_document(json.dumps(document).encode())

    assert {one.place for one in faults} == {"trigger", "steps[0]"}
    assert {one.place: one.message for one in unknown} == {
        "steps[0].functon": "is unknown; did you mean 'function'?",
        "trigger.evry": "is unknown; did you mean 'every'?",
    }


TRIGGERS = st.sampled_from(
    [
        ManualTrigger(),
        EventTrigger(event_type="record.updated", structure="orders"),
        ScheduleTrigger(timetable=Cron(expression="*/5 * * * *"), overlap="skip"),
        ScheduleTrigger(timetable=Interval(every_ms=1_500, timezone="Asia/Tokyo"), missed="skip"),
        ScheduleTrigger(timetable=Once(at=1)),
        WebhookTrigger(path="a/b", configured_path="/a/b", signature_header="X-Sig"),
    ]
).map(lambda one: (one,)) | st.permutations(
    [
        EventTrigger(event_type="record.updated", structure="orders"),
        EventTrigger(event_type="order.paid"),
        ScheduleTrigger(timetable=Once(at=1), missed="skip"),
        ScheduleTrigger(timetable=Interval(every_ms=1_500), missed="skip"),
        WebhookTrigger(),
    ]
).map(tuple)


def normal(step: Step) -> Step:
    """Return a step with its one successor: the format has no second one that takes precedence."""
    if isinstance(step, Compute):
        return replace(step, next=successor(step, None), on_success_next=None)
    return step


@given(GRAPHS, TRIGGERS, st.sampled_from(["active", "draft", "paused"]))
def test_every_definition_renders_and_reads_back_as_it_was(
    graph: Graph, triggers: tuple[Trigger, ...], status: Any
) -> None:
    steps = tuple(normal(step) for step in graph.steps)
    first, *more = triggers
    body = Body(
        name="Any",
        trigger=first,
        more_triggers=tuple(more),
        status=status,
        graph=graph,
        description="d",
    )

    document = render_definition("any", body)
    read = good(json.loads(json.dumps(document)))

    plain = replace(graph, steps=steps, loop_limit=DEFAULT_LOOP_LIMIT)
    assert read.created() == replace(body, graph=plain)
    assert read.replacing(body) == body
    assert faults_of_rules(read) == []
    jsonschema_rs.validate(SCHEMA, document)


@given(st.integers(min_value=0, max_value=10**12))
def test_a_duration_reads_back_as_it_was(duration_ms: int) -> None:
    assert parse_duration(render_duration(duration_ms)) == duration_ms
    assert parse_duration(duration_ms) == duration_ms


@pytest.mark.parametrize("text", ["", "1", "1w", "-1s", "1.5s", "1 s", "1S", "²s", True, None, -1])
def test_an_invalid_duration_is_refused(text: object) -> None:
    assert parse_duration(text) is None


def test_the_schema_inside_another_document_has_no_references() -> None:
    inlined = document_schema()

    assert "$ref" not in json.dumps(inlined)
    jsonschema_rs.validate(inlined, yaml.safe_load(ORDERS))
    jsonschema_rs.validate(SCHEMA, yaml.safe_load(ORDERS))


@pytest.mark.parametrize("case", [one for one in LATER if one != "secret"])
def test_the_schema_refuses_reserved_words(case: str) -> None:
    if case != "expression":  # a schema can't tell which texts are literal
        with pytest.raises(jsonschema_rs.ValidationError):
            jsonschema_rs.validate(SCHEMA, LATER[case][0])
