"""The reasons for which a stream ends, with their codes."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The reason why a stream ended.

    Attributes:
        reason: Its name in metrics.
        close_code: The close code of a WebSocket (RFC 6455, 7.4), which a line of NDJSON repeats.
        word: The code word of the error.
        message: A sentence for the client; it has at most 100 bytes, so that a close frame holds it
            with a position.
    """

    reason: str
    close_code: int
    word: Literal["unavailable", "unauthorized", "validation_error", "internal_error"]
    message: str


TOO_SLOW = Ending(
    reason="slow_reader",
    close_code=1013,
    word="unavailable",
    message="The reader is too slow; read faster or filter more",
)
GOING_AWAY = Ending(
    reason="going_away",
    close_code=1001,
    word="unavailable",
    message="The server stops; resume at another one",
)
NOT_AUTHORIZED = Ending(
    reason="unauthorized",
    close_code=4401,
    word="unauthorized",
    message="The token or key isn't valid any more",
)
UNEXPECTED_MESSAGE = Ending(
    reason="unexpected_message",
    close_code=1003,
    word="validation_error",
    message="This stream takes no messages",
)
UNAVAILABLE = Ending(
    reason="unavailable",
    close_code=1013,
    word="unavailable",
    message="The store can't be read now; resume later",
)
FAILED = Ending(
    reason="failed",
    close_code=1011,
    word="internal_error",
    message="The stream failed; the server's log has the reason",
)
LEFT = Ending(
    reason="left",
    close_code=1000,
    word="unavailable",
    message="The client left",
)
"""The client closed the stream; nothing can be sent any more."""
