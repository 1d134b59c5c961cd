"""Changes for the pages of a browser: the newest event of each run and of each step.

A page reads again what a frame names, so a frame replaces the ones before it that weren't sent yet.
A stream that missed something says so by a frame `resync`: the pages read everything again.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import orjson

from baton.command_api.live.live_event import StepChange
from baton.command_api.live.run_events import RUN_EVENTS, step_change_of
from baton.domain.json import JsonObject
from baton.eventlog.events.codec import topic_of
from baton.eventlog.events.envelope import Recorded
from baton.projector.view import key_of

MAX_CHANGES: Final = 1_000
"""Runs and steps whose changes wait to be sent; one more makes the pages read everything again."""
_RUN_ID: Final = re.compile(r"run:([\w.~-]{1,64})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Topics:
    """The subjects of a stream.

    Attributes:
        runs: Any run of the tenant.
        run_ids: Single runs with their steps.
        stats: How far the views are behind the log, and that counts may have changed.
        log: That the tenant's log has grown.
    """

    runs: bool = False
    run_ids: frozenset[str] = frozenset()
    stats: bool = False
    log: bool = False


def parse_topics(text: str) -> Topics | None:
    """Return the topics of a text such as "runs,run:ID,stats,log", None if one is unknown."""
    names = set(text.split(","))
    run_ids = {found[1] for name in names if (found := _RUN_ID.fullmatch(name))}
    known = {"runs", "stats", "log", *(f"run:{run_id}" for run_id in run_ids)}
    if not names <= known:
        return None
    return Topics(
        runs="runs" in names,
        run_ids=frozenset(run_ids),
        stats="stats" in names,
        log="log" in names,
    )


@dataclass(slots=True)
class Changes:
    """The changes that wait to be sent to one browser.

    They are taken from the events alone, without the state of their runs: pages read that anyway,
    and a fold would cost the engine a quarter of its speed while a page is open.
    """

    topics: Topics
    _runs: dict[str, Recorded] = field(default_factory=dict)
    _steps: dict[tuple[str, str, int], JsonObject] = field(default_factory=dict)
    _log_moved: bool = False
    _missed: bool = False

    def add(self, recorded: Recorded) -> None:
        """Add an event of the tenant's log; of each run and each visit of a step, the newest stays.

        Events may come in any order while a stream catches up.
        """
        self._log_moved = True
        if self._missed or type(recorded.event) not in RUN_EVENTS:
            return
        run_id, topics = key_of(recorded.stream)[1], self.topics
        of_this_run, known = run_id in topics.run_ids, self._runs.get(run_id)
        is_newest = known is None or known.version < recorded.version
        if is_newest and (topics.runs or of_this_run):
            self._runs[run_id] = recorded
        step = step_change_of(recorded.event) if of_this_run else None
        if step is not None:
            key = (run_id, step.step_id, step.visit)
            if is_newest or key not in self._steps:
                self._steps[key] = {"runId": run_id, **_step(step)}
        if len(self._runs) + len(self._steps) > MAX_CHANGES:
            self.miss()

    def miss(self) -> None:
        """Drop what waits, and what comes before the next frames: pages read everything again."""
        self._runs.clear()
        self._steps.clear()
        self._missed = True

    def take(self, position: int, lag_ms: int | None) -> bytes:
        """Return the frames of what waits, empty if nothing does, and forget it.

        Args:
            position: The position to resume behind once all of the frames have been read.
            lag_ms: How far the views are behind, None to leave the statistics out.
        """
        frames = list(self._frames(position, lag_ms))
        self._runs.clear()
        self._steps.clear()
        self._log_moved = self._missed = False
        if not frames:
            return b""
        return b"".join((*frames[:-1], b"id: %d\n" % position, frames[-1]))

    def _frames(self, position: int, lag_ms: int | None) -> Iterator[bytes]:
        if self._missed:
            yield _frame("resync", position, {})
        if self._runs:
            yield _frame("run", position, {"runs": list(map(_run, self._runs.items()))})
        if self._steps:
            yield _frame("step", position, {"steps": list(self._steps.values())})
        if self._log_moved and self.topics.log:
            yield _frame("log", position, {})
        if self.topics.stats and lag_ms is not None:
            yield _frame("stats", position, {"lagMs": lag_ms})


def _run(item: tuple[str, Recorded]) -> JsonObject:
    run_id, recorded = item
    return {"runId": run_id, "type": topic_of(recorded.event), "version": recorded.version}


def _step(change: StepChange) -> JsonObject:
    return {
        "stepId": change.step_id,
        "visit": change.visit,
        "attempt": change.attempt,
        "status": change.status,
    }


def _frame(kind: str, position: int, members: Mapping[str, object]) -> bytes:
    data = orjson.dumps({"position": position, **members})
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), data)
