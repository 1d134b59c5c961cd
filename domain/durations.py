"""Durations as text: a whole number with a unit (`250ms`, `30s`, `5m`, `1h`, `2d`), or the ms."""

import re
from typing import Final

_UNITS_MS: Final = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
"""The length of each unit, the longest first."""
_DURATION: Final = re.compile(r"([0-9]{1,15})(ms|s|m|h|d)", re.ASCII)
EXAMPLES: Final = "250ms, 30s, 5m, 1h or 2d"


def parse_duration(value: object) -> int | None:
    """Return the milliseconds of a duration, None if `value` isn't a duration."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if value >= 0 else None
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    return None if match is None else int(match[1]) * _UNITS_MS[match[2]]


def render_duration(duration_ms: int) -> str:
    """Return a duration in the longest unit that gives a whole number."""
    if not duration_ms:
        return "0s"
    unit = next(unit for unit, length in _UNITS_MS.items() if duration_ms % length == 0)
    return f"{duration_ms // _UNITS_MS[unit]}{unit}"
