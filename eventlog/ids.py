"""New ids: xids (github.com/rs/xid), which sort by the second they were made in."""

import os
from itertools import count

from baton.domain.ids import xid_text

_MAKER = os.urandom(5)  # stands for the machine and process of an xid
_COUNTER = count(int.from_bytes(os.urandom(3), "big"))


def new_id(at_ms: int) -> str:
    """Return an id that no other process makes: time, a random maker and a counter."""
    seconds = (at_ms // 1000) & 0xFFFFFFFF
    number = next(_COUNTER) & 0xFFFFFF
    return xid_text(seconds.to_bytes(4, "big") + _MAKER + number.to_bytes(3, "big"))
