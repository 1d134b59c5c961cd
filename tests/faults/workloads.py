"""The definitions that run under fault, as Centrali documents, and their steps' dependencies."""

from typing import Any

from tests.faults.checkers import Needs


def _compute(step: str, following: str | None, **more: Any) -> dict[str, Any]:
    named = {} if following is None else {"nextStepId": following}
    return {"id": step, "type": "compute", "functionId": "work", **named, **more}


def _brief(step: str) -> dict[str, Any]:
    return _compute(step, None, functionId="brief")


def _orchestration(slug: str, *steps: dict[str, Any]) -> dict[str, Any]:
    return {"slug": slug, "name": slug, "trigger": {"type": "on-demand"}, "steps": list(steps)}


THREE_STEPS = _orchestration(
    "three-steps", _compute("a", "b"), _compute("b", "c"), _compute("c", None)
)
THREE_STEPS_NEEDS: Needs = {"a": (), "b": ("a",), "c": ("b",)}

WITHOUT_FILES = _orchestration(
    "without-files",
    *(_compute(step, following, functionId="pause") for step, following in ("ab", "bc")),
    _compute("c", None, functionId="pause"),
)

OF_EVERY_KIND = _orchestration(
    "of-every-kind",
    _compute("first", "pause"),
    {"id": "pause", "type": "delay", "delayMs": 120, "nextStepId": "try"},
    _compute("try", "choose", functionId="flaky", retry={"maxAttempts": 3, "backoffMs": 40}),
    {
        "id": "choose",
        "type": "decision",
        "cases": [
            {
                "conditions": [{"path": "steps.first.output.attempt", "op": "exists"}],
                "nextStepId": "last",
            }
        ],
    },
    _compute("last", None),
)
OF_EVERY_KIND_NEEDS: Needs = {
    "first": (),
    "pause": ("first",),
    "try": ("pause",),
    "choose": ("try",),
    "last": ("choose",),
}

INTERVAL_MS = 2_000
LONG_TIMEOUT_MS = 600_000
"""A step timeout that is longer than any fault."""

ON_EVENT = {
    **_orchestration("on-event", _compute("a", "b", functionId="brief"), _brief("b")),
    "trigger": {"type": "event-driven", "eventType": "record.created", "structureSlug": "orders"},
}
TICKING = {
    **_orchestration("ticking", _brief("a")),
    "trigger": {"type": "scheduled", "scheduleType": "interval", "interval": INTERVAL_MS},
}
TWO_STEPS_NEEDS: Needs = {"a": (), "b": ("a",)}
ONE_STEP_NEEDS: Needs = {"a": ()}


def with_long_timeouts(orchestration: dict[str, Any]) -> dict[str, Any]:
    """Return the definition with step timeouts that are longer than any fault."""
    steps = [
        {**step, "timeoutMs": LONG_TIMEOUT_MS} if step["type"] == "compute" else step
        for step in orchestration["steps"]
    ]
    return {**orchestration, "steps": steps}
