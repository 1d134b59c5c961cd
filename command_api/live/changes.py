"""Changes for the pages of a browser: the newest status of each run and step, and no more.

A page reads again what a frame names, so a frame replaces the ones before it that weren't sent yet.
A stream that missed something says so by a frame `resync`: the pages read everything again.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import orjson

from baton.command_api.live.live_event import LiveEvent
from baton.domain.json import JsonObject

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
    """The changes that wait to be sent to one browser."""

    topics: Topics
    _runs: dict[str, LiveEvent] = field(default_factory=dict)
    _steps: dict[tuple[str, str, int], LiveEvent] = field(default_factory=dict)
    _log_moved: bool = False
    _missed: bool = False

    def add(self, events: Iterable[LiveEvent]) -> None:
        """Keep the newest change of each run and each visit of a step."""
        for event in events:
            if self.topics.runs or event.run_id in self.topics.run_ids:
                self._runs[event.run_id] = event
            if event.step is not None and event.run_id in self.topics.run_ids:
                self._steps[event.run_id, event.step.step_id, event.step.visit] = event
        if len(self._runs) + len(self._steps) > MAX_CHANGES:
            self.miss()

    def log_moved(self) -> None:
        """Note that the tenant's log has grown."""
        self._log_moved = True

    def miss(self) -> None:
        """Drop what waits: the pages have to read everything again."""
        self._runs.clear()
        self._steps.clear()
        self._missed = True

    @property
    def waiting(self) -> bool:
        """Whether a frame has to be sent; statistics don't count."""
        log_moved = self._log_moved and self.topics.log
        return bool(self._missed or self._runs or self._steps or log_moved)

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
            yield _frame("run", position, {"runs": list(map(_run, self._runs.values()))})
        if self._steps:
            yield _frame("step", position, {"steps": list(map(_step, self._steps.values()))})
        if self._log_moved and self.topics.log:
            yield _frame("log", position, {})
        if self.topics.stats and lag_ms is not None:
            yield _frame("stats", position, {"lagMs": lag_ms})


def _run(event: LiveEvent) -> JsonObject:
    return {
        "runId": event.run_id,
        "definitionId": event.definition_id,
        "status": event.status,
        "version": event.version,
    }


def _step(event: LiveEvent) -> JsonObject:
    if event.step is None:
        raise ValueError("an event of the run itself is about no step")
    return {
        "runId": event.run_id,
        "stepId": event.step.step_id,
        "visit": event.step.visit,
        "attempt": event.step.attempt,
        "status": event.step.status,
    }


def _frame(kind: str, position: int, members: Mapping[str, object]) -> bytes:
    data = orjson.dumps({"position": position, **members})
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), data)
