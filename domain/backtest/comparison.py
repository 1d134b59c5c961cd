"""Compares the recorded course of a run with the course of its replay.

Steps that only one of the two definitions has aren't compared, because adding or removing them is
the change that the backtest tries. The first other step with a different result is the first
difference.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal, TypeAlias

from baton.domain.artifact import ARTIFACT_UNREADABLE, UnreadableValue, Values
from baton.domain.backtest.candidate import Candidate
from baton.domain.backtest.course import END, Course, Place
from baton.domain.backtest.recording import Recording
from baton.domain.backtest.replay import NotComparable, Replay
from baton.domain.conditions.evaluation import DecisionResult
from baton.domain.frozen import frozen

Verdict: TypeAlias = Literal["same", "differs", "unknown", "notComparable", "error"]

NOT_RUN: Final = "not run"
"""The result of a step that the course of a run doesn't reach."""
MAX_PATH: Final = 200
"""The largest number of steps in a path."""
_UNREADABLE: Final = f"failed: {ARTIFACT_UNREADABLE}"


@frozen
class Difference:
    """The first visit with another result: `was` is recorded, `would_be` replayed.

    `step_id` is the candidate's id if the candidate has the step. It is None if only the ends of
    the runs differ. `decision` holds the evaluations of the replayed decision.
    """

    step_id: str | None
    visit: int | None
    was: str
    would_be: str
    decision: DecisionResult | None = None


@frozen
class Comparison:
    """A recorded run compared with its replay.

    `path` and `outcome` are pairs: as recorded, and as replayed. A path names the steps in the
    order in which they began. `unknown` is the step without an outcome at which the replay stopped.
    `reason` says why a run isn't comparable, or why its replay failed.
    """

    run_id: str
    verdict: Verdict
    first: Difference | None = None
    unknown: str | None = None
    path: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    outcome: tuple[str, str] = ("", "")
    reason: str | None = None


def compare(recording: Recording, candidate: Candidate, values: Values) -> Comparison:
    """Replay a recorded run and return the comparison; raises ValuesNeeded."""
    run_id = recording.request.run_id
    replay = Replay(recording, candidate, values)
    try:
        replay.run()
        _require_comparable(recording, replay, values)
    except NotComparable as reason:
        return Comparison(run_id=run_id, verdict="notComparable", reason=str(reason))
    first = _first_difference(recording, replay, candidate)
    unknown = replay.unknown
    verdict: Verdict = "differs" if first else "unknown" if unknown else "same"
    if verdict == "same":
        return Comparison(run_id=run_id, verdict=verdict)
    return Comparison(
        run_id=run_id,
        verdict=verdict,
        first=first,
        unknown=None if unknown is None else unknown[0],
        path=(_path(recording.course), _path(replay.course)),
        outcome=(recording.ended_as, _end(recording, replay)),
    )


def _require_comparable(recording: Recording, replay: Replay, values: Values) -> None:
    """Raise NotComparable for a run that can't be replayed from its recording."""
    if recording.limited and recording.course.revisited:
        raise NotComparable("it was retried and then reached its limit of step activations")
    lost = [value.reason for value in values.values() if isinstance(value, UnreadableValue)]
    before = recording.course.results.values()
    if lost and _UNREADABLE in replay.course.results.values() and _UNREADABLE not in before:
        raise NotComparable(f"a value that it read is missing: {lost[0]}")


def _first_difference(
    recording: Recording, replay: Replay, candidate: Candidate
) -> Difference | None:
    difference = next(_differences(recording, replay, candidate), None)
    if difference is not None or replay.unknown is not None:
        return difference
    recorded, replayed = recording.ended_as, _end(recording, replay)
    if recorded != replayed:
        return Difference(step_id=None, visit=None, was=recorded, would_be=replayed)
    return None


def _differences(
    recording: Recording, replay: Replay, candidate: Candidate
) -> Iterator[Difference]:
    """Yield the visits whose results differ, in the recorded order, and then new visits."""
    version = recording.request.version
    shared = candidate.shared.get(version, frozenset())
    was = {at: result for at, result in recording.course.results.items() if at[0] in shared}
    replayed = {
        (candidate.recorded_id(step_id), visit): (step_id, visit)
        for step_id, visit in replay.course.results
        if candidate.recorded_id(step_id) in shared
    }
    for at, result in was.items():
        place = replayed.get(at)
        if place is None:
            if replay.unknown is None:
                yield Difference(step_id=at[0], visit=at[1], was=result, would_be=NOT_RUN)
        elif place not in replay.missing and not _equal(result, place, replay, candidate, shared):
            yield _difference(place, result, replay)
    for at, place in replayed.items():
        if at not in was:
            yield _difference(place, NOT_RUN, replay)
    if version in candidate.in_order:
        yield from _of_order(list(was), list(replayed), replayed)


def _of_order(
    was: Sequence[Place], would_be: Sequence[Place], replayed: Mapping[Place, Place]
) -> Iterator[Difference]:
    """Yield the first visit that changes its place in the order, where steps run one by one.

    Every visit of `would_be` was recorded too, with the same result.
    """
    for index, (before, after) in enumerate(zip(was, would_be, strict=False)):
        if before != after:
            step_id, visit = replayed[after]
            yield Difference(
                step_id=step_id,
                visit=visit,
                was=f"after {was[was.index(after) - 1][0]}",
                would_be=f"after {would_be[index - 1][0]}" if index else "first",
            )
            return


def _equal(
    result: str, place: Place, replay: Replay, candidate: Candidate, shared: frozenset[str]
) -> bool:
    """Return whether the replayed result equals the recorded one.

    A decision may choose a step that only the candidate has where it used to choose a step that
    only the recorded version had. This may be the same step under another name, so it counts as
    equal; the steps after it show whether the run changes.
    """
    course = replay.course
    replayed = course.results[place]
    if place in course.decisions:
        replayed = candidate.recorded_id(replayed)
        if END not in (result, replayed) and not {result, replayed} & shared:
            return True
    return result == replayed


def _difference(place: Place, was: str, replay: Replay) -> Difference:
    step_id, visit = place
    course = replay.course
    return Difference(
        step_id=step_id,
        visit=visit,
        was=was,
        would_be="unknown" if place in replay.missing else course.results[place],
        decision=course.decisions.get(place),
    )


def _end(recording: Recording, replay: Replay) -> str:
    """Describe the end of the replay; a replay that waits where the run waited ends as recorded."""
    if replay.ended_as is not None:
        return replay.ended_as
    if replay.unknown is not None:
        return f"unknown after {replay.unknown[0]}"
    return recording.ended_as


def _path(course: Course) -> tuple[str, ...]:
    steps = [step_id for step_id, _ in course.results]
    if len(steps) > MAX_PATH:
        return (*steps[:MAX_PATH], f"and {len(steps) - MAX_PATH} more")
    return tuple(steps)
