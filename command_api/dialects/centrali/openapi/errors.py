"""Error responses of the Centrali OpenAPI dialect: `{error, message, field?}`, one fault only."""

from baton.command_api.dialects.centrali.error_words import WORDS
from baton.command_api.http.refusal import STATUS, Refusal
from baton.domain.json import JsonObject


def render_error(refusal: Refusal) -> tuple[int, JsonObject]:
    """Return status and body of a refusal; `field` and `message` are those of the first fault."""
    body: JsonObject = {"error": refusal.code, "message": WORDS.message_of(refusal)}
    if not refusal.faults:
        return STATUS[refusal.code], body
    first = refusal.faults[0]
    field = WORDS.field_of(first)
    if field:
        body["field"] = field
    if first.message != refusal.message:
        body["message"] = f"{field}: {first.message}" if field else first.message
    return STATUS[refusal.code], body
