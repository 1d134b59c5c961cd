"""Error responses: `{code, message, trace_id, details?}`; `trace_id` also finds the log line."""

from typing import Final

from pydantic import BaseModel, Field

from baton.command_api.dialect.error_words import ErrorDetail, ErrorWords
from baton.command_api.http.refusal import STATUS, ErrorCode, Refusal
from baton.domain.errors import Fault, InConflict
from baton.domain.json import JsonObject


class _DagWords(ErrorWords):
    """The dialect's words: needs of a step are edges of its DAG."""

    def field_of(self, fault: Fault) -> str:
        """Return the fault's path in the dialect's document."""
        return super().field_of(
            Fault(("edges",), fault.message) if "needs" in fault.path else fault
        )


WORDS: Final = _DagWords(
    nouns={"definition": "DAG"},
    members={
        "annotations": ("metadata",),
        "config": ("with",),
        "function": ("uses",),
        "label": ("version",),
        "multiplier": ("backoffMultiplier",),
        "name": ("dagId",),
        "page_size": ("page_size",),
        "page_token": ("page_token",),
        "slug": ("dagId",),
    },
)


class ErrorBody(BaseModel):
    """The body of every refusal."""

    code: ErrorCode
    message: str
    trace_id: str = Field(description="Of the request's `traceparent`, else a new one")
    details: list[ErrorDetail] = Field(default_factory=list, description="Every fault of a request")


def render_error(refusal: Refusal) -> tuple[int, JsonObject]:
    """Return status and body of a refusal."""
    message = WORDS.message_of(refusal)
    rejected = refusal.rejected
    if isinstance(rejected, InConflict) and rejected.reason == "definition_inactive":
        message = f"DAG '{rejected.details['slug']}' has no active version"
    body: JsonObject = {"code": refusal.code, "message": message, "trace_id": refusal.trace_id}
    if refusal.faults:
        body["details"] = WORDS.details_of(refusal)
    return STATUS[refusal.code], body
