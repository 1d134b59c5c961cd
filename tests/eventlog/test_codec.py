"""The codec: events and documents survive being stored, and topics stay the same."""

from dataclasses import dataclass, field

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.domain.definition.graph import Compute, Delay, Graph
from baton.domain.definition.messages import Body, DefinitionCreated
from baton.domain.definition.state import State, evolve
from baton.domain.definition.trigger import ManualTrigger
from baton.domain.run.messages.run_events import RunRequested
from baton.domain.run.messages.step_events import StepStarted, StepSucceeded
from baton.eventlog.errors import Unreadable, Unwritable
from baton.eventlog.events.codec import (
    decode,
    decode_document,
    encode,
    encode_document,
    event_classes,
    stored_topics_of,
    topic_of,
)
from baton.eventlog.events.upcasts import Upcast
from tests.kit.actors import ANN

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=20,
)
STARTED = StepStarted(
    step_id="charge", visit=1, attempt=1, at=5, function="noop", deadline_at=300_005
)


def succeeded(output: object) -> StepSucceeded:
    return StepSucceeded(step_id="charge", visit=1, attempt=1, at=5, output=output)


def created() -> DefinitionCreated:
    graph = Graph(steps=(Compute(id="a", function="noop", next="b"), Delay(id="b", delay_ms=5)))
    body = Body(name="Orders", trigger=ManualTrigger(), graph=graph)
    return DefinitionCreated(
        tenant="acme", definition_id="d1", slug="orders", body=body, actor=ANN, at=5
    )


@given(JSON)
def test_a_decoded_event_equals_the_encoded_one(output: object) -> None:
    event = succeeded(output)
    decoded = decode("run.StepSucceeded", encode(event))

    assert decoded == event
    assert encode(decoded) == encode(event)


def test_values_in_json_keep_their_types() -> None:
    decoded = decode("run.StepSucceeded", encode(succeeded([1, 1.0, True, "1", 2**63])))

    assert isinstance(decoded, StepSucceeded)
    assert isinstance(decoded.output, list)
    assert [type(value) for value in decoded.output] == [int, float, bool, str, int]


def test_indexes_of_a_graph_are_not_stored() -> None:
    event = created()
    before = encode(event)

    assert event.body.graph.by_id["b"].kind == "delay"
    assert event.body.graph.dependents == {}
    assert encode(event) == before
    assert list(orjson.loads(before)["body"]["graph"]) == ["steps", "flow", "loop_limit"]


def test_a_decoded_step_has_the_kind_it_had() -> None:
    assert decode("definition.DefinitionCreated", encode(created())) == created()


def test_a_document_with_integer_keys_survives_being_stored() -> None:
    state = evolve(State(), created())

    assert decode_document(State, encode_document(state)) == state
    assert encode_document(decode_document(State, encode_document(state))) == encode_document(state)


def test_a_topic_is_made_of_aggregate_and_class() -> None:
    assert topic_of(STARTED) == "run.StepStarted"
    assert event_classes()["run.RunRequested"] is RunRequested


def test_every_event_class_has_its_own_topic() -> None:
    assert all(cls.__name__ == topic.split(".")[1] for topic, cls in event_classes().items())
    assert len(set(event_classes().values())) == len(event_classes())


def test_json_of_the_greatest_depth_that_is_encoded_is_decoded_too() -> None:
    deep: object = []
    depth = 0
    while True:
        try:
            encode(succeeded([deep]))
        except Unwritable:
            break
        deep, depth = [deep], depth + 1

    assert depth > 200
    assert decode("run.StepSucceeded", encode(succeeded(deep))) == succeeded(deep)


@pytest.mark.parametrize("output", [2**64, "\ud800", {1: "one"}, object()])
def test_a_value_without_a_json_form_is_refused(output: object) -> None:
    with pytest.raises(Unwritable):
        encode(succeeded(output))


@pytest.mark.parametrize(
    ("topic", "data"),
    [
        ("run.StepStarted", encode(STARTED)[:-1]),
        ("run.StepStarted", encode(STARTED).replace(b'"visit":1', b'"visit":"1"')),
        ("run.StepStarted", encode(STARTED).replace(b'"visit":1,', b"")),
        ("run.StepStarted", b"[]"),
        ("run.StepStarted", b""),
        ("run.NothingSuch", b"{}"),
    ],
)
def test_a_damaged_or_unknown_event_is_refused_with_its_topic(topic: str, data: bytes) -> None:
    with pytest.raises(Unreadable, match=topic.split(".")[1]):
        decode(topic, data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    name: str
    tags: tuple[str, ...] = ()
    detail: dict[str, object] = field(default_factory=dict)


def test_a_field_with_a_default_can_be_added() -> None:
    assert decode_document(Document, b'{"name":"a"}') == Document(name="a")


def test_an_event_of_an_older_shape_is_changed_to_the_present_topic_and_fields() -> None:
    def split(raw: dict[str, object]) -> dict[str, object]:
        return {**raw, "visit": raw.get("visit", 1)}

    upcasts = {
        "run.StepBegan": Upcast(change=lambda raw: raw, topic="run.StepStarted"),
        "run.StepStarted": Upcast(change=split),
    }
    old = encode(STARTED).replace(b'"visit":1,', b"")

    assert decode("run.StepBegan", old, upcasts=upcasts) == STARTED
    assert decode("run.StepStarted", encode(STARTED), upcasts=upcasts) == STARTED
    assert stored_topics_of([StepStarted], upcasts=upcasts) == {"run.StepStarted", "run.StepBegan"}
