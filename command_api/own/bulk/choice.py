"""The runs that a request for a bulk chooses: by their ids, by a filter, or all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from baton.command_api.commands.bulks.choose_runs import choose_runs
from baton.command_api.dialect.rendering import without_none
from baton.command_api.http.refusal import Refused, refused_field
from baton.command_api.http.request_context import RequestContext
from baton.command_api.own.bulk.confirm import make_confirm, position_of
from baton.command_api.own.bulk.documents import BulkBody, FilterBody
from baton.command_api.own.runs.definition_filter import resolve_definition
from baton.domain.json import JsonObject
from baton.projector.views.runs.queries import RunFilter
from baton.protocols.iso_time import format_time, parse_rfc3339

_CHOOSE: Final = 'Choose runs by "ids" or by a "filter", or all runs by "all": true'
_STALE: Final = "The request differs from its preview, or the runs do: make a new preview"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The chosen runs as of a position; `filter` is None for runs that were named.

    `confirm` is that of a preview of this choice.
    """

    run_ids: Sequence[str]
    filter: JsonObject | None
    position: int
    confirm: str


async def choose(context: RequestContext, body: BulkBody, args: JsonObject) -> Choice:
    """Return the runs that the request chooses, as of its preview if it confirms one.

    Raises Refused 400 for a choice that isn't clear or lacks its `confirm`, and 409 for one that
    isn't that of its preview; `Unavailable`.
    """
    _require_one_choice(body)
    head = await context.services.store.head()
    position = head if body.confirm is None else position_of(body.confirm)
    if position > head:
        raise Refused("conflict", _STALE)
    chosen: JsonObject | None = None
    if body.ids is not None:
        run_ids: Sequence[str] = list(dict.fromkeys(body.ids))
    else:
        run_filter = await _wanted(context, body.filter or FilterBody())
        chosen = _shown(run_filter)
        _require_confirm(body)
        run_ids = await choose_runs(context.services, context.tenant, run_filter, position)
    about: JsonObject = {"action": body.action, "args": args, "filter": chosen, "ids": body.ids}
    confirm = make_confirm(context.tenant, about, position=position, count=len(run_ids))
    if body.confirm not in (None, confirm):
        raise Refused("conflict", _STALE)
    return Choice(run_ids=run_ids, filter=chosen, position=position, confirm=confirm)


def _require_one_choice(body: BulkBody) -> None:
    filtered = body.filter is not None and not body.filter.empty
    if sum((body.ids is not None, filtered, body.all)) != 1:
        raise refused_field(_CHOOSE, "filter")


def _require_confirm(body: BulkBody) -> None:
    if body.confirm is None and not body.dryRun:
        message = 'Runs of a filter are previewed first: send "dryRun": true, then its `confirm`'
        raise refused_field(message, "confirm")


async def _wanted(context: RequestContext, body: FilterBody) -> RunFilter:
    end = _instant("to", body.to)
    return RunFilter(
        definition_id=await resolve_definition(
            context, body.definition, body.definitionId, "filter"
        ),
        statuses=tuple(dict.fromkeys(body.status)),
        triggers=tuple(dict.fromkeys(body.trigger)),
        record_id=body.recordId,
        waits_for=body.waitsFor,
        correlation_id=body.correlationId,
        requested=(_instant("from", body.from_), None if end is None else end - 1),
    )


def _instant(name: str, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return parse_rfc3339(text)
    except ValueError:
        message = "must be an RFC 3339 time, such as 2027-01-01T09:00:00Z"
        raise refused_field(message, "filter", name) from None


def _shown(run_filter: RunFilter) -> JsonObject:
    """Return the filter as the bulk records and shows it, with the id of its definition."""
    earliest, latest = run_filter.requested
    return without_none(
        {
            "definitionId": run_filter.definition_id,
            "status": list(run_filter.statuses) or None,
            "trigger": list(run_filter.triggers) or None,
            "waitsFor": run_filter.waits_for,
            "recordId": run_filter.record_id,
            "correlationId": run_filter.correlation_id,
            "from": None if earliest is None else format_time(earliest),
            "to": None if latest is None else format_time(latest + 1),
        }
    )
