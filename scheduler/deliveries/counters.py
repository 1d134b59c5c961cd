"""Counters of deliveries for /metrics."""

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """Counts since the process started; no decision depends on them."""

    requested: int = 0
    delivered: int = 0
    failed: int = 0
    dead: int = 0
    disabled: int = 0
