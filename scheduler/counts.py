"""What a scheduler did since it started, for /metrics."""

from dataclasses import dataclass


@dataclass(slots=True)
class Counts:
    """Added up where it happens; none of it decides anything."""

    records_considered: int = 0
    runs_requested: int = 0
    triggers_skipped: int = 0
    ticks_fired: int = 0
    ticks_missed: int = 0
    ticks_skipped: int = 0
    timers_fired: int = 0
