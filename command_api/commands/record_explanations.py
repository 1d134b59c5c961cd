"""Explains record events: the effect of an event on each definition, as of the event's position."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast

from baton.command_api.services import Services
from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.errors import NotFound
from baton.domain.ids import derived_id
from baton.domain.record.decisions import DECIDER as RECORD
from baton.domain.record.matching import Matched, NotMatched, match
from baton.domain.record.messages import RecordReceived
from baton.domain.stream import stream_name
from baton.eventlog.loops.load import load

MAX_EXPLAINED: Final = 500
"""The number of definitions that an explanation lists; each costs a read of its stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedDefinition:
    """A definition as of an event, and the event's effect on it.

    `run_id` is the run that the event started, `skipped` the recorded reason why it started none.
    `match` is the matcher's result.
    """

    definition_id: str
    slug: str
    match: Matched | NotMatched
    run_id: str | None = None
    skipped: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedRecord:
    """The explanation of a record event at `position`; `more` definitions aren't listed."""

    position: int
    definitions: Sequence[ExplainedDefinition]
    more: int


async def explain_record(services: Services, tenant: str, ident: str) -> ExplainedRecord:
    """Return the effect of a record event on every definition of a tenant; raises NotFound."""
    history = await services.store.read(stream_name(tenant, "record", ident))
    if not history:
        raise NotFound("record_event", ident)
    event = cast("RecordReceived", history[0].event)
    considered = RECORD.fold(stored.event for stored in history).considered
    fired = dict(considered.fired) if considered else {}
    skipped = dict(considered.skipped) if considered else {}
    explanations: list[ExplainedDefinition] = []
    more, position = 0, history[0].position
    async for shown in services.definitions.of_tenant(tenant):
        if len(explanations) == MAX_EXPLAINED:
            more += 1
            continue
        stream = stream_name(tenant, "definition", shown.definition_id)
        state = (await load(services.store, DEFINITION, stream, until=position)).state
        if state.version and not state.deleted:
            by = state.definition_id
            explained = ExplainedDefinition(
                definition_id=by,
                slug=state.slug,
                match=match(state.body, event.type, event.structure),
                run_id=fired.get(by) or await _run_of(services, tenant, by, ident),
                skipped=skipped.get(by),
            )
            explanations.append(explained)
    return ExplainedRecord(position=position, definitions=explanations, more=more)


async def _run_of(services: Services, tenant: str, definition_id: str, ident: str) -> str | None:
    """Return the run of a definition that the record event started, None if there is none.

    The event's stream names runs only where other definitions were skipped.
    """
    run_id = derived_id(definition_id, ident)
    return run_id if await services.runs.get(tenant, run_id) is not None else None
