"""Checkers of services that share a log: pure functions, each of which returns violations."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from tests.faults.event_log import Log, runs_of, streams_of
from tests.faults.run_oracle import ENDS

TICKS = frozenset(("ScheduleFired", "ScheduleMissed", "ScheduleSkipped"))


class Published(NamedTuple):
    """One message of the topic of run events."""

    partition: int
    offset: int
    stream: str
    version: int


class LeaseObservation(NamedTuple):
    """The holder of a lease at one moment."""

    name: str
    holder: str
    epoch: int


class InjectedFault(NamedTuple):
    """A fault that took effect, from `at` to `until` in ms since the epoch."""

    name: str
    at: int
    until: int


def published_is_complete(log: Log, published: Iterable[Published]) -> list[str]:
    """Every event of a run was published."""
    found = {(one.stream, one.version) for one in published}
    return [
        f"{event.stream} version {event.version} was not published"
        for event in log
        if event.kind == "run" and (event.stream, event.version) not in found
    ]


def published_is_logged(log: Log, published: Iterable[Published]) -> list[str]:
    """Every published event is in the log."""
    logged = {(event.stream, event.version) for event in log}
    return [
        f"{one.stream} version {one.version} is not in the log"
        for one in published
        if (one.stream, one.version) not in logged
    ]


def published_in_order(published: Iterable[Published], *, from_any: bool = False) -> list[str]:
    """Without repeats, the published versions of each stream count up.

    Args:
        published: The messages of the topic, by partition and offset.
        from_any: Whether a stream may begin at any version, as after the loss of the topic.
    """
    newest: dict[str, int] = {}
    found: list[str] = []
    for one in published:
        before = newest.get(one.stream, one.version - 1 if from_any else 0)
        if one.version > before + 1:
            found.append(f"{one.stream} version {one.version} follows {before}")
        newest[one.stream] = max(before, one.version)
    return found


def each_stream_has_one_partition(published: Iterable[Published]) -> list[str]:
    """All events of a stream are in the same partition."""
    partitions: dict[str, set[int]] = defaultdict(set)
    for one in published:
        partitions[one.stream].add(one.partition)
    return [f"{stream} is in {sorted(on)}" for stream, on in partitions.items() if len(on) > 1]


def epochs_never_decrease(observations: Iterable[LeaseObservation]) -> list[str]:
    """The epoch of a lease never decreases and belongs to one holder."""
    newest: dict[str, LeaseObservation] = {}
    found: list[str] = []
    for one in observations:
        before = newest.setdefault(one.name, one)
        if one.epoch < before.epoch:
            found.append(f"{one.name}: epoch {one.epoch} follows {before.epoch}")
        elif one.epoch == before.epoch and one.holder != before.holder:
            found.append(f"{one.name}: epoch {one.epoch} of {one.holder} and {before.holder}")
        newest[one.name] = one
    return found


def events_start_their_run_once(log: Log, accepted: Mapping[str, Iterable[str]]) -> list[str]:
    """Each accepted record event started one run of the definition that it triggers.

    Args:
        log: The log to check.
        accepted: The ids of the accepted events, by the id of the definition.
    """
    started: Counter[tuple[str, str]] = Counter()
    for events in runs_of(log).values():
        requested = events[0].data
        if requested["trigger"]["kind"] == "record":
            event_id = str(requested["trigger"]["event_id"])
            started[str(requested["definition_id"]), event_id] += 1
    wanted = {(definition, event_id) for definition, ids in accepted.items() for event_id in ids}
    return [
        *(f"{one} started {count} runs" for one, count in started.items() if count > 1),
        *(f"{one} started no run" for one in sorted(wanted - set(started))),
    ]


def every_tick_is_handled_once(log: Log, intervals: Mapping[str, int]) -> list[str]:
    """Each tick of a schedule is handled once, and none is skipped.

    Args:
        log: The log to check.
        intervals: The schedules' intervals in ms, by the id of the definition.
    """
    found: list[str] = []
    for stream, events in streams_of(log, "schedule"):
        interval = intervals.get(stream.split("/")[2])
        ticks = [event.data["nominal_at"] for event in events if event.name in TICKS]
        found += [
            f"{stream}: {after} follows {before}"
            for before, after in pairwise(ticks)
            if after <= before or (interval is not None and after - before != interval)
        ]
    return found


def every_fired_tick_has_one_run(log: Log) -> list[str]:
    """Each fired tick started one run, and each run of a schedule has its tick."""
    fired = Counter(str(event.data["run_id"]) for event in log if event.name == "ScheduleFired")
    started = {
        run_id
        for run_id, events in runs_of(log).items()
        if events[0].data["trigger"]["kind"] == "schedule"
    }
    return [
        *(f"run {one} was started by {count} ticks" for one, count in fired.items() if count > 1),
        *(f"run {one} of a tick is missing" for one in sorted(set(fired) - started)),
        *(f"run {one} has no tick" for one in sorted(started - set(fired))),
    ]


def no_tick_is_early(log: Log) -> list[str]:
    """No tick fires before its nominal time."""
    return [
        f"{event.stream} fired {event.data['nominal_at']} at {event.data['at']}"
        for event in log
        if event.name == "ScheduleFired" and event.data["at"] < event.data["nominal_at"]
    ]


def count_hits(log: Log, faults: Sequence[InjectedFault]) -> Counter[str]:
    """Count the injections of each fault during which a run was unfinished."""
    spans = [
        (events[0].data["at"], events[-1].data["at"] if events[-1].name in ENDS else None)
        for events in runs_of(log).values()
    ]
    return Counter(
        fault.name
        for fault in faults
        if any(
            started <= fault.until and (ended is None or ended >= fault.at)
            for started, ended in spans
        )
    )
