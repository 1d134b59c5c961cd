"""The differences between two documents of a definition, with the steps compared by their ids."""

from collections.abc import Mapping
from typing import Any, Final

from baton.domain.json import JsonObject, same_json

_MISSING: Final = object()


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> JsonObject:
    """Return the members and steps that differ, with the members of `DefinitionDiff`."""
    old = {step["id"]: step for step in before["steps"]}
    new = {step["id"]: step for step in after["steps"]}
    members = _changes(_without_steps(before), _without_steps(after))
    changed = [
        {"id": ident, "changes": changes}
        for ident in old
        if ident in new and (changes := _changes(old[ident], new[ident]))
    ]
    added = [ident for ident in new if ident not in old]
    removed = [ident for ident in old if ident not in new]
    kept = [ident for ident in old if ident in new]
    reordered = kept != [ident for ident in new if ident in old]
    steps = {"added": added, "removed": removed, "changed": changed, "reordered": reordered}
    return {
        "same": not (members or changed or added or removed or reordered),
        "changes": members,
        "steps": steps,
    }


def _without_steps(document: Mapping[str, Any]) -> JsonObject:
    return {name: value for name, value in document.items() if name != "steps"}


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[JsonObject]:
    changes: list[JsonObject] = []
    for name in dict.fromkeys((*before, *after)):
        old, new = before.get(name, _MISSING), after.get(name, _MISSING)
        if old is _MISSING or new is _MISSING or not same_json(old, new):
            sides = {"before": old, "after": new}
            shown = {side: value for side, value in sides.items() if value is not _MISSING}
            changes.append({"member": name, **shown})
    return changes
