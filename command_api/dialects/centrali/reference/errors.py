"""Error responses of the Centrali reference dialect: `{error, message, details?}`, all faults."""

from baton.command_api.dialects.centrali.error_words import details_of, message_of
from baton.command_api.http.refusal import STATUS, Refusal
from baton.domain.json import JsonObject


def render_error(refusal: Refusal) -> tuple[int, JsonObject]:
    """Return status and body of a refusal."""
    body: JsonObject = {"error": refusal.code, "message": message_of(refusal)}
    if refusal.faults:
        body["details"] = details_of(refusal)
    return STATUS[refusal.code], body
