"""The differences between two documents of a definition, with the steps compared by their ids."""

from collections.abc import Mapping
from typing import Any, Final

from baton.domain.json import JsonObject, same_json

_MISSING: Final = object()


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> JsonObject:
    """Return the members and steps that differ, with the members of `DefinitionDiff`."""
    one = {step["id"]: step for step in before["steps"]}
    other = {step["id"]: step for step in after["steps"]}
    members = _changes(_without_steps(before), _without_steps(after))
    changed = [
        {"id": ident, "changes": changes}
        for ident in one
        if ident in other and (changes := _changes(one[ident], other[ident]))
    ]
    added = [ident for ident in other if ident not in one]
    removed = [ident for ident in one if ident not in other]
    kept = [ident for ident in one if ident in other]
    reordered = kept != [ident for ident in other if ident in one]
    steps = {"added": added, "removed": removed, "changed": changed, "reordered": reordered}
    return {
        "same": not (members or changed or added or removed or reordered),
        "changes": members,
        "steps": steps,
    }


def _without_steps(document: Mapping[str, Any]) -> JsonObject:
    return {name: value for name, value in document.items() if name != "steps"}


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[JsonObject]:
    found: list[JsonObject] = []
    for name in dict.fromkeys((*before, *after)):
        one, other = before.get(name, _MISSING), after.get(name, _MISSING)
        if one is _MISSING or other is _MISSING or not same_json(one, other):
            sides = {"before": one, "after": other}
            shown = {side: value for side, value in sides.items() if value is not _MISSING}
            found.append({"member": name, **shown})
    return found
