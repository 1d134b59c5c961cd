"""Random commands of any aggregate, generated from the types of their fields.

Texts and numbers are drawn from a few values, so that commands refer to the same things. Graphs,
bodies and definitions, whose parts must fit together, are drawn from examples.
"""

from collections.abc import Mapping
from dataclasses import is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, ClassVar, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from baton.domain.artifact import Artifact
from baton.domain.definition.graph import Case, Condition, Decision, Delay, Graph, Retry, Sync
from baton.domain.definition.messages import Body
from baton.domain.definition.state import State as Definition
from baton.domain.definition.trigger import EventTrigger, WebhookTrigger
from baton.domain.run.trigger import Branch, CopiedStep
from tests.kit.definitions import body, compute, dag, definition, sequence

PAID = (Condition(path="input.paid", op="eq", value=True),)
GRAPHS: tuple[Graph, ...] = (
    sequence(
        compute("a", retry=Retry(max_attempts=2, backoff_ms=3), next="b"),
        Decision(id="b", cases=(Case(conditions=PAID, next="c"),), default_next="a"),
        Delay(id="c", delay_ms=5),
        loop_limit=7,
    ),
)
"""The only graph, because a run keeps the graph that it started with.

Its step ids are texts that `KNOWN` draws.
"""
BODIES: tuple[Body, ...] = (
    body(GRAPHS[0]),
    body(dag(compute("a"), Sync(id="b", needs=("a",))), name="Other"),
    body(trigger=EventTrigger(event_type="record.created"), status="paused"),
    body(trigger=WebhookTrigger(path="shop"), status="draft"),
    body(sequence(compute("a", next="nowhere"))),
)
DEFINITIONS: tuple[Definition, ...] = (
    definition(GRAPHS[0]),
    definition(GRAPHS[0], "paused"),
    Definition(),
)
BRANCHES: tuple[Branch, ...] = (
    Branch(source="r", source_version=1, position=1),
    Branch(
        source="r",
        source_version=9,
        position=20,
        copied=(CopiedStep(step_id="a", visit=1, kind="compute", output=1, size=1),),
        entry="b",
    ),
)
"""Branches that fit `GRAPHS`."""
JSON = st.sampled_from((None, True, 1, "a", {"paid": True}, [1, {"a": None}]))
KNOWN: dict[Any, st.SearchStrategy[Any]] = {
    Graph: st.sampled_from(GRAPHS),
    Body: st.sampled_from(BODIES),
    Definition: st.sampled_from(DEFINITIONS),
    str: st.sampled_from(("a", "b", "c", "* * * * *", "UTC")),
    int: st.integers(1, 3) | st.integers(0, 400_000),
    float: st.floats(0, 1),
    bool: st.booleans(),
    NoneType: st.none(),
    object: JSON,
    Branch: st.sampled_from(BRANCHES),
    Artifact: st.sampled_from((Artifact("a" * 64, 20), Artifact("b" * 64, 30))),
}


def commands(union: object) -> st.SearchStrategy[Any]:
    """Return random commands of `union`, such as `baton.domain.run.messages.Command`."""
    return values_of(union)


@cache
def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Return random values of a field's type; raises TypeError for an unknown type."""
    if hint in KNOWN:
        return KNOWN[hint]
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return st.one_of(*map(values_of, args))
    if origin is Literal:
        return st.sampled_from(args)
    if origin in (dict, Mapping):
        return st.dictionaries(values_of(args[0]), values_of(args[1]), max_size=2)
    if origin is tuple and args[1:] == (Ellipsis,):
        return st.lists(values_of(args[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*map(values_of, args))
    if isinstance(hint, type) and (is_dataclass(hint) or hasattr(hint, "_fields")):
        hints = get_type_hints(hint)
        members = {name: its for name, its in hints.items() if get_origin(its) is not ClassVar}
        return st.builds(hint, **{name: values_of(its) for name, its in members.items()})
    message = f"no random values are known for {hint}"
    raise TypeError(message)
