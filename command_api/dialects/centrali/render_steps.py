"""Renders the core's graph as Centrali's list of steps.

In a graph joined by needs, a step gets a next pointer only if exactly one other step needs it. A
synchronization point is rendered as a delay of 0 ms. The default timeout is left out, as in the
reference's examples.
"""

from typing import assert_never

from baton.command_api.dialect.rendering import render_condition
from baton.domain.definition.graph import (
    DEFAULT_TIMEOUT_MS,
    Case,
    Compute,
    Decision,
    Delay,
    Graph,
    Step,
    Sync,
)
from baton.domain.json import JsonObject


def render_steps(graph: Graph) -> list[JsonObject]:
    """Return the steps in the definition's order, without members that have no value."""
    return [_step(step, graph) for step in graph.steps]


def _step(step: Step, graph: Graph) -> JsonObject:
    shown: JsonObject = {"id": step.id}
    if step.name is not None:
        shown["name"] = step.name
    match step:
        case Compute():
            shown |= {"type": "compute", "functionId": step.function, **_settings(step)}
        case Decision():
            shown |= {"type": "decision", "cases": [_case(case) for case in step.cases]}
            if step.default_next is not None:
                shown["defaultNextStepId"] = step.default_next
            return shown
        case Delay():
            shown |= {"type": "delay", "delayMs": step.delay_ms}
        case Sync():
            shown |= {"type": "delay", "delayMs": 0}
        case _:
            assert_never(step)
    following = step.next or _only_dependent(step, graph)
    if following is not None:
        shown["nextStepId"] = following
    return shown


def _settings(step: Compute) -> JsonObject:
    shown: JsonObject = {}
    if step.config is not None:
        shown["config"] = step.config
    if step.timeout_ms != DEFAULT_TIMEOUT_MS:
        shown["timeoutMs"] = step.timeout_ms
    if step.retry is not None:
        shown["retry"] = {
            "maxAttempts": step.retry.max_attempts,
            "backoffMs": step.retry.backoff_ms,
        }
    if step.on_success_next is not None:
        shown["onSuccess"] = {"nextStepId": step.on_success_next}
    if step.on_failure is not None:
        shown["onFailure"] = {"action": step.on_failure}
    return shown


def _case(case: Case) -> JsonObject:
    return {
        "conditions": [render_condition(condition) for condition in case.conditions],
        "nextStepId": case.next,
    }


def _only_dependent(step: Step, graph: Graph) -> str | None:
    dependents = graph.dependents.get(step.id, ())
    return dependents[0] if len(dependents) == 1 else None
