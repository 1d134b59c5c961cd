"""Refusals of the Centrali reference dialect: `{error, message, details?}`, every fault named."""

from command_api.centrali.fault_paths import details_of, message_of
from command_api.refusal import STATUS, Refusal
from domain.json import JsonObject


def render_error(refusal: Refusal) -> tuple[int, JsonObject]:
    """Return status and body of a refusal."""
    body: JsonObject = {"error": refusal.code, "message": message_of(refusal)}
    if refusal.faults:
        body["details"] = details_of(refusal)
    return STATUS[refusal.code], body
