"""Renders versions of definitions, whichever dialect made them, as DAGs in their normal form.

Defaults are left out, and edges come in the order of the steps that they lead to. A step that calls
no function uses a reserved name, `baton.delay`, `baton.decision` or `baton.sync`. What a decision
leads to depends on the decision: each of its choices is an edge. Steps that follow one another have
an edge each, which may form a loop.
"""

from typing import Final, assert_never

from baton.command_api.dialect.rendering import render_condition
from baton.domain.definition.graph import (
    DEFAULT_TIMEOUT_MS,
    Case,
    Compute,
    Decision,
    Delay,
    Retry,
    Step,
    Sync,
)
from baton.domain.definition.state import State
from baton.domain.json import JsonObject
from baton.domain.run.flow import edges_of
from baton.protocols.canonical_json import canonical, digest
from baton.protocols.iso_time import format_time

RESERVED: Final = "baton."
"""The beginning of names that no published step may use."""


def render_dag(definition: State, version: int) -> JsonObject:
    """Return a version as its DAG, with its hash and its signature."""
    publication = definition.publications[version]
    document = _document(definition, version)
    if publication.signature is not None:
        document["signature"] = publication.signature
    return {
        **document,
        "active": is_active(definition, version),
        "definitionHash": definition_hash(definition, version),
        "publishedUtc": format_time(publication.at),
        "publishedBy": publication.by,
    }


def definition_hash(definition: State, version: int) -> str:
    """Return the SHA-256 of the canonical JSON of `{dagId, version, steps, edges, metadata?}`."""
    return digest(canonical(_document(definition, version)))


def is_active(definition: State, version: int) -> bool:
    """Return whether a run of the version can be started now."""
    return version not in definition.disabled and definition.body.status != "paused"


def _document(definition: State, version: int) -> JsonObject:
    body = definition.versions[version]
    shown: JsonObject = {
        "dagId": definition.slug,
        "version": definition.publications[version].label,
        "steps": [render_step(step) for step in body.graph.steps],
        "edges": [{"from": source, "to": target} for source, target in edges_of(body.graph)],
    }
    if body.annotations is not None:
        shown["metadata"] = body.annotations
    return shown


def render_step(step: Step) -> JsonObject:
    """Return a step without the members that have their default."""
    conditions = [render_condition(condition) for condition in step.when]
    return {**_shown(step), "when": conditions} if conditions else _shown(step)


def _shown(step: Step) -> JsonObject:
    match step:
        case Compute():
            return {"id": step.id, "uses": step.function, **_settings(step)}
        case Decision():
            choices: JsonObject = {"cases": [_case(case) for case in step.cases]}
            if step.default_next is not None:
                choices["default"] = step.default_next
            return {"id": step.id, "uses": f"{RESERVED}decision", "with": choices}
        case Delay():
            settings = {"delayMs": step.delay_ms}
            return {"id": step.id, "uses": f"{RESERVED}delay", "with": settings}
        case Sync():
            return {"id": step.id, "uses": f"{RESERVED}sync"}
    assert_never(step)


def _settings(step: Compute) -> JsonObject:
    shown: JsonObject = {}
    if step.config is not None:
        shown["with"] = step.config
    if step.timeout_ms != DEFAULT_TIMEOUT_MS:
        shown["timeoutMs"] = step.timeout_ms
    if step.retry is not None:
        shown["retry"] = _retry(step.retry)
    return shown


def _retry(retry: Retry) -> JsonObject:
    shown: JsonObject = {"maxAttempts": retry.max_attempts, "backoffMs": retry.backoff_ms}
    if retry.multiplier != Retry().multiplier:
        shown["backoffMultiplier"] = retry.multiplier
    return shown


def _case(case: Case) -> JsonObject:
    return {
        "when": [render_condition(condition) for condition in case.conditions],
        "next": case.next,
    }
