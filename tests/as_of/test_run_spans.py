"""Exactly one status span holds each position of a run, with the status that the view shows."""

from random import Random

import pytest

from baton.domain.stream import stream_parts
from baton.eventlog.ports.views import Row
from baton.projector.as_of.history import HISTORY_VIEWS
from baton.projector.as_of.run_spans import LEVELS, LONGER, TABLE, level_of
from baton.projector.folding import fold_event
from baton.projector.view import Key
from baton.projector.views.runs.view import VIEW as RUNS
from baton.projector.views.runs.view import Document as Run
from tests.projector.histories import events_of
from tests.projector.projection import batches_of, empty_store, fold_into

_NAMES = [column.name for column in TABLE.columns]


@pytest.mark.parametrize("forgetful", [True, False])
@pytest.mark.parametrize("seed", range(6))
async def test_one_span_holds_each_position_of_a_run(seed: int, forgetful: bool) -> None:
    events, random = events_of(seed, 300), Random(seed)
    store = await empty_store(HISTORY_VIEWS)
    batches = batches_of(events, random, below=40)
    await fold_into(store, batches, forgetful=forgetful, views=HISTORY_VIEWS)
    spans: dict[Key, list[dict[str, object]]] = {}
    for row in await store.scan(TABLE.name, limit=100_000):
        spans.setdefault((row.tenant, row.key.partition(".")[0]), []).append(_named(row))
    runs: dict[Key, Run] = {}
    for recorded in events:
        fold_event(runs, RUNS, recorded)
        for key, run in runs.items():
            (held,) = [one for one in spans[key] if _holds(one, recorded.position)]
            assert (held["status"], held["requested_at"]) == (run.status, run.requested_at)
    requested = {one.stream for one in events if stream_parts(one.stream).kind == "run"}
    assert len(spans) == len(requested)
    assert any(len(of_run) > 3 for of_run in spans.values())


def test_every_span_has_a_level() -> None:
    assert level_of(1) == 1
    assert level_of(LONGER**LEVELS - 1) == LEVELS


def _named(row: Row) -> dict[str, object]:
    return dict(zip(_NAMES, row.values, strict=True))


def _holds(span: dict[str, object], position: int) -> bool:
    begin, end, level = (span[name] for name in ("from_position", "to_position", "level"))
    assert isinstance(begin, int)
    if end is None:
        return begin <= position
    assert isinstance(end, int)
    assert isinstance(level, int)
    assert LONGER ** (level - 1) <= end - begin < LONGER**level
    return begin <= position < end
