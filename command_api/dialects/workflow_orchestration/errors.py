"""Refusals as problem details (RFC 9457), with a stable `code` and every fault in `errors`."""

from http import HTTPStatus
from typing import Final

from pydantic import BaseModel, Field

from baton.command_api.dialect.error_words import ErrorDetail, ErrorWords
from baton.command_api.http.refusal import STATUS, ErrorCode, Refusal
from baton.domain.json import JsonObject

MEDIA_TYPE: Final = "application/problem+json"
WORDS: Final = ErrorWords(
    nouns={"definition": "workflow", "run": "execution", "step": "task"},
    members={
        "steps": ("tasks",),
        "needs": ("dependencies",),
        "retry": ("retryPolicy",),
        "timeout_ms": ("timeout",),
        "multiplier": ("backoffMultiplier",),
    },
)


class Problem(BaseModel):
    """The body of every refusal."""

    type: str = Field(default="about:blank", description="`title` says what the status means")
    title: str
    status: int
    detail: str
    code: ErrorCode
    errors: list[ErrorDetail] = Field(default_factory=list, description="Every fault of a request")


def render_error(refusal: Refusal) -> tuple[int, JsonObject]:
    """Return status and body of a refusal: a `Problem`."""
    status = STATUS[refusal.code]
    body: JsonObject = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": WORDS.message_of(refusal),
        "code": refusal.code,
    }
    if refusal.faults:
        body["errors"] = WORDS.details_of(refusal)
    return status, body
