"""Versions of a definition: labels, publishing, disabling, and the version in force."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from baton.domain.definition.decisions import DECIDER
from baton.domain.definition.messages import (
    Body,
    DefinitionUpdated,
    DisableVersion,
    PublishVersion,
    UpdateDefinition,
    VersionDisabled,
)
from baton.domain.definition.state import State
from baton.domain.definition.trigger import EventTrigger, Trigger, WebhookTrigger
from baton.domain.definition.version_label import is_label, next_label, order_of
from baton.domain.errors import Rejected
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.messages.run_events import RunRequested
from tests.domain.specification import Given, given
from tests.kit.actors import ANN, BOB
from tests.kit.definitions import body, compute, create_definition, dag, request_run

FIRST = body(dag(compute("a")))
SECOND = body(dag(compute("a"), compute("b", needs=("a",))))
THIRD = body(dag(compute("c")))


def published(label: str | None = "1.0", content: Body = FIRST) -> Given:
    return given(DECIDER).after(replace(create_definition("d1", content), label=label))


def publish(label: str | None, content: Body, at: int = 2) -> PublishVersion:
    return PublishVersion(body=content, actor=BOB, at=at, label=label)


def disable(version: int, at: int = 5) -> DisableVersion:
    return DisableVersion(version=version, actor=BOB, at=at)


def test_a_version_is_published_under_its_label() -> None:
    event = DefinitionUpdated(version=2, body=SECOND, actor=BOB, at=2, label="1.10")
    after = published().when(publish("1.10", SECOND)).then(event)

    assert after.state.publications[2].label == "1.10"
    assert after.state.number_of("1.10") == 2


def test_the_same_version_with_the_same_content_decides_nothing() -> None:
    renamed = published().after(UpdateDefinition(body=body(FIRST.graph, name="X"), actor=BOB, at=2))

    renamed.when(publish("1.0", body(FIRST.graph, name="X"))).then_nothing()


@pytest.mark.parametrize("content", [SECOND, replace(FIRST, annotations={"team": "a"})])
def test_the_same_version_with_other_content_is_refused(content: Body) -> None:
    published().when(publish("1.0", content)).then_refused(
        "conflict", reason="version_exists", version="1.0"
    )


def test_a_version_without_a_label_gets_the_next_whole_number() -> None:
    after = published("4.2").after(publish(None, SECOND), publish(None, SECOND))

    assert [one.label for one in after.state.publications.values()] == ["4.2", "5", "6"]


def test_an_update_gets_the_next_whole_number_and_is_in_force() -> None:
    after = published("2024.1").after(UpdateDefinition(body=SECOND, actor=BOB, at=2))

    assert after.state.publications[2].label == "2025"
    assert after.state.body == SECOND


@pytest.mark.parametrize("label", ["", "1.", ".1", "01", "1.00", "v1", "1-2", "1.x", "²", "1" * 65])
def test_a_label_is_dotted_numbers(label: str) -> None:
    refusal = published().when(publish(label, SECOND)).then_refused("validation_error")

    assert [fault.path for fault in refusal.faults] == [("label",)]


def test_the_highest_label_is_in_force_not_the_newest() -> None:
    after = published("2.0").after(publish("10.0", SECOND), publish("9.9", THIRD))

    assert (after.state.version, after.state.body) == (2, SECOND)


def test_a_disabled_version_gives_way_to_the_highest_enabled_one() -> None:
    history = published("1.0").after(publish("2.0", SECOND), publish("1.5", THIRD))
    event = VersionDisabled(version=2, in_force=3, body=THIRD, actor=BOB, at=5)
    after = history.when(disable(2)).then(event)

    assert (after.state.version, after.state.body, after.state.disabled) == (3, THIRD, (2,))
    assert after.state.versions[2] == SECOND


def signed(secret_id: str | None, path: str | None = "orders") -> WebhookTrigger:
    return WebhookTrigger(path=path, validate_signature=True, secret_id=secret_id)


@pytest.mark.parametrize(
    ("now", "secret_id"),
    [
        (signed("new"), "new"),
        (signed(None), None),
        (EventTrigger(event_type="record.created"), None),
    ],
)
def test_a_version_that_comes_into_force_again_has_the_secret_that_is_stored(
    now: Trigger, secret_id: str | None
) -> None:
    first, second = (replace(FIRST, trigger=one) for one in (signed("forgotten"), now))
    history = published(content=first).after(UpdateDefinition(body=second, actor=BOB, at=2))

    after = history.after(disable(2))

    assert after.state.body == replace(first, trigger=signed(secret_id))


@pytest.mark.parametrize(
    ("now", "kept"),
    [
        ([signed("b", "bills"), signed("o")], ["o", "b", None]),
        ([signed("x", None), signed("o")], ["o", None, "x"]),
        ([signed("c", "cash")], [None, None, None]),
    ],
)
def test_each_webhook_has_the_secret_that_is_stored_for_its_path(
    now: list[WebhookTrigger], kept: list[str | None]
) -> None:
    paths = ("orders", "bills", None)
    first = with_webhooks([signed("forgotten", path) for path in paths])
    history = published(content=first).after(
        UpdateDefinition(body=with_webhooks(now), actor=BOB, at=2)
    )

    after = history.after(disable(2))

    assert after.state.body == with_webhooks(
        [signed(secret, path) for secret, path in zip(kept, paths, strict=True)]
    )


def with_webhooks(triggers: list[WebhookTrigger]) -> Body:
    return replace(FIRST, trigger=triggers[0], more_triggers=tuple(triggers[1:]))


def test_a_definition_without_an_enabled_version_is_paused_until_the_next_one() -> None:
    all_disabled = published().after(disable(1))
    again = all_disabled.after(publish("0.5", SECOND, at=9))

    assert (all_disabled.state.body.status, all_disabled.state.active_since) == ("paused", 0)
    assert (again.state.version, again.state.body.status, again.state.active_since) == (
        2,
        "active",
        9,
    )


def test_disabling_again_decides_nothing_and_an_unknown_version_is_not_found() -> None:
    published().after(disable(1)).when(disable(1)).then_nothing()
    published().when(disable(2)).then_refused("not_found", subject="definition")
    given(DECIDER).when(disable(1)).then_refused("not_found")


def test_the_ticks_of_a_trigger_that_comes_back_count_from_then() -> None:
    other = replace(SECOND, trigger=EventTrigger(event_type="record.created"))
    after = published().after(publish("2.0", other, at=3), disable(2, at=7))

    assert after.state.active_since == 7


def requested(state: State, version: int | None) -> Sequence[object]:
    return RUN.decide(replace(request_run(state), version=version), RUN.initial)


def test_a_run_names_a_version_or_gets_the_one_in_force() -> None:
    state = published("1.0").after(publish("2.0", SECOND)).state

    events = [requested(state, version)[0] for version in (None, 1, 2)]

    assert [one.version for one in events if isinstance(one, RunRequested)] == [2, 1, 2]


def test_a_run_of_a_disabled_or_unknown_version_or_of_a_paused_definition_is_refused() -> None:
    history = published("1.0").after(publish("2.0", SECOND), disable(1))
    paused = history.after(UpdateDefinition(body=replace(SECOND, status="paused"), actor=ANN, at=9))
    codes = []
    for state, version in ((history.state, 1), (history.state, 7), (paused.state, 2)):
        with pytest.raises(Rejected) as refused:
            requested(state, version)
        codes.append(refused.value.details.get("reason", refused.value.code))

    assert codes == ["version_disabled", "not_found", "definition_inactive"]


@for_all(st.lists(st.lists(st.integers(0, 99), min_size=1, max_size=4), min_size=1))
def test_labels_are_sorted_as_numbers_and_the_next_one_is_above_all(
    numbers: list[list[int]],
) -> None:
    labels = [".".join(map(str, one)) for one in numbers]

    assert all(map(is_label, labels))
    assert sorted(labels, key=order_of) == [".".join(map(str, one)) for one in sorted(numbers)]
    assert all(order_of(next_label(labels)) > order_of(label) for label in labels)


def test_the_number_of_folded_events_is_known() -> None:
    after = published().after(publish("2.0", SECOND), disable(1), disable(2))

    assert after.state.events == len(after.history) == 4
