"""The traced run: the attributes, the kind and the links of its spans."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from baton.domain.run.messages.run_events import RunRequested
from baton.domain.run.trigger import ByRecord, ByRerun, TriggerKind
from baton.projector.traces.span import Attributes, SpanKind, SpanLink
from baton.protocols.trace_context import RunContext, run_span_id, span_named_by

_KINDS: Final[Mapping[TriggerKind, SpanKind]] = {
    "manual": "server",
    "rerun": "server",
    "webhook": "server",
    "record": "consumer",
    "schedule": "internal",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The request of a run, the trace context of its spans, and facts about its definition.

    `flat` is whether the run may wait for long. `source` is the context of a rerun's source run.
    `http_functions` are the names of all functions that are called over HTTP.
    """

    requested: RunRequested
    context: RunContext
    slug: str
    flat: bool
    source: RunContext | None = None
    http_functions: frozenset[str] = frozenset()

    @property
    def kind(self) -> SpanKind:
        """The kind of the root span, which depends on the trigger."""
        return _KINDS[self.requested.trigger.kind]

    @property
    def links(self) -> tuple[SpanLink, ...]:
        """The links of the root: to a rerun's source, and to a caller that isn't its parent."""
        found = []
        if self.source is not None:
            found.append(SpanLink(trace_id=self.source.trace_id, span_id=self.source.root_id))
        if (linked := span_named_by(self.requested.linked_traceparent)) is not None:
            found.append(SpanLink(trace_id=linked[0], span_id=linked[1]))
        return tuple(found)

    def run_span_id(self, reopened: int) -> str:
        """Return the id of the span of the run: the root span, unless it is flat or reopened.

        Args:
            reopened: How often the run has been reopened.
        """
        if reopened or self.flat:
            return run_span_id(self.requested.run_id, reopened)
        return self.context.root_id

    def attributes(self) -> Attributes:
        """Return the attributes of every span of the run."""
        return {
            "baton.tenant": self.requested.tenant,
            "baton.definition.slug": self.slug,
            "baton.definition.version": self.requested.version,
            "baton.run.id": self.requested.run_id,
        }

    def run_attributes(self) -> Attributes:
        """Return the attributes of the root span and of the spans of the run."""
        trigger = self.requested.trigger
        found = {**self.attributes(), "baton.run.trigger": trigger.kind}
        if self.requested.correlation_id is not None:
            found["baton.correlation_id"] = self.requested.correlation_id
        if isinstance(trigger, ByRecord):
            found["cloudevents.event_id"] = trigger.event_id
            found["cloudevents.event_type"] = trigger.event_type
            found["cloudevents.event_source"] = self.requested.actor.subject
        if isinstance(trigger, ByRerun):
            found["baton.run.source"] = trigger.run_id
        return found
