"""Chooses the runs of a bulk: those that match a filter as of a position of the log, exactly.

The views may be ahead of that position, so the events after it are read from the log: a run with
such events is folded up to the position, and a run that begins after it isn't chosen.
"""

from collections.abc import Mapping
from typing import Final

from baton.command_api.http.refusal import Refused
from baton.command_api.services import Services
from baton.domain.bulk.decisions import MAX_RUNS
from baton.domain.errors import Fault, Invalid
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.stream import stream_parts
from baton.eventlog.errors import Unavailable
from baton.eventlog.ports.views import Row
from baton.eventlog.rows_in_memory import row_matches
from baton.projector.folding import fold_events
from baton.projector.views.runs.queries import RunFilter
from baton.projector.views.runs.view import TABLE, VIEW, Document, columns

MAX_CHANGES: Final = 100_000
"""The number of events after the position that are read; with more, a new preview is needed."""
VIEWS_WITHIN_MS: Final = 5_000
"""The time in which the views must reach the position, in ms."""
_PAGE: Final = 2_000
_BATCH: Final = 1_000


async def choose_runs(
    services: Services, tenant: str, wanted: RunFilter, position: int
) -> list[str]:
    """Return the ids of the runs that match as of `position`, the oldest first.

    Raises Invalid for more runs than a bulk may have, Refused 409 if too much has happened since
    the position, and `Unavailable`.
    """
    if not await services.reached(position, VIEWS_WITHIN_MS):
        raise Unavailable("the views have not reached the position of the runs")
    found = await _matching_now(services, tenant, wanted)
    for stream, is_new in (await _changed_since(services, tenant, position)).items():
        run_id = stream_parts(stream).id
        found.pop(run_id, None)
        before = None if is_new else await _run_as_of(services, stream, position)
        if before is None:
            continue
        row = Row(tenant, run_id, b"", columns(before))
        if row_matches(wanted.where(), TABLE, row):
            found[run_id] = before.requested_at
    _require_few(len(found))
    return sorted(found, key=lambda run_id: (found[run_id], run_id))


async def _matching_now(services: Services, tenant: str, wanted: RunFilter) -> dict[str, int]:
    """Return the time of request of each run that matches in the views, by its id."""
    _require_few(await services.runs.count(tenant, wanted))
    found: dict[str, int] = {}
    last: tuple[int, str] | None = None
    while runs := await services.runs.matching(tenant, wanted, last, limit=_PAGE):
        found |= {run.id: run.requested_at for run in runs}
        last = (runs[-1].requested_at, runs[-1].id)
    return found


async def _changed_since(services: Services, tenant: str, position: int) -> Mapping[str, bool]:
    """Return the streams of runs with events after `position`, and whether they begin there."""
    changed: dict[str, bool] = {}
    begin, reached, seen = f"{tenant}/{RUN.name}/", position, 0
    while batch := await services.store.read_all(after=reached, limit=_BATCH):
        for recorded in batch:
            if recorded.stream.startswith(begin):
                changed.setdefault(recorded.stream, recorded.version == 1)
        reached, seen = batch[-1].position, seen + len(batch)
        if seen > MAX_CHANGES:
            raise Refused("conflict", "Too much has happened since the preview: make a new one")
    return changed


async def _run_as_of(services: Services, stream: str, position: int) -> Document | None:
    history = await services.store.read(stream)
    found = fold_events(VIEW, [one for one in history if one.position <= position])
    return next(iter(found.values()), None)


def _require_few(count: int) -> None:
    if count > MAX_RUNS:
        message = f"The filter chooses more than {MAX_RUNS} runs, the most of one bulk"
        raise Invalid(message, faults=[Fault(("filter",), message)], subject="bulk")
