"""The reasons for which a socket is closed, with the codes of graphql-transport-ws."""

from dataclasses import dataclass
from typing import Final

_MAX_REASON: Final = 120
"""Bytes of a reason: a close frame holds 123."""


@dataclass(frozen=True, slots=True)
class Closing:
    """A close code, and a sentence for the client."""

    code: int
    reason: str


LEFT: Final = Closing(1000, "The client left")
"""The client closed the socket; nothing can be sent any more."""
GOING_AWAY: Final = Closing(1001, "The server stops; connect to another one")
FAILED: Final = Closing(1011, "The server failed; its log has the reason")
TOO_SLOW: Final = Closing(1013, "The reader is too slow")
UNAVAILABLE: Final = Closing(1013, "The token can't be checked now; try again later")
UNAUTHORIZED: Final = Closing(4401, "Unauthorized")
FORBIDDEN: Final = Closing(4403, "Forbidden")
OTHER_PROTOCOL: Final = Closing(4406, "Subprotocol not acceptable: use graphql-transport-ws")
NO_INIT: Final = Closing(4408, "Connection initialisation timeout")
TOO_MANY_INITS: Final = Closing(4429, "Too many initialisation requests")


def invalid(reason: str) -> Closing:
    """Return the closing for a message that the protocol doesn't know."""
    return Closing(4400, reason.encode()[:_MAX_REASON].decode(errors="ignore"))


def subscriber_exists(ident: str) -> Closing:
    """Return the closing for an operation whose id another one has."""
    text = f"Subscriber for {ident} already exists"
    return Closing(4409, text.encode()[:_MAX_REASON].decode(errors="ignore"))
