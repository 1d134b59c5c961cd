"""The texts of the domain's refusals, in neutral words that a dialect can replace."""

from collections.abc import Mapping
from typing import Final, assert_never, cast

from baton.domain.errors import (
    ConflictReason,
    Detail,
    Forbidden,
    InConflict,
    Invalid,
    NotFound,
    Rejected,
    StaleAttempt,
    Subject,
)

NOUNS: Final[Mapping[Subject, str]] = {
    "definition": "definition",
    "run": "run",
    "schedule": "schedule",
    "record_event": "record event",
    "step": "step",
    "webhook": "webhook",
    "webhook_registration": "webhook",
    "delivery": "delivery",
    "api_key": "API key",
    "user": "user",
    "verification": "verification",
    "bulk": "bulk",
}
"""The neutral noun for each subject of a refusal."""

_SENTENCES: Final[Mapping[ConflictReason, str]] = {
    "nothing_to_retry": "The {run} has no failed {step} to retry",
    "already_delivered": "The {delivery} has already reached its receiver",
    "bulk_ended": "The {bulk} has already completed",
    "bulk_unfinished": "The {bulk} has not ended",
    "bulk_without_failures": "No {run} of the {bulk} has failed",
    "server_held": "The server is held: nothing starts until it is released",
    "contention": "Other requests keep changing this; try again",
}
"""The texts of conflicts without details, with the nouns of their subjects."""

_CLAIMS: Final[Mapping[str, str]] = {"slug": "slug", "path": "webhook path"}


def text_of(rejected: Rejected, nouns: Mapping[Subject, str] = NOUNS) -> str:
    """Return one sentence, without a full stop, that says why the command was refused.

    Args:
        rejected: The refusal.
        nouns: The caller's noun for each subject, in lower case.
    """
    match rejected:
        case Invalid():
            return rejected.message
        case NotFound():
            return _not_found(rejected, nouns)
        case Forbidden():
            return f"The {nouns[rejected.subject]} belongs to another tenant"
        case StaleAttempt():
            return f"Attempt {rejected.attempt} no longer holds step '{rejected.step_id}'"
        case InConflict():
            return _in_conflict(rejected, nouns)
        case _:
            return str(rejected)


def _not_found(rejected: NotFound, nouns: Mapping[Subject, str]) -> str:
    noun = nouns[rejected.subject]
    match rejected.subject:
        case "webhook":
            return f"There is no {noun} here"
        case "step":
            return f"{noun.capitalize()} '{rejected.ident}' not found"
        case _:
            return f"{_capitalized(noun)} not found"


def _in_conflict(rejected: InConflict, nouns: Mapping[Subject, str]) -> str:
    details, definition = rejected.details, nouns["definition"].capitalize()
    match rejected.reason:
        case "already_exists":
            return _already_exists(details, nouns)
        case "name_taken":
            named = f"{_holder_of(str(details['kind']), nouns)} '{details['name']}'"
            return f"{_capitalized(named)} already exists"
        case "definition_inactive":
            named = f"{definition} '{details['slug']}'"
            return f"{named} is {details['status']}: it starts no {nouns['run']}"
        case "version_disabled" | "version_exists":
            state = "is disabled" if rejected.reason == "version_disabled" else "has other content"
            noun = nouns["definition"]
            return f"Version {details['version']} of {noun} '{details['slug']}' {state}"
        case "run_ended" | "run_not_paused" | "run_unfinished":
            return f"The {nouns['run']} {_status_of_run(rejected.reason, details['status'])}"
        case (
            "nothing_to_retry"
            | "already_delivered"
            | "bulk_ended"
            | "bulk_unfinished"
            | "bulk_without_failures"
            | "server_held"
            | "contention"
        ):
            words = {str(subject): noun for subject, noun in nouns.items()}
            return _SENTENCES[rejected.reason].format_map(words)
    assert_never(rejected.reason)


def _status_of_run(reason: ConflictReason, status: Detail) -> str:
    """Return the verb phrase that says why a run's status doesn't fit."""
    if reason == "run_not_paused":
        return f"is not paused: it is {status}"
    if reason == "run_unfinished":
        return f"has not ended: it is {status}"
    return f"has already {'been ' if status == 'cancelled' else ''}{status}"


def _holder_of(claim: str, nouns: Mapping[Subject, str]) -> str:
    """Return the noun of the thing that claims names of this kind."""
    if claim == "user":
        return nouns["user"]
    return f"{nouns['definition']} with {_CLAIMS.get(claim, claim)}"


def _already_exists(details: Mapping[str, Detail], nouns: Mapping[Subject, str]) -> str:
    noun = nouns[cast("Subject", details["subject"])]
    if not details["id"]:
        return f"The {noun} already exists"
    return f"{_capitalized(noun)} '{details['id']}' already exists"


def _capitalized(noun: str) -> str:
    """Return a noun with a capital at the beginning, and its other capitals kept."""
    return noun[:1].upper() + noun[1:]
