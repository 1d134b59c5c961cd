"""Faults of a single step, apart from its edges to other steps."""

import re
from collections.abc import Container, Iterator
from typing import Final, assert_never

from baton.domain.definition.condition_faults import Path, faults_of_conditions
from baton.domain.definition.graph import (
    Compute,
    Decision,
    Delay,
    Retry,
    Step,
    Sync,
)
from baton.domain.errors import Fault
from baton.domain.text import NOT_PLAIN, is_plain

STEP_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
MAX_TEXT = 200
"""The number of characters that the name of a step, or of a function, may have."""
MAX_DURATION_MS = 10 * 365 * 24 * 3_600_000
"""The longest timeout, delay or backoff: ten years. A longer one is probably in the wrong unit."""
MAX_ATTEMPTS = 10_000
"""The number of attempts that a retry policy may allow."""
MAX_MULTIPLIER = 100
"""The largest multiplier of a backoff."""


def faults_of_step(step: Step, path: Path, step_ids: Container[str]) -> Iterator[Fault]:
    """Yield the faults of the `step` at `path`; `step_ids` are those of the whole definition."""
    if not STEP_ID.fullmatch(step.id):
        yield Fault((*path, "id"), "must be 1 to 64 characters of A-Z, a-z, 0-9, _ and -")
    yield from _faults_of_name(step.name or "", (*path, "name"))
    yield from faults_of_conditions(step.when, (*path, "when"), step_ids)
    match step:
        case Compute():
            yield from _faults_of_compute(step, path)
        case Decision():
            yield from _faults_of_decision(step, path, step_ids)
        case Delay():
            yield from _duration((*path, "delay_ms"), step.delay_ms, least=0)
        case Sync():
            if step.timeout_ms is not None:
                yield from _duration((*path, "timeout_ms"), step.timeout_ms, least=1)
        case _:
            assert_never(step)


def _faults_of_name(name: str, path: Path) -> Iterator[Fault]:
    if not is_plain(name):
        yield Fault(path, NOT_PLAIN)
    if len(name) > MAX_TEXT:
        yield Fault(path, f"must have at most {MAX_TEXT} characters")


def _faults_of_compute(step: Compute, path: Path) -> Iterator[Fault]:
    if not is_plain(step.function):
        yield Fault((*path, "function"), NOT_PLAIN)
    if not 0 < len(step.function) <= MAX_TEXT:
        yield Fault((*path, "function"), f"must have 1 to {MAX_TEXT} characters")
    yield from _duration((*path, "timeout_ms"), step.timeout_ms, least=1)
    if step.retry is not None:
        yield from _faults_of_retry(step.retry, (*path, "retry"))


def _faults_of_retry(retry: Retry, path: Path) -> Iterator[Fault]:
    if not 1 <= retry.max_attempts <= MAX_ATTEMPTS:
        yield Fault((*path, "max_attempts"), f"must be between 1 and {MAX_ATTEMPTS}")
    yield from _duration((*path, "backoff_ms"), retry.backoff_ms, least=0)
    if not 1 <= retry.multiplier <= MAX_MULTIPLIER:
        yield Fault((*path, "multiplier"), f"must be between 1 and {MAX_MULTIPLIER}")


def _faults_of_decision(step: Decision, path: Path, step_ids: Container[str]) -> Iterator[Fault]:
    if not step.cases and step.default_next is None:
        yield Fault((*path, "cases"), "must have a case if there is no default")
    for index, case in enumerate(step.cases):
        at = (*path, "cases", index, "conditions")
        yield from faults_of_conditions(case.conditions, at, step_ids)


def _duration(path: Path, duration_ms: int, *, least: int) -> Iterator[Fault]:
    if not least <= duration_ms <= MAX_DURATION_MS:
        yield Fault(path, f"must be between {least} and {MAX_DURATION_MS} milliseconds")
