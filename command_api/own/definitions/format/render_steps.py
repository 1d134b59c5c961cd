"""Renders a graph as a list of steps in Baton's own format.

Members that have their default are left out: `next` where the following step of the list is next.
A graph joined by needs shows the needs of every step, also where a step has none.
"""

from typing import assert_never

from baton.command_api.dialect.rendering import without_none
from baton.command_api.own.definitions.format.vocabulary import END
from baton.domain.definition.graph import (
    DEFAULT_TIMEOUT_MS,
    Case,
    Compute,
    Condition,
    Decision,
    Delay,
    Graph,
    Retry,
    Step,
    Sync,
)
from baton.domain.durations import render_duration
from baton.domain.json import JsonObject
from baton.domain.run.flow import successor


def render_steps(graph: Graph) -> list[JsonObject]:
    """Return the steps in the definition's order."""
    following = [*(step.id for step in graph.steps[1:]), None]
    return [
        {**_head(step), **_kind(step), **_when(step), **_edges(step, after, graph)}
        for step, after in zip(graph.steps, following, strict=True)
    ]


def render_condition(condition: Condition) -> JsonObject:
    """Return a condition without the members that its operator doesn't use."""
    shown: JsonObject = {"path": condition.path, "op": condition.op}
    if condition.value_path is not None:
        shown["value_path"] = condition.value_path
    elif condition.op not in ("exists", "notExists"):
        shown["value"] = condition.value
    return shown


def _head(step: Step) -> JsonObject:
    return without_none({"id": step.id, "name": step.name, "description": step.description})


def _kind(step: Step) -> JsonObject:
    match step:
        case Compute():
            return {"function": step.function, **_settings(step)}
        case Decision():
            return {"decide": [_case(case) for case in step.cases]}
        case Delay():
            return {"delay": render_duration(step.delay_ms)}
        case Sync():
            timeout = None if step.timeout_ms is None else render_duration(step.timeout_ms)
            return without_none({"join": list(step.needs), "timeout": timeout})
    assert_never(step)


def _when(step: Step) -> JsonObject:
    return {"when": [render_condition(condition) for condition in step.when]} if step.when else {}


def _settings(step: Compute) -> JsonObject:
    shown: JsonObject = {}
    if step.config is not None:
        shown["config"] = step.config
    if step.timeout_ms != DEFAULT_TIMEOUT_MS:
        shown["timeout"] = render_duration(step.timeout_ms)
    if step.retry is not None:
        shown["retry"] = _retry(step.retry)
    if step.on_failure is not None:
        shown["on_failure"] = step.on_failure
    return shown


def _retry(retry: Retry) -> JsonObject:
    default = Retry()
    shown: JsonObject = {"attempts": retry.max_attempts}
    if retry.backoff_ms != default.backoff_ms:
        shown["backoff"] = render_duration(retry.backoff_ms)
    if retry.multiplier != default.multiplier:
        shown["factor"] = retry.multiplier
    return shown


def _case(case: Case) -> JsonObject:
    return {
        "if": [render_condition(condition) for condition in case.conditions],
        "next": _target(case.next),
    }


def _edges(step: Step, following: str | None, graph: Graph) -> JsonObject:
    """Return the successor of a step, or the steps that it needs."""
    if graph.flow == "needs":
        joined = isinstance(step, Sync) and step.needs
        return {} if joined else {"needs": list(step.needs)}
    if isinstance(step, Decision):
        target = step.default_next
        return {} if target == following else {"else": _target(target)}
    target = successor(step, None)
    return {} if target == following else {"next": _target(target)}


def _target(step_id: str | None) -> str:
    return END if step_id is None else step_id
