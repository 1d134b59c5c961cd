"""The definitions that run under fault, as Centrali documents, and their steps' dependencies."""

from tests.dialects.centrali_documents import Document, compute, orchestration
from tests.faults.checkers import Needs

THREE_STEPS = orchestration(
    "three-steps",
    compute("a", "work", nextStepId="b"),
    compute("b", "work", nextStepId="c"),
    compute("c", "work"),
)
THREE_STEPS_NEEDS: Needs = {"a": (), "b": ("a",), "c": ("b",)}

WITHOUT_FILES = orchestration(
    "without-files",
    compute("a", "pause", nextStepId="b"),
    compute("b", "pause", nextStepId="c"),
    compute("c", "pause"),
)

OF_EVERY_KIND = orchestration(
    "of-every-kind",
    compute("first", "work", nextStepId="pause"),
    {"id": "pause", "type": "delay", "delayMs": 120, "nextStepId": "try"},
    compute("try", "flaky", nextStepId="choose", retry={"maxAttempts": 3, "backoffMs": 40}),
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
    compute("last", "work"),
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

ON_EVENT = orchestration(
    "on-event",
    compute("a", "brief", nextStepId="b"),
    compute("b", "brief"),
    trigger={"type": "event-driven", "eventType": "record.created", "structureSlug": "orders"},
)
TICKING = orchestration(
    "ticking",
    compute("a", "brief"),
    trigger={"type": "scheduled", "scheduleType": "interval", "interval": INTERVAL_MS},
)
TWO_STEPS_NEEDS: Needs = {"a": (), "b": ("a",)}
ONE_STEP_NEEDS: Needs = {"a": ()}


def with_long_timeouts(definition: Document) -> Document:
    """Return the definition with step timeouts that are longer than any fault."""
    steps = [
        {**step, "timeoutMs": LONG_TIMEOUT_MS} if step["type"] == "compute" else step
        for step in definition["steps"]
    ]
    return {**definition, "steps": steps}
