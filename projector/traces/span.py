"""A finished span as plain values; an exporter makes its technology's spans of them."""

from collections.abc import Mapping
from dataclasses import field
from typing import Literal, TypeAlias

from baton.domain.frozen import frozen

Attributes: TypeAlias = Mapping[str, str | int | bool]
SpanKind: TypeAlias = Literal["server", "consumer", "internal", "client"]


@frozen
class SpanEvent:
    """A moment within a span; `at` is in milliseconds since the epoch, UTC."""

    name: str
    at: int
    attributes: Attributes = field(default_factory=dict)


@frozen
class SpanLink:
    """A span of another trace that caused this one; ids are hexadecimal digits."""

    trace_id: str
    span_id: str


@frozen
class Span:
    """A finished span; ids are hexadecimal digits, times milliseconds since the epoch, UTC.

    `parent_id` is None at the root of a trace, and `remote_parent` is whether a caller of Baton
    exports the parent. `error` is a code: a message could hold data of users.
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
