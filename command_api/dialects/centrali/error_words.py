"""Centrali's member names and nouns, with which it renders refusals of the domain."""

from typing import Final

from baton.command_api.dialect.error_words import ErrorWords

WORDS: Final = ErrorWords(
    nouns={"definition": "orchestration"},
    members={
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
    },
)
