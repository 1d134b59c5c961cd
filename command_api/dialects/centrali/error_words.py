"""Renders refusals of the domain with Centrali's member names and nouns."""

from collections.abc import Iterator, Mapping

from pydantic.alias_generators import to_camel

from baton.command_api.http.refusal import Refusal
from baton.command_api.http.rejection_texts import NOUNS, text_of
from baton.command_api.http.strictness import DocumentMember
from baton.domain.errors import Fault, Invalid, Subject
from baton.domain.json import JsonObject

_RENAMED: dict[str, tuple[str, ...]] = {
    "at": ("scheduledAt",),
    "default_next": ("defaultNextStepId",),
    "every_ms": ("interval",),
    "expression": ("cronExpression",),
    "function": ("functionId",),
    "kind": ("type",),
    "next": ("nextStepId",),
    "on_failure": ("onFailure", "action"),
    "on_success_next": ("onSuccess", "nextStepId"),
    "signature_header": ("signatureHeaderName",),
    "structure": ("structureSlug",),
}


_NOUNS: Mapping[Subject, str] = {**NOUNS, "definition": "orchestration"}


def field_of(fault: Fault) -> str:
    """Return the fault's path in Centrali's document: `steps[0].onSuccess.nextStepId`."""
    return Fault(tuple(_member_names(fault)), fault.message).place


def _member_names(fault: Fault) -> Iterator[str | int]:
    for part in fault.path:
        if isinstance(part, int | DocumentMember):
            yield part
        elif part in _RENAMED:
            yield from _RENAMED[part]
        else:
            yield to_camel(part) if "_" in part else part


def details_of(refusal: Refusal) -> list[JsonObject]:
    """Return every fault as `{field, message}`."""
    return [{"field": field_of(fault), "message": fault.message} for fault in refusal.faults]


def message_of(refusal: Refusal) -> str:
    """Return the refusal's message with Centrali's word for a definition."""
    rejected = refusal.rejected
    if rejected is None:
        return refusal.message
    if isinstance(rejected, Invalid) and rejected.subject == "definition":
        return "Invalid request body"
    return text_of(rejected, _NOUNS)
