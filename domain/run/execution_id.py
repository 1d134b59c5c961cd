"""The execution id: the text that identifies one attempt of one step in messages, views and logs.

Its form is `run.step.visit.attempt`. Without the attempt it is the idempotency key, which is the
same for all attempts of a visit.
"""

from typing import NamedTuple

_MAX_DIGITS = 9


def idempotency_key(run_id: str, step_id: str, visit: int) -> str:
    """Return the key that all attempts of one visit of a step share."""
    return f"{run_id}.{step_id}.{visit}"


def execution_id(run_id: str, step_id: str, visit: int, attempt: int) -> str:
    """Return the id of one attempt."""
    return f"{run_id}.{step_id}.{visit}.{attempt}"


class Execution(NamedTuple):
    """The parts of an execution id."""

    run_id: str
    step_id: str
    visit: int
    attempt: int


def parse_execution_id(text: str) -> Execution | None:
    """Return the parts of an execution id; None for any other text.

    A step id may contain dots; a run id never does.
    """
    run_id, _, rest = text.partition(".")
    step_and_visit, _, attempt = rest.rpartition(".")
    step_id, _, visit = step_and_visit.rpartition(".")
    if not (run_id and step_id and _is_number(visit) and _is_number(attempt)):
        return None
    return Execution(run_id, step_id, int(visit), int(attempt))


def _is_number(text: str) -> bool:
    canonical = text == "0" or not text.startswith("0")
    return canonical and text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS
