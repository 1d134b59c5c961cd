"""Renders a run as text: its steps with times, outputs and the conditions of decisions."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from rich.text import Text

from baton.cli.terminal.stack import last_frame
from baton.cli.terminal.statuses import COLORS
from baton.cli.terminal.times import duration, relative
from baton.protocols.iso_time import parse_time

MAX_VALUE = 300
"""The number of characters shown of a value; `--json` shows all."""

LEAST_MARGIN = 10
"""The width of the times column, in characters; longer times widen the whole timeline."""

_ABOUT_PRESENCE = frozenset(("exists", "notExists"))

Run = Mapping[str, Any]
Step = Mapping[str, Any]


def heading(run: Run) -> Text:
    """Return a line with the run's id, definition, version, status and duration."""
    status = str(run["status"])
    text = Text.assemble(
        "Run ",
        (str(run["id"]), "bold"),
        f" of {run.get('slug') or run['definitionId']} (version {run['version']}): ",
        (status, COLORS.get(status, "")),
    )
    if "completedAt" in run:
        text.append(f" after {elapsed(run['requestedAt'], run['completedAt'])}")
    return text


def timeline(run: Run, *, traceback: bool = False) -> Iterator[Text]:
    """Yield the lines of a run's history; times are relative to the request of the run.

    Args:
        run: The run, as the server shows it.
        traceback: Whether to show tracebacks as a whole instead of the author's last frame.
    """
    steps: Sequence[Step] = run.get("steps", ())
    width = max((len(step["stepId"]) for step in steps), default=0)
    times = [*map(partial(_began, run), steps), run.get("completedAt", run["requestedAt"])]
    margin = max(LEAST_MARGIN, *(len(_offset(run, at)) for at in times))
    yield _milestone(run, run["requestedAt"], "requested", _cause(run), margin)
    for step in steps:
        yield _step(run, step, width, margin)
        for line in (*_details(step), *_stack(step, whole=traceback)):
            yield Text(f"{'':{margin + 2}}{line}", "dim")
    if "completedAt" in run:
        yield _milestone(run, run["completedAt"], str(run["status"]), _reason(run), margin)


def elapsed(start: str, end: str) -> str:
    """Return the time between two ISO 8601 times, such as 16 ms, 3.0 s or 2 d 4 h."""
    return duration(max(0, parse_time(end) - parse_time(start)))


def _cause(run: Run) -> str:
    trigger = run["trigger"]
    record = f" of record {trigger['recordId']}" if "recordId" in trigger else ""
    by = {
        "record": f"by {trigger.get('eventType')}{record}",
        "schedule": "by its schedule",
        "webhook": f"by a call of {trigger.get('path')}",
        "manual": f"by {run['actor']['subject']}",
        "rerun": f"by {run['actor']['subject']}, again after run {trigger.get('runId')}",
    }
    return by.get(trigger["kind"], "")


def _reason(run: Run) -> str:
    failure = run.get("failure")
    if failure is not None:
        return f"{failure['code']}: {failure['message']}"
    return str(run.get("cancelReason", ""))


def _step(run: Run, step: Step, width: int, margin: int) -> Text:
    status = str(step["status"])
    text = Text(f"{_offset(run, _began(run, step)):>{margin}}  ")
    text.append(f"{step['stepId']:<{width}}", "bold")
    text.append(f"  {step['kind']:<8}  ")
    text.append(status, COLORS.get(status, ""))
    if "startedAt" in step and "completedAt" in step and step["kind"] != "decision":
        text.append(f" in {elapsed(step['startedAt'], step['completedAt'])}", "dim")
    if step["attempt"] > 1:
        text.append(f", attempt {step['attempt']}")
    return text


def _details(step: Step) -> Iterator[str]:
    if "output" in step:
        yield f"output {_value(step['output'])}"
    if "warning" in step:
        yield f"warning: {step['warning']}"
    if "error" in step:
        yield f"{step['error'].get('code')}: {step['error'].get('message')}"
    if "delayMs" in step:
        yield _until(step)
    yield from _decision(step.get("decision", {}))


def _stack(step: Step, *, whole: bool) -> Iterator[str]:
    stack = step.get("error", {}).get("stack")
    if stack and whole:
        yield from str(stack).splitlines()
    elif stack and (frame := last_frame(str(stack))):
        yield f"at {frame}"


def _decision(result: Mapping[str, Any]) -> Iterator[str]:
    for case in result.get("evaluations", ()):
        for condition in case["conditions"]:
            yield f"case {case['caseIndex'] + 1}: {_condition(condition)}"
    if result:
        matched = result.get("matchedCaseIndex", -1)
        reason = "no case matched" if matched in {None, -1} else f"case {matched + 1} matched"
        yield f"{reason}, on to {result.get('next') or 'the end'}"


def _condition(condition: Mapping[str, Any]) -> str:
    operator = condition["operator"]
    expected = condition.get("valuePath") or _value(condition.get("expected"))
    test = operator if operator in _ABOUT_PRESENCE else f"{operator} {expected}"
    verdict = "yes" if condition["matched"] else "no"
    exists = condition.get("pathExists")
    actual = f"it is {_value(condition.get('actual'))}" if exists else "it is missing"
    text = f"{condition['path']} {test}? {verdict}, {actual}"
    return f"{text} ({condition['error']})" if condition.get("error") else text


def _milestone(run: Run, at: str, name: str, detail: str, margin: int) -> Text:
    text = Text.assemble(f"{_offset(run, at):>{margin}}  ", (name, COLORS.get(name, "")))
    return text.append(f"  {detail}") if detail else text


def _began(run: Run, step: Step) -> str:
    return str(step.get("startedAt", run["requestedAt"]))


def _offset(run: Run, at: str) -> str:
    return f"+{elapsed(run['requestedAt'], at)}"


def _until(step: Step) -> str:
    """Return the end of a delay, and the time until then while the step waits for it."""
    end = step.get("resumeAt")
    if step["status"] != "waiting" or end is None:
        return f"until {end}"
    return f"until {end} ({relative(parse_time(end), int(time.time() * 1_000))})"


def _value(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_VALUE else f"{text[:MAX_VALUE]} …"
