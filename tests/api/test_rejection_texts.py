"""The texts of the domain's rejections, in Baton's terms and in those of a dialect."""

from typing import get_args

import pytest

from baton.command_api.dialects.centrali.error_words import WORDS
from baton.command_api.http.refusal import refusal_of
from baton.command_api.http.rejection_texts import NOUNS, text_of
from baton.domain.errors import (
    ConflictReason,
    Fault,
    Forbidden,
    InConflict,
    Invalid,
    NotFound,
    Rejected,
    StaleAttempt,
    Subject,
)

TEXTS = {
    NotFound("definition", "d1"): "Definition not found",
    NotFound("run"): "Run not found",
    NotFound("schedule"): "Schedule not found",
    NotFound("record_event"): "Record event not found",
    NotFound("step", "check"): "Step 'check' not found",
    NotFound("webhook"): "There is no webhook here",
    NotFound("webhook_registration"): "Webhook not found",
    NotFound("delivery"): "Delivery not found",
    NotFound("api_key"): "API key not found",
    NotFound("user"): "User not found",
    NotFound("verification"): "Verification not found",
    NotFound("bulk"): "Bulk not found",
    Forbidden("record_event"): "The record event belongs to another tenant",
    StaleAttempt("check", 2): "Attempt 2 no longer holds step 'check'",
    Invalid("The definition is not valid"): "The definition is not valid",
    InConflict("already_exists", subject="definition", id="d1"): "Definition 'd1' already exists",
    InConflict("already_exists", subject="schedule", id=""): "The schedule already exists",
    InConflict("name_taken", kind="slug", name="orders"): (
        "Definition with slug 'orders' already exists"
    ),
    InConflict("name_taken", kind="path", name="shop/stripe"): (
        "Definition with webhook path 'shop/stripe' already exists"
    ),
    InConflict("name_taken", kind="user", name="ann"): "User 'ann' already exists",
    InConflict("definition_inactive", slug="orders", status="paused"): (
        "Definition 'orders' is paused: it starts no run"
    ),
    InConflict("version_disabled", slug="orders", version="1.0"): (
        "Version 1.0 of definition 'orders' is disabled"
    ),
    InConflict("version_exists", slug="orders", version="1.0"): (
        "Version 1.0 of definition 'orders' has other content"
    ),
    InConflict("run_ended", status="completed"): "The run has already completed",
    InConflict("run_not_paused", status="running"): "The run is not paused: it is running",
    InConflict("run_unfinished", status="running"): "The run has not ended: it is running",
    InConflict("nothing_to_retry"): "The run has no failed step to retry",
    InConflict("already_delivered"): "The delivery has already reached its receiver",
    InConflict("bulk_ended", status="completed"): "The bulk has already completed",
    InConflict("bulk_unfinished", status="running"): "The bulk has not ended",
    InConflict("bulk_without_failures"): "No run of the bulk has failed",
    InConflict("server_held"): "The server is held: nothing starts until it is released",
    InConflict("contention"): "Other requests keep changing this; try again",
}


@pytest.mark.parametrize(("rejected", "text"), TEXTS.items(), ids=str)
def test_each_refusal_has_a_neutral_text(rejected: Rejected, text: str) -> None:
    assert text_of(rejected) == text


def test_every_subject_and_every_reason_has_a_text() -> None:
    subjects = {one.subject for one in TEXTS if isinstance(one, NotFound)}
    reasons = {one.reason for one in TEXTS if isinstance(one, InConflict)}

    assert subjects == set(get_args(Subject)) == set(NOUNS)
    assert reasons == set(get_args(ConflictReason))


@pytest.mark.parametrize(
    ("rejected", "text"),
    [
        (NotFound("definition", "d1"), "Orchestration not found"),
        (NotFound("run"), "Run not found"),
        (
            InConflict("name_taken", kind="slug", name="orders"),
            "Orchestration with slug 'orders' already exists",
        ),
        (
            InConflict("definition_inactive", slug="orders", status="paused"),
            "Orchestration 'orders' is paused: it starts no run",
        ),
        (
            Invalid("The definition is not valid", subject="definition", faults=[Fault((), "x")]),
            "Invalid request body",
        ),
    ],
    ids=str,
)
def test_centrali_calls_a_definition_an_orchestration(rejected: Rejected, text: str) -> None:
    assert WORDS.message_of(refusal_of(rejected)) == text
