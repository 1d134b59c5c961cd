"""Counters of traces for /metrics."""

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """Counts since the process started; no decision depends on them."""

    exported: int = 0
    failures: int = 0
