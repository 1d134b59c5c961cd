"""Finished spans as plain values, which exporters convert to spans of their libraries."""

from collections.abc import Mapping
from dataclasses import field
from typing import Literal, TypeAlias

from baton.domain.frozen import frozen

Attributes: TypeAlias = Mapping[str, str | int | bool]
SpanKind: TypeAlias = Literal["server", "consumer", "internal", "client"]


@frozen
class SpanEvent:
    """An event within a span; `at` is in milliseconds since the epoch, UTC."""

    name: str
    at: int
    attributes: Attributes = field(default_factory=dict)


@frozen
class SpanLink:
    """A link to the span that caused this one, in another trace; ids are hexadecimal."""

    trace_id: str
    span_id: str


@frozen
class Span:
    """A finished span; ids are hexadecimal, times are in milliseconds since the epoch, UTC.

    `parent_id` is None for the root of a trace. `remote_parent` is whether a caller of Baton
    exports the parent. `error` is a code, because a message could contain user data.
    """

    name: str
    trace_id: str
    span_id: str
    start: int
    end: int
    parent_id: str | None = None
    remote_parent: bool = False
    kind: SpanKind = "internal"
    error: str | None = None
    attributes: Attributes = field(default_factory=dict)
    events: tuple[SpanEvent, ...] = ()
    links: tuple[SpanLink, ...] = ()
