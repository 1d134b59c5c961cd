"""Builds definitions as documents that both of Centrali's dialects accept."""

from typing import Any

Document = dict[str, Any]

FUNCTION = "func_abc123"
"""A function's id as in Centrali's reference; the scenarios' functions include it."""


def compute(step_id: str = "only", function: str = FUNCTION, **members: Any) -> Document:
    """Return a compute step; `members` replace its members or add further ones."""
    return {"id": step_id, "type": "compute", "functionId": function, **members}


def delay(step_id: str = "wait", ms: int = 3_600_000) -> Document:
    """Return a delay step."""
    return {"id": step_id, "type": "delay", "delayMs": ms}


def orchestration(slug: str, *steps: Document, **members: Any) -> Document:
    """Return an orchestration that is started manually, of one compute step if none is given."""
    return {
        "slug": slug,
        "name": slug.title(),
        "trigger": {"type": "on-demand"},
        "steps": list(steps) or [compute()],
        **members,
    }
