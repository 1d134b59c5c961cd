"""JSON patches: they turn one value into another, and equal values need none."""

from collections.abc import Sequence
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from baton.domain.json import Json, JsonObject, same_json
from baton.domain.json_patch import json_patch

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from(["", "a", "b/c", "~1"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["", "a", "b/c", "~1"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(VALUES, VALUES)
def test_a_patch_turns_one_value_into_another(before: Json, after: Json) -> None:
    patch = list(json_patch(before, after))

    assert same_json(applied(before, patch), after)
    assert (not patch) == same_json(before, after)


def test_operations_name_members_and_elements() -> None:
    before = {"a": [1, {"b": 1}, 3], "gone/": None, "same": {"deep": [1]}}
    after = {"a": [2, {"b": True}], "same": {"deep": [1]}, "new": {}}

    assert list(json_patch(before, after)) == [
        {"op": "remove", "path": "/gone~1"},
        {"op": "add", "path": "/new", "value": {}},
        {"op": "remove", "path": "/a/2"},
        {"op": "replace", "path": "/a/0", "value": 2},
        {"op": "replace", "path": "/a/1/b", "value": True},
    ]


def applied(document: Json, operations: Sequence[JsonObject]) -> Json:
    """Return `document` after the operations of a patch, as RFC 6902 says."""
    for operation in operations:
        path = str(operation["path"]).split("/")[1:]
        names = [one.replace("~1", "/").replace("~0", "~") for one in path]
        document = changed(document, names, operation)
    return document


def changed(value: Json, names: Sequence[str], operation: JsonObject) -> Json:
    if not names:
        return operation["value"]
    name, *rest = names
    ends = not rest and operation["op"] == "remove"
    if isinstance(value, dict):
        members = dict(cast("JsonObject", value))
        if ends:
            del members[name]
        else:
            members[name] = changed(members.get(name), rest, operation)
        return members
    elements = list(cast("Sequence[Json]", value))
    if ends:
        assert int(name) == len(elements) - 1
        elements.pop()
    elif name == "-":
        elements.append(operation["value"])
    else:
        elements[int(name)] = changed(elements[int(name)], rest, operation)
    return elements
