"""Definitions: creating, updating and deleting them."""

from baton.domain.definition.decisions import DECIDER
from baton.domain.definition.graph import Case, Compute, Condition, Decision
from baton.domain.definition.messages import (
    Body,
    CreateDefinition,
    DefinitionCreated,
    DefinitionDeleted,
    DefinitionUpdated,
    DeleteDefinition,
    UpdateDefinition,
)
from baton.domain.definition.trigger import EventTrigger
from baton.domain.errors import Fault
from baton.domain.json import Json
from tests.domain.specification import given
from tests.kit.actors import ANN, BOB
from tests.kit.definitions import body, compute, create_definition, sequence

BODY = body()
CREATED = DefinitionCreated(
    tenant="acme", definition_id="d1", slug="orders", body=BODY, actor=ANN, at=1
)
DELETED = DefinitionDeleted(actor=BOB, at=3)


def create(published: Body = BODY, slug: str = "orders") -> CreateDefinition:
    return create_definition("d1", published, slug=slug)


def update(published: Body, at: int = 2) -> UpdateDefinition:
    return UpdateDefinition(body=published, actor=BOB, at=at)


def comparing_with(value: Json) -> Body:
    condition = Condition(path="input.a", op="eq", value=value)
    cases = (Case(conditions=(condition,), next="a"),)
    return body(sequence(compute("a"), Decision(id="b", cases=cases)))


def test_version_1_is_published() -> None:
    given(DECIDER).when(create()).then(CREATED)


def test_publishing_the_same_again_decides_nothing() -> None:
    given(DECIDER, CREATED).when(create()).then_nothing()


def test_an_id_is_not_published_twice_with_different_content() -> None:
    given(DECIDER, CREATED).when(create(body(name="Other"))).then_refused("conflict")
    given(DECIDER, CREATED).when(create(slug="other")).then_refused("conflict")


def test_an_invalid_definition_is_refused_with_the_path_of_each_fault() -> None:
    faulty = body(
        sequence(compute("a", next="z")), trigger=EventTrigger(event_type="baton.nothing")
    )
    refusal = given(DECIDER).when(create(faulty, "Not A Slug")).then_refused("validation_error")

    assert [fault.path for fault in refusal.faults] == [
        ("slug",),
        ("trigger", "event_type"),
        ("steps", 0, "next"),
    ]
    assert refusal.faults[2] == Fault(("steps", 0, "next"), "names the unknown step 'z'")


def test_an_implied_function_stays_implied_unless_another_one_is_named() -> None:
    implied = body(sequence(Compute(id="a", function="a", implied=True)))
    made = given(DECIDER).after(create(implied))

    made.when(update(body(sequence(Compute(id="a", function="a"))))).then_nothing()
    named = body(sequence(Compute(id="a", function="other", name="New")))
    made.when(update(named)).then(DefinitionUpdated(version=2, body=named, actor=BOB, at=2))
    renamed = body(sequence(Compute(id="a", function="a", name="New")))
    kept = body(sequence(Compute(id="a", function="a", name="New", implied=True)))
    made.when(update(renamed)).then(DefinitionUpdated(version=2, body=kept, actor=BOB, at=2))


def test_every_change_is_a_new_version_and_earlier_versions_stay() -> None:
    changed = body(name="Orders, better")
    updated = DefinitionUpdated(version=2, body=changed, actor=BOB, at=2)
    after = given(DECIDER, CREATED).when(update(changed)).then(updated)

    assert after.state.versions == {1: BODY, 2: changed}
    assert after.state.body == changed


def test_an_update_without_a_change_decides_nothing() -> None:
    given(DECIDER, CREATED).when(update(body())).then_nothing()


def test_a_value_changed_from_one_to_true_is_a_change() -> None:
    first, second = comparing_with(1), comparing_with(True)
    history = given(DECIDER).after(create(first))

    history.when(update(second)).then(DefinitionUpdated(version=2, body=second, actor=BOB, at=2))
    history.when(update(comparing_with(1.0))).then_nothing()


def test_an_invalid_update_is_refused() -> None:
    given(DECIDER, CREATED).when(update(body(name=""))).then_refused("validation_error")


def test_a_definition_that_does_not_exist_cannot_be_updated_or_deleted() -> None:
    given(DECIDER).when(update(BODY)).then_refused("not_found", subject="definition")
    given(DECIDER).when(DeleteDefinition(actor=BOB, at=3)).then_refused("not_found")


def test_a_definition_is_deleted_once() -> None:
    delete = DeleteDefinition(actor=BOB, at=3)

    given(DECIDER, CREATED).when(delete).then(DELETED)
    given(DECIDER, CREATED, DELETED).when(delete).then_nothing()


def test_a_deleted_definition_cannot_be_updated() -> None:
    given(DECIDER, CREATED, DELETED).when(update(body(name="x"))).then_refused("not_found")


def test_ticks_count_from_the_time_at_which_the_definition_became_active() -> None:
    paused = given(DECIDER, CREATED).after(update(body(status="paused"), at=5))
    active = paused.after(update(body(status="active"), at=7))
    renamed = active.after(update(body(status="active", name="New"), at=9))
    moved = renamed.after(update(body(trigger=EventTrigger(event_type="record.created")), at=11))

    assert [each.state.active_since for each in (paused, active, renamed, moved)] == [0, 7, 7, 11]
