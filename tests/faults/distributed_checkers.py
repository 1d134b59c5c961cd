"""What must hold of services that share a log, as pure functions; each returns its violations."""

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
    """Who held a lease when somebody looked."""

    name: str
    holder: str
    epoch: int


class InjectedFault(NamedTuple):
    """A fault that fired; times are ms since the epoch."""

    name: str
    at: int
    until: int


def published_is_complete(log: Log, published: Iterable[Published]) -> list[str]:
    """Every event of a run was published."""
    there = {(one.stream, one.version) for one in published}
    return [
        f"{event.stream} version {event.version} was not published"
        for event in log
        if event.kind == "run" and (event.stream, event.version) not in there
    ]


def published_is_logged(log: Log, published: Iterable[Published]) -> list[str]:
    """Nothing was published that is not in the log."""
    there = {(event.stream, event.version) for event in log}
    return [
        f"{one.stream} version {one.version} is in no log"
        for one in published
        if (one.stream, one.version) not in there
    ]


def published_in_order(published: Iterable[Published], *, from_any: bool = False) -> list[str]:
    """A reader who leaves out repeats sees the versions of each stream counting up.

    A topic that was emptied begins `from_any` version.
    """
    newest: dict[str, int] = {}
    found: list[str] = []
    for one in published:
        before = newest.get(one.stream, one.version - 1 if from_any else 0)
        if one.version > before + 1:
            found.append(f"{one.stream} version {one.version} follows {before}")
        newest[one.stream] = max(before, one.version)
    return found


def keys_keep_to_their_partition(published: Iterable[Published]) -> list[str]:
    """All events of a stream are in one partition."""
    partitions: dict[str, set[int]] = defaultdict(set)
    for one in published:
        partitions[one.stream].add(one.partition)
    return [f"{stream} is in {sorted(on)}" for stream, on in partitions.items() if len(on) > 1]


def epochs_rise(observations: Iterable[LeaseObservation]) -> list[str]:
    """The epoch of a lease never falls, and belongs to one holder."""
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
    """Each accepted event started the definition that waits for it once; `accepted` is by that."""
    started: Counter[tuple[str, str]] = Counter()
    for events in runs_of(log).values():
        requested = events[0].data
        if requested["trigger"]["kind"] == "record":
            ident = str(requested["trigger"]["event_id"])
            started[str(requested["definition_id"]), ident] += 1
    wanted = {(definition, ident) for definition, ids in accepted.items() for ident in ids}
    return [
        *(f"{one} started {count} runs" for one, count in started.items() if count > 1),
        *(f"{one} started nothing" for one in sorted(wanted - set(started))),
    ]


def ticks_are_dealt_with_once(log: Log, intervals: Mapping[str, int]) -> list[str]:
    """Ticks of a schedule are as far apart as its interval (ms): none twice, none left out."""
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


def ticks_have_their_run(log: Log) -> list[str]:
    """A tick that fired started one run, and no run says it was started by another."""
    fired = Counter(str(event.data["run_id"]) for event in log if event.name == "ScheduleFired")
    started = {
        ident
        for ident, events in runs_of(log).items()
        if events[0].data["trigger"]["kind"] == "schedule"
    }
    return [
        *(f"run {one} was fired {count} times" for one, count in fired.items() if count > 1),
        *(f"run {one} of a tick is not there" for one in sorted(set(fired) - started)),
        *(f"run {one} is of no tick" for one in sorted(started - set(fired))),
    ]


def no_tick_is_early(log: Log) -> list[str]:
    """Nothing fires before its time."""
    return [
        f"{event.stream} fired {event.data['nominal_at']} at {event.data['at']}"
        for event in log
        if event.name == "ScheduleFired" and event.data["at"] < event.data["nominal_at"]
    ]


def hits(log: Log, faults: Sequence[InjectedFault]) -> Counter[str]:
    """Return how often each fault met a run that was under way."""
    spans = [
        (events[0].data["at"], events[-1].data["at"] if events[-1].name in ENDS else None)
        for events in runs_of(log).values()
    ]
    return Counter(
        fault.name
        for fault in faults
        if any(
            begun <= fault.until and (ended is None or ended >= fault.at) for begun, ended in spans
        )
    )
