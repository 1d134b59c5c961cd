"""Refusals: facts a rule states about a command, with a stable code and no HTTP status."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Code = Literal[
    "validation_error",
    "not_found",
    "conflict",
    "stale_attempt",
    "forbidden",
    "unauthorized",
    "unavailable",
]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a document; `path` is made of member names and array indexes."""

    path: tuple[str | int, ...]
    message: str

    @property
    def place(self) -> str:
        """The path as text: `steps[0].retry.maxAttempts`."""
        text = ""
        for part in self.path:
            text += f"[{part}]" if isinstance(part, int) else f".{part}"
        return text.removeprefix(".")


class Rejected(Exception):
    """A rule refused the command; nothing was recorded."""

    code: Code = "conflict"

    def __init__(self, message: str, *, faults: Sequence[Fault] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.faults = tuple(faults)


class Invalid(Rejected):
    """The document breaks rules; `faults` names each place."""

    code: Code = "validation_error"


class Forbidden(Rejected):
    """It belongs to another tenant."""

    code: Code = "forbidden"


class NotFound(Rejected):
    """There is no such thing for this tenant."""

    code: Code = "not_found"


class InConflict(Rejected):
    """The thing is in a state that does not allow this."""

    code: Code = "conflict"


class StaleAttempt(Rejected):
    """The report is of an attempt that no longer holds the step."""

    code: Code = "stale_attempt"
