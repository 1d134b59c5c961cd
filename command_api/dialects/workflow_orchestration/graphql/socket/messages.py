"""The messages of graphql-transport-ws: reading those of clients, writing those of the server."""

from typing import Final

from baton.command_api.dialects.workflow_orchestration.graphql.socket.closings import (
    Closing,
    invalid,
)
from baton.domain.errors import Invalid
from baton.domain.json import JsonObject
from baton.protocols import strict_json

MAX_ID: Final = 255


class ProtocolError(Exception):
    """The client sent a message that the protocol doesn't allow; `closing` is the close code."""

    def __init__(self, closing: Closing) -> None:
        super().__init__(closing.reason)
        self.closing = closing


def read_message(text: str) -> JsonObject:
    """Return a message as an object with a `type`; raises ProtocolError."""
    try:
        message = strict_json.parse(text.encode())
    except (Invalid, UnicodeEncodeError):
        raise ProtocolError(invalid("Invalid message: it isn't JSON")) from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise ProtocolError(invalid("Invalid message: it has no type"))
    return message


def payload_of(message: JsonObject, *, required: bool = False) -> JsonObject:
    """Return the payload of a message, {} for none; raises ProtocolError."""
    payload = message.get("payload")
    if payload is None and not required:
        return {}
    if not isinstance(payload, dict):
        raise ProtocolError(invalid("Invalid message: its payload must be an object"))
    return payload


def id_of(message: JsonObject) -> str:
    """Return the id of an operation; raises ProtocolError."""
    ident = message.get("id")
    if not isinstance(ident, str) or not 1 <= len(ident) <= MAX_ID:
        raise ProtocolError(invalid(f"Invalid message: id must have 1 to {MAX_ID} characters"))
    return ident
