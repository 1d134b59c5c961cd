"""Encodes events and view documents as JSON with orjson, and decodes them with pydantic.

Decoding checks each field against its type and coerces nothing. An event is stored with its topic,
`<aggregate>.<class>`, such as "run.StepStarted". The classes are the members of the `Event` union
of each `baton.domain.<aggregate>.messages`. A record that holds artifacts lists them first
(`artifact_places`).
"""

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.util import find_spec
from types import MappingProxyType
from typing import TypeVar, cast, get_args

import orjson
from pydantic_core import SchemaValidator, ValidationError

from baton import domain
from baton.eventlog.errors import Unreadable, Unwritable
from baton.eventlog.events.artifact_places import (
    ARTIFACTS,
    ARTIFACTS_FIRST,
    put_artifacts,
    take_artifacts,
)
from baton.eventlog.events.envelope import Event, Recorded
from baton.eventlog.events.tagged_unions import validator_of
from baton.eventlog.events.upcasts import UPCASTS, Upcasts, present_topic, upcast

D = TypeVar("D")

_validators: dict[type, SchemaValidator] = {}  # built when a class is first decoded


def encode(event: Event) -> bytes:
    """Return the stored form of an event.

    Raises `Unwritable` for a value without a JSON form, such as a number beyond 64 bits.
    """
    try:
        return orjson.dumps(event)
    except orjson.JSONEncodeError as error:
        return _encode_with_artifacts(event, error)


def decode(topic: str, data: bytes, *, upcasts: Upcasts = UPCASTS) -> Event:
    """Return the event stored under `topic`.

    Raises `Unreadable` if the topic is unknown or the data isn't an event of that topic.
    """
    if topic in upcasts:
        topic, raw = upcast(topic, _parsed(topic, data), upcasts)
        data = orjson.dumps(raw)
    cls = event_classes().get(topic)
    if cls is None:
        raise Unreadable(f"{topic} isn't an event type of this release")
    return cast(Event, decode_document(cls, data))


def topic_of(event: Event) -> str:
    """Return the topic of an event's class; raises KeyError for any other class."""
    return _topics()[type(event)]


def topics_of(classes_of_events: Iterable[type]) -> list[str]:
    """Return the sorted topics of event classes; raises KeyError as `topic_of` does."""
    return sorted(_topics()[cls] for cls in classes_of_events)


def stored_topics_of(
    classes_of_events: Iterable[type], *, upcasts: Upcasts = UPCASTS
) -> frozenset[str]:
    """Return the topics of event classes, including topics that earlier releases used for them."""
    topics = set(topics_of(classes_of_events))
    former = {old for old in upcasts if present_topic(old, upcasts) in topics}
    return frozenset(topics | former)


def decode_recorded(position: int, stream: str, version: int, topic: str, state: bytes) -> Recorded:
    """Return a stored event decoded; raises `Unreadable`, with its stream and position."""
    try:
        return Recorded(position, stream, version, decode(topic, state))
    except Unreadable as error:
        raise Unreadable(f"{stream} version {version} (position {position}): {error}") from error


def encode_document(document: object) -> bytes:
    """Return the stored form of a view's document; raises `Unwritable` as `encode` does."""
    try:
        return orjson.dumps(document)
    except orjson.JSONEncodeError:
        pass  # a mapping with integer keys, such as a definition's versions, needs an option
    try:
        return orjson.dumps(document, option=orjson.OPT_NON_STR_KEYS)
    except orjson.JSONEncodeError as error:
        return _encode_with_artifacts(document, error)


def decode_document(cls: type[D], data: bytes) -> D:
    """Return the document of class `cls` that `encode_document` wrote; raises `Unreadable`."""
    if data.startswith(ARTIFACTS_FIRST):
        return _decode_with_artifacts(cls, data)
    validator = _validators.get(cls) or _validator(cls)
    try:
        return cast(D, validator.validate_json(data, strict=True))
    except ValidationError as error:
        if error.errors(include_url=False)[0]["type"] != "json_invalid":
            raise Unreadable(f"{cls.__name__}: {error}") from error
    try:  # pydantic's parser refuses depths that orjson writes
        return cast(D, validator.validate_python(_parsed(cls.__name__, data)))
    except ValidationError as error:
        raise Unreadable(f"{cls.__name__}: {error}") from error


@cache
def event_classes() -> Mapping[str, type]:
    """Return all event classes by their topics."""
    classes: dict[str, type] = {}
    for package in pkgutil.iter_modules(domain.__path__):
        name = f"{domain.__name__}.{package.name}.messages"
        if not package.ispkg or find_spec(name) is None:
            continue
        union = importlib.import_module(name).Event
        for cls in get_args(union) or (union,):
            classes[f"{package.name}.{cls.__name__}"] = cls
    return MappingProxyType(classes)


@cache
def _topics() -> Mapping[type, str]:
    return {cls: topic for topic, cls in event_classes().items()}


def _encode_with_artifacts(record: object, error: orjson.JSONEncodeError) -> bytes:
    """Return the stored form of a record with artifacts; raises `Unwritable` if it has none."""
    name = type(record).__name__
    places = take_artifacts(record)
    if places is None:
        raise Unwritable(f"{name}: {error}") from error
    try:
        return orjson.dumps(places)
    except orjson.JSONEncodeError as other:
        raise Unwritable(f"{name}: {other}") from other


def _decode_with_artifacts(cls: type[D], data: bytes) -> D:
    raw = _parsed(cls.__name__, data)
    places = raw.pop(ARTIFACTS)
    record = decode_document(cls, orjson.dumps(raw))
    try:
        put_artifacts(record, places)
    except (TypeError, KeyError, ValueError) as error:
        raise Unreadable(f"{cls.__name__}: an artifact has no place ({error!r})") from error
    return record


def _validator(cls: type) -> SchemaValidator:
    return _validators.setdefault(cls, validator_of(cls))


def _parsed(name: str, data: bytes) -> dict[str, object]:
    try:
        raw = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"{name}: {error}") from error
    if not isinstance(raw, dict):
        raise Unreadable(f"{name}: not an object")
    return raw
