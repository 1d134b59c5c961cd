"""Refusals in a dialect's member names and nouns, and the envelope `{error, message, details?}`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, Field
from pydantic.alias_generators import to_camel

from baton.command_api.http.refusal import STATUS, ErrorCode, Refusal
from baton.command_api.http.rejection_texts import NOUNS, text_of
from baton.command_api.http.strictness import DocumentMember
from baton.domain.errors import Detail, Fault, InConflict, Invalid, Subject
from baton.domain.json import JsonObject


class ErrorDetail(BaseModel):
    """One fault: the path of a member of the request, and the reason."""

    field: str
    message: str


class ErrorBody(BaseModel):
    """The body of every refusal."""

    error: ErrorCode
    message: str
    details: list[ErrorDetail] = Field(default_factory=list, description="Every fault of a body")


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorWords:
    """A dialect's words for the subjects and members that the domain's refusals name.

    Args:
        nouns: Nouns that differ from the neutral ones.
        statuses: Words for statuses that differ from the domain's.
        members: The path that replaces a member of the domain. Any other member is written in
            camel case, and a `DocumentMember` as it is.
    """

    nouns: Mapping[Subject, str] = field(default_factory=dict)
    statuses: Mapping[Detail, str] = field(default_factory=dict)
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def field_of(self, fault: Fault) -> str:
        """Return the fault's path in the dialect's document: `steps[0].onSuccess.nextStepId`."""
        return Fault(tuple(self._member_names(fault)), fault.message).place

    def details_of(self, refusal: Refusal) -> list[JsonObject]:
        """Return every fault as `{field, message}`."""
        return [
            {"field": self.field_of(fault), "message": fault.message} for fault in refusal.faults
        ]

    def message_of(self, refusal: Refusal) -> str:
        """Return the refusal's message with the dialect's nouns and statuses."""
        rejected = refusal.rejected
        if rejected is None:
            return refusal.message
        if isinstance(rejected, Invalid) and rejected.subject is not None:
            return "Invalid request body"
        if isinstance(rejected, InConflict):
            rejected = self._with_own_status(rejected)
        return text_of(rejected, {**NOUNS, **self.nouns})

    def render(self, refusal: Refusal) -> tuple[int, JsonObject]:
        """Return status and body of a refusal: an `ErrorBody`."""
        body: JsonObject = {"error": refusal.code, "message": self.message_of(refusal)}
        if refusal.faults:
            body["details"] = self.details_of(refusal)
        return STATUS[refusal.code], body

    def _with_own_status(self, conflict: InConflict) -> InConflict:
        details = {name: value for name, value in conflict.details.items() if name != "reason"}
        if details.get("status") in self.statuses:
            details["status"] = self.statuses[details["status"]]
        return InConflict(conflict.reason, **details)

    def _member_names(self, fault: Fault) -> Iterator[str | int]:
        for part in fault.path:
            if isinstance(part, int | DocumentMember):
                yield part
            elif part in self.members:
                yield from self.members[part]
            else:
                yield to_camel(part) if "_" in part else part
