"""The place up to which a client has read the logs of a run, as text.

Attempts are ordered by the sequence number of their record. All up to `base` were read to their
end, except the open ones, of which a number of lines was read: `120;17.3;25.0`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

MAX_OPEN: Final = 50
"""Attempts of one run that are read at the same time; further ones follow when one has ended."""
_CURSOR: Final = re.compile(rf"\d{{1,9}}(;\d{{1,9}}\.\d{{1,9}}){{0,{MAX_OPEN}}}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogCursor:
    """A place in the logs of a run; `open` maps sequence numbers to lines read."""

    base: int = 0
    open: Mapping[int, int] = field(default_factory=dict)

    def lines_read(self, seq: int) -> int | None:
        """Return the number of lines read of an attempt, None if it was read to its end."""
        return self.open.get(seq, 0 if seq > self.base else None)

    def __str__(self) -> str:
        return ";".join([str(self.base), *(f"{seq}.{read}" for seq, read in self.open.items())])


def parse_cursor(text: str) -> LogCursor | None:
    """Return the cursor that `text` names, None if it names none."""
    if _CURSOR.fullmatch(text) is None:
        return None
    base, *opened = text.split(";")
    pairs = (part.split(".") for part in opened)
    return LogCursor(base=int(base), open={int(seq): int(read) for seq, read in pairs})
