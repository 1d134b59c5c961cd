"""Counters of the scheduler for /metrics."""

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """Counts since the process started; no decision depends on them."""

    records_received: int = 0
    records_known_before: int = 0
    messages_given_up: int = 0
    records_considered: int = 0
    runs_requested: int = 0
    triggers_skipped: int = 0
    starts_deferred: int = 0
    ticks_fired: int = 0
    ticks_missed: int = 0
    ticks_skipped: int = 0
    timers_fired: int = 0
