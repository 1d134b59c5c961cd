"""Webhook registrations: changed as a whole, rotated without a gap, disabled by their receiver."""

from dataclasses import replace
from typing import Any

import pytest

from baton.domain.errors import Invalid
from baton.domain.run.messages.run_events import (
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunReopened,
    RunStarted,
)
from baton.domain.run.messages.step_events import (
    RetryScheduled,
    StepFailed,
    StepStarted,
    StepSucceeded,
    StepTimedOut,
    StepUndecided,
)
from baton.domain.run.outcome import Error
from baton.domain.webhook.decisions import DECIDER
from baton.domain.webhook.event_types import NOTIFIED_EVENTS, event_type
from baton.domain.webhook.messages import (
    CreateWebhook,
    DeleteWebhook,
    DisableWebhook,
    SecretRotated,
    UpdateWebhook,
    WebhookCreated,
    WebhookDeleted,
    WebhookDisabled,
    WebhookUpdated,
)
from tests.domain.specification import given
from tests.kit.actors import ANN, BOB

BODY: dict[str, Any] = {
    "url": "https://shop.example/hook",
    "events": ("workflow.execution.completed",),
    "active": True,
    "ordered": False,
}
CREATE = CreateWebhook(tenant="acme", webhook_id="w1", **BODY, secret_id="s1", actor=ANN, at=10)
CREATED = WebhookCreated(tenant="acme", webhook_id="w1", **BODY, secret_id="s1", actor=ANN, at=10)
UPDATE = UpdateWebhook(**BODY, secret_id="s1", retire_at=100, actor=BOB, at=20)
DISABLED = WebhookDisabled(reason="gone", actor=BOB, at=30)


def test_a_webhook_is_registered_once() -> None:
    given(DECIDER).when(CREATE).then(CREATED).when(CREATE).then_nothing()


def test_another_webhook_with_the_same_id_is_refused() -> None:
    other = replace(CREATE, url="https://other.example/")

    given(DECIDER, CREATED).when(other).then_refused("conflict", reason="already_exists", id="w1")


def test_an_update_that_changes_nothing_is_not_recorded() -> None:
    given(DECIDER, CREATED).when(UPDATE).then_nothing()


def test_a_new_secret_signs_beside_the_one_before_it_for_a_while() -> None:
    rotated = SecretRotated(secret_id="s2", retired_id="s1", retire_at=100, actor=BOB, at=20)
    state = given(DECIDER, CREATED).when(replace(UPDATE, secret_id="s2")).then(rotated).state

    assert state.secret_ids_at(99) == ("s2", "s1")
    assert state.secret_ids_at(100) == ("s2",)


def test_a_disabled_receiver_gets_nothing_until_it_is_active_again() -> None:
    gone = DisableWebhook(reason="gone", actor=BOB, at=30)
    disabled = given(DECIDER, CREATED).when(gone).then(DISABLED)
    disabled.when(gone).then_nothing()
    assert not disabled.state.wants("workflow.execution.completed")

    active = disabled.when(UPDATE).then(WebhookUpdated(**BODY, actor=BOB, at=20))

    assert active.state.wants("workflow.execution.completed")
    assert active.state.disabled is None


def test_a_deleted_webhook_stays_deleted() -> None:
    deleted = given(DECIDER, CREATED).when(DeleteWebhook(actor=ANN, at=40))
    after = deleted.then(WebhookDeleted(actor=ANN, at=40))

    after.when(DeleteWebhook(actor=ANN, at=50)).then_nothing()
    after.when(UPDATE).then_refused("not_found", subject="webhook_registration")
    assert not after.state.exists


@pytest.mark.parametrize("command", [UPDATE, DeleteWebhook(actor=ANN, at=1)])
def test_a_webhook_that_does_not_exist_cannot_be_changed(command: object) -> None:
    given(DECIDER).when(command).then_refused("not_found", subject="webhook_registration")


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"url": ""}, "url"),
        ({"url": "https://" + "x" * 2_048}, "url"),
        ({"url": "https://shop.example/\n"}, "url"),
        ({"events": ()}, "events"),
        ({"events": ("task.execution.failed",) * 2}, "events"),
    ],
)
def test_each_fault_of_a_webhook_is_named(changed: dict[str, Any], place: str) -> None:
    refusal = given(DECIDER).when(replace(CREATE, **changed)).then_refused("validation_error")

    assert isinstance(refusal, Invalid)
    assert [fault.place for fault in refusal.faults] == [place]


STEP: dict[str, Any] = {"step_id": "a", "visit": 1, "attempt": 1, "at": 1}
BROKEN = Error(code="BROKEN", message="it broke")


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (RunStarted(at=1), "workflow.execution.started"),
        (RunCompleted(at=1), "workflow.execution.completed"),
        (RunFailed(at=1, error=BROKEN), "workflow.execution.failed"),
        (RunCancelled(actor=ANN, at=1), "workflow.execution.cancelled"),
        (RunReopened(actor=ANN, steps=("a",), at=1), None),
        (StepStarted(**STEP, function="f", deadline_at=2), "task.execution.started"),
        (StepStarted(**STEP, function="f", deadline_at=2, cause="retry"), None),
        (StepSucceeded(**STEP), "task.execution.completed"),
        (StepFailed(**STEP, error=BROKEN), "task.execution.failed"),
        (StepFailed(**STEP, error=BROKEN, final=False), None),
        (StepTimedOut(**STEP, timeout_ms=1), "task.execution.failed"),
        (StepTimedOut(**STEP, timeout_ms=1, final=False), None),
        (StepUndecided(step_id="a", visit=1, at=1, error=BROKEN), "task.execution.failed"),
        (RetryScheduled(**STEP, due_at=2), "task.execution.retrying"),
    ],
)
def test_receivers_get_the_events_of_runs(event: object, expected: str | None) -> None:
    assert event_type(event) == expected
    assert expected is None or type(event) in NOTIFIED_EVENTS
