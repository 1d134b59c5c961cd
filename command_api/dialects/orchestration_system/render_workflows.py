"""Renders definitions as workflows."""

from collections.abc import Mapping
from typing import Final

from baton.command_api.dialects.orchestration_system.render_tasks import render_tasks
from baton.command_api.dialects.orchestration_system.requests import STATUSES
from baton.domain.definition.messages import Status
from baton.domain.definition.state import State
from baton.domain.json import JsonObject
from baton.protocols.iso_time import format_time

_WORDS: Final[Mapping[Status, str]] = {status: word for word, status in STATUSES.items()}


def workflow_in_list(definition: State) -> JsonObject:
    """Return a workflow without its tasks."""
    return {**_head(definition), **_state(definition)}


def workflow(definition: State, statuses: Mapping[str, str]) -> JsonObject:
    """Return a whole workflow; `statuses` are those of its tasks, by step id."""
    tasks = {"tasks": render_tasks(definition.body.graph, statuses)}
    return {**_head(definition), **tasks, **_state(definition)}


def _head(definition: State) -> JsonObject:
    body = definition.body
    return {
        "id": definition.definition_id,
        "name": body.name,
        "description": body.description or "",
    }


def _state(definition: State) -> JsonObject:
    return {
        "status": _WORDS[definition.body.status],
        "createdAt": format_time(definition.created_at),
        "updatedAt": format_time(definition.updated_at),
    }
