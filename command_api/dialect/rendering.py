"""JSON members of responses: times, objects, and the omission of members without a value."""

from collections.abc import Mapping

from baton.command_api.dialect.bodies import WITHOUT_VALUE
from baton.domain.definition.graph import Condition
from baton.domain.json import Json, JsonObject
from baton.protocols.iso_time import format_time


def without_none(members: Mapping[str, object]) -> JsonObject:
    """Return `members` in their order, without None values."""
    return {name: value for name, value in members.items() if value is not None}


def as_object(value: Json) -> JsonObject:
    """Return an object unchanged, and any other value as `{"value": …}`."""
    return value if isinstance(value, dict) else {"value": value}


def optional_time(at: int | None) -> str | None:
    """Return an instant (ms since the epoch) as ISO-8601 text, None if there is none."""
    return None if at is None else format_time(at)


def render_condition(condition: Condition) -> JsonObject:
    """Return the condition without the members that its operator doesn't use."""
    shown: JsonObject = {"path": condition.path, "op": condition.op}
    if condition.value_path is not None:
        shown["valuePath"] = condition.value_path
    elif condition.op not in WITHOUT_VALUE:
        shown["value"] = condition.value
    return shown
