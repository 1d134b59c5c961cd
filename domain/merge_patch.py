"""Merge patches of JSON documents (RFC 7396)."""

from baton.domain.json import Json


def merge_patch(target: Json, patch: Json) -> Json:
    """Return `target` with the members of `patch`; null removes a member (RFC 7396, 2)."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged
