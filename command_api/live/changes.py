"""Changes for the pages of a browser: the newest event of each run and of each step.

A page reloads what a frame names, so a newer frame replaces older ones that weren't sent. A stream
that missed events sends the frame `resync`: the pages reload everything.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from baton.command_api.live.live_event import StepChange
from baton.command_api.live.run_events import step_change_of
from baton.domain.json import JsonObject
from baton.domain.run.decisions import DECIDER
from baton.domain.stream import stream_name
from baton.eventlog.events.codec import topic_of
from baton.eventlog.events.envelope import Recorded
from baton.projector.view import key_of

MAX_RUNS: Final = 250
"""The number of runs that a frame names, more than a page shows; it only counts further runs."""
MAX_STEPS: Final = 1_000
"""The number of changed steps that wait to be sent; one more makes the pages reload everything."""
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


class Changes:
    """The changes that wait to be sent to one browser.

    They come from the events alone, without the states of runs, which pages load anyway: folding
    would cost the engine a quarter of its speed while a page is open. For the same reason events
    are added in whole batches.
    """

    def __init__(self, topics: Topics, tenant: str) -> None:
        self.topics = topics
        self._of_tenant, self._of_runs = f"{tenant}/", stream_name(tenant, DECIDER.name, "")
        self._single = {self._of_runs + run_id for run_id in topics.run_ids}
        self._forget()

    def _forget(self) -> None:
        self._runs: dict[str, Recorded] = {}
        self._steps: dict[tuple[str, str, int], JsonObject] = {}
        self._log_moved = self._more_runs = self._missed = False

    def __bool__(self) -> bool:
        """Return whether anything waits to be sent."""
        return bool(self._runs or self._steps) or self._log_moved or self._missed

    def add(self, events: Sequence[Recorded]) -> None:
        """Add events of the log in order; keep the newest of each run and each visit of a step.

        Events of other tenants are left out. Older events may follow newer ones while a stream
        catches up.
        """
        if self.topics.log and not self._log_moved:
            self._log_moved = any(one.stream.startswith(self._of_tenant) for one in events)
        if self._missed:
            return
        if self._single:
            for recorded in events:
                if recorded.stream in self._single:
                    self._add_single(recorded)
        if self.topics.runs and not self._more_runs:
            of_runs = self._of_runs
            self._add_runs({one.stream: one for one in events if one.stream.startswith(of_runs)})

    def _add_single(self, recorded: Recorded) -> None:
        is_newest, step = self._add_newest(recorded), step_change_of(recorded.event)
        if step is None:
            return
        run_id = key_of(recorded.stream)[1]
        key = (run_id, step.step_id, step.visit)
        if is_newest or key not in self._steps:
            self._steps[key] = {"runId": run_id, **_step(step)}
        if len(self._steps) > MAX_STEPS:
            self.miss()

    def _add_runs(self, newest: Mapping[str, Recorded]) -> None:
        for stream, recorded in newest.items():
            if len(self._runs) >= MAX_RUNS and stream not in self._runs:
                self._more_runs = True
                return
            self._add_newest(recorded)

    def _add_newest(self, recorded: Recorded) -> bool:
        known = self._runs.get(recorded.stream)
        is_newest = known is None or known.version < recorded.version
        if is_newest:
            self._runs[recorded.stream] = recorded
        return is_newest

    def miss(self) -> None:
        """Drop all changes until the next frames, which make the pages reload everything."""
        self._forget()
        self._missed = True

    def take(self, position: int, lag_ms: int | None) -> bytes:
        """Remove the pending changes and return their frames; empty if there are none.

        Args:
            position: The position to resume behind once all of the frames have been read.
            lag_ms: How far the views are behind, None to leave the statistics out.
        """
        frames = list(self._frames(position, lag_ms))
        self._forget()
        if not frames:
            return b""
        return b"".join((*frames[:-1], b"id: %d\n" % position, frames[-1]))

    def _frames(self, position: int, lag_ms: int | None) -> Iterator[bytes]:
        if self._missed:
            yield _frame("resync", position, {})
        if self._runs:
            runs = list(map(_run, self._runs.values()))
            more = {"more": True} if self._more_runs else {}
            yield _frame("run", position, {"runs": runs, **more})
        if self._steps:
            yield _frame("step", position, {"steps": list(self._steps.values())})
        if self._log_moved and self.topics.log:
            yield _frame("log", position, {})
        if self.topics.stats and lag_ms is not None:
            yield _frame("stats", position, {"lagMs": lag_ms})


def _run(recorded: Recorded) -> JsonObject:
    run_id = key_of(recorded.stream)[1]
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
