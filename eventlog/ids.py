"""New ids: 20 characters of `[0-9a-v]` that sort by the second in which they were made."""

import os

from baton.domain.ids import id_text


def new_id(at_ms: int) -> str:
    """Return an unguessable id: the time in whole seconds (32 bits), then 64 random bits.

    Args:
        at_ms: The time now, in milliseconds since the epoch, UTC.
    """
    seconds = (at_ms // 1000) & 0xFFFFFFFF
    return id_text(seconds.to_bytes(4, "big") + os.urandom(8))
