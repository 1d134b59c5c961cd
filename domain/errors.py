"""Refusals of commands: facts with a stable code and details, independent of any dialect.

The HTTP edge gives each refusal its text and its HTTP status.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Code: TypeAlias = Literal["validation_error", "not_found", "conflict", "stale_attempt", "forbidden"]
Subject: TypeAlias = Literal[
    "definition",
    "run",
    "schedule",
    "record_event",
    "step",
    "webhook",
    "webhook_registration",
    "delivery",
    "api_key",
    "user",
    "verification",
    "bulk",
]
Detail: TypeAlias = str | int
ConflictReason: TypeAlias = Literal[
    "already_exists",
    "name_taken",
    "definition_inactive",
    "version_disabled",
    "version_exists",
    "run_ended",
    "run_not_paused",
    "run_unfinished",
    "nothing_to_retry",
    "already_delivered",
    "bulk_ended",
    "bulk_unfinished",
    "bulk_without_failures",
    "server_held",
    "contention",
]
"""The reasons why a command doesn't fit the state of its subject.

The details are `subject` and `id` for `already_exists`; `kind` ("slug", "path" or "user") and
`name` for `name_taken`; `slug` and `status` for `definition_inactive`; `slug` and `version` (the
label) for `version_disabled` and `version_exists`; `status` for reasons about the status of a run
or a bulk. `server_held` means that nothing may start until the server is released. `contention`
means that other writers won every retry of an append.
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a document; `path` is made of member names and array indexes."""

    path: tuple[str | int, ...]
    message: str

    @property
    def place(self) -> str:
        """The path as text: `steps[0].retry.max_attempts`."""
        text = ""
        for part in self.path:
            text += f"[{part}]" if isinstance(part, int) else f".{part}"
        return text.removeprefix(".")


class Rejected(Exception):
    """A rule refused the command, and nothing was recorded. The text is for logs only."""

    code: Code = "conflict"

    def __init__(self, text: str, **details: Detail) -> None:
        super().__init__(text)
        self.details: Mapping[str, Detail] = details
        self.faults: tuple[Fault, ...] = ()


class Invalid(Rejected):
    """A document breaks rules; `faults` names each place.

    `message` says what is wrong with the document as a whole, independent of any dialect. `subject`
    names what the document describes, if it describes an object of the domain.
    """

    code: Code = "validation_error"

    def __init__(
        self, message: str, *, faults: Sequence[Fault] = (), subject: Subject | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.faults = tuple(faults)
        self.subject = subject


class Forbidden(Rejected):
    """The command is about the `subject` of another tenant."""

    code: Code = "forbidden"

    def __init__(self, subject: Subject) -> None:
        super().__init__(f"the {subject} belongs to another tenant", subject=subject)
        self.subject = subject


class NotFound(Rejected):
    """The tenant has no `subject` with this id; the id is empty where the stream names it."""

    code: Code = "not_found"

    def __init__(self, subject: Subject, ident: str = "") -> None:
        super().__init__(f"{subject} {ident!r} not found", subject=subject, id=ident)
        self.subject = subject
        self.ident = ident


class InConflict(Rejected):
    """The command doesn't fit the state of its subject, for this `reason`."""

    code: Code = "conflict"

    def __init__(self, reason: ConflictReason, **details: Detail) -> None:
        super().__init__(" ".join([reason, *(f"{name}={details[name]!r}" for name in details)]))
        self.details = {"reason": reason, **details}
        self.reason = reason


class StaleAttempt(Rejected):
    """The report is from an attempt that doesn't hold its step, or no longer does."""

    code: Code = "stale_attempt"

    def __init__(self, step_id: str, attempt: int) -> None:
        super().__init__(
            f"attempt {attempt} no longer holds step {step_id!r}", step_id=step_id, attempt=attempt
        )
        self.step_id = step_id
        self.attempt = attempt
