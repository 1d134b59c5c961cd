"""Restores the recorded events of a run from the events that a server shows.

A server leaves out large values of an event. They are copied from the run, or stay artifacts.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from baton.eventlog.events.artifact_places import ARTIFACTS
from baton.eventlog.events.codec import decode
from baton.eventlog.events.envelope import Recorded

_ARTIFACT: Final = "$artifact"
_OMITTED: Final = "$omitted"
_DECISION: Final = {
    "evaluated_cases": "evaluatedCases",
    "matched_case_index": "matchedCaseIndex",
    "selected": "next",
}


def is_whole(shown: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether no value of these events was left out."""
    return not any("truncated" in one for one in shown)


def recorded_events(
    stream: str, shown: Sequence[Mapping[str, Any]], run: Mapping[str, Any]
) -> list[Recorded]:
    """Return the events of a run.

    Args:
        stream: The stream of the run.
        shown: The events as `GET /runs/{id}/events` shows them.
        run: The run as `GET /runs/{id}` shows it; may be empty if the events are whole.

    Raises `Unreadable` for an event of another release.
    """
    return [
        Recorded(
            one["position"], stream, one["version"], decode(one["type"], _stored(_filled(one, run)))
        )
        for one in shown
    ]


def _filled(shown: Mapping[str, Any], run: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of an event with those that were left out."""
    data = dict(shown["data"])
    left_out = [name for name, value in data.items() if _is_instead(value, _OMITTED)]
    if not left_out:
        return data
    step = _step_of(data, run)
    if "result" in left_out:
        decision = step["decision"]
        data["result"] = {"evaluations": []} | {
            name: decision.get(shown_as) for name, shown_as in _DECISION.items()
        }
    if "error" in left_out:
        data["error"] = step.get("error") or {
            name: run["failure"].get(name) or "" for name in ("code", "message")
        }
    if "output" in left_out:
        data["output"] = step["output"]
    # The context of the run has every member that a step has set, with its newest value.
    return data | {name: run[name] for name in ("input", "context") if name in left_out}


def _step_of(data: Mapping[str, Any], run: Mapping[str, Any]) -> dict[str, Any]:
    """Return the step of a run that an event is about, an empty one if it is about the run."""
    steps: Sequence[dict[str, Any]] = run["steps"]
    place = {"stepId": data.get("step_id"), "visit": data.get("visit")}
    if "attempt" in data:
        place["attempt"] = data["attempt"]
    return next((one for one in steps if place.items() <= one.items()), {})


def _stored(data: Mapping[str, Any]) -> bytes:
    """Return the stored form of an event's members, which lists artifacts first."""
    members, places = dict(data), []
    for name, value in data.items():
        if _is_instead(value, _ARTIFACT):
            places.append(_place([name], value))
            members[name] = None
        elif isinstance(value, dict):
            inside = {key: one for key, one in value.items() if _is_instead(one, _ARTIFACT)}
            places += [_place([name, key], one) for key, one in inside.items()]
            members[name] = value | dict.fromkeys(inside)
    return orjson.dumps({ARTIFACTS: places, **members} if places else members)


def _is_instead(value: object, member: str) -> bool:
    return isinstance(value, dict) and value.keys() == {member, "bytes"}


def _place(path: list[str], value: Mapping[str, Any]) -> dict[str, Any]:
    return {"at": path, "sha256": value[_ARTIFACT], "bytes": value["bytes"]}
