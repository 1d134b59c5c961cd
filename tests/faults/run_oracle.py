"""A second, simple implementation of the rules of a run, to check the log against.

The oracle uses none of the domain's code: names and fields of events are the storage format.
"""

from dataclasses import dataclass, field
from typing import Literal

from tests.faults.event_log import Logged

ENDS = {"RunCompleted": "completed", "RunFailed": "failed", "RunCancelled": "cancelled"}
OUTCOMES = frozenset(
    ("StepSucceeded", "StepFailed", "StepTimedOut", "StepCancelled", "StepReleased")
)
PASSED = frozenset(("DecisionTaken", "SyncReached", "StepSkipped"))
WHILE_PAUSED = OUTCOMES | {"RetryScheduled", "TimerHeld"}
"""Events of steps that a paused run may have."""

Status = Literal[
    "running",
    "released",
    "backing off",
    "failed once",
    "failed",
    "delayed",
    "awaited",
    "cancelled",
    "done",
]
BACKOFFS_AFTER_LOSSES = (1_000, 2_000, 4_000, 8_000, 16_000)


@dataclass(slots=True)
class Visit:
    """The newest visit of a step."""

    number: int
    attempt: int
    status: Status
    due_at: int = 0
    losses: int = 0
    held: bool = False

    @property
    def waits(self) -> bool:
        return self.status in ("delayed", "backing off", "awaited")

    @property
    def open(self) -> bool:
        return self.status in ("running", "released", "backing off", "delayed", "failed once")


@dataclass(slots=True)
class RunOracle:
    """The state of one run after some of its events, and the rules that the events broke."""

    run_id: str
    status: str = "none"
    steps: dict[str, Visit] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    reopened: bool = False
    paused: str = ""
    """The status before the pause, of a run that is paused."""
    resumed_at: int = 0
    branched: bool = False
    """Whether the run is a rerun; its steps may have been copied, and it may begin anywhere."""
    cancelling: bool = False

    @property
    def ended(self) -> bool:
        return self.status in ENDS.values()

    def apply(self, event: Logged) -> None:
        """Apply the next event of the run and check it against the rules."""
        if self.cancelling:
            fits = event.name in ("StepCancelled", "RunCancelled")
            self._require(fits, event, "between the cancellations of steps")
        visit = self.steps.get(event.data.get("step_id", ""))
        self.cancelling = event.name == "StepCancelled" and visit is not None and visit.open
        if event.name.startswith("Run"):
            self._apply_run_event(event)
            return
        if event.name == "StepCopied":
            fits = self.branched and self.status == "pending"
            self._require(fits, event, f"in a run that is {self.status}")
            self.steps[event.data["step_id"]] = Visit(event.data["visit"], 0, "done")
            return
        goes_on = self.status == "running" or (self.paused and event.name in WHILE_PAUSED)
        self._require(bool(goes_on), event, f"in a run that is {self.status}")
        if event.name in ("StepStarted", "DelayStarted") or event.name in PASSED:
            self._step_begins(event)
        elif event.name in OUTCOMES:
            self._attempt_ends(event)
        else:
            self._step_waits(event)

    def _require(self, condition: bool, event: Logged, violation: str) -> None:
        if not condition:
            step = event.data.get("step_id", "")
            self.violations.append(
                f"{self.run_id} version {event.version}: {event.name} {step} {violation}"
            )

    def _apply_run_event(self, event: Logged) -> None:
        before, open_ = self.status, [step for step, visit in self.steps.items() if visit.open]
        match event.name:
            case "RunRequested":
                self._require(before == "none", event, f"of a run that is {before}")
                self.status = "pending"
                return
            case "RunStarted":
                unstarted = before == "pending" or (self.reopened and not self.steps)
                self._require(unstarted, event, f"of a run that is {before}")
                self.status, self.reopened = "running", False
                return
            case "RunReopened":
                self._require(
                    before in ("failed", "cancelled"), event, f"of a run that is {before}"
                )
                self.status, self.reopened = "running", True
                return
            case "RunBranched":
                self._require(before == "pending", event, f"of a run that is {before}")
                self.branched = True
                return
            case "RunPaused":
                self._require(before in ("pending", "running"), event, f"of one that is {before}")
                self.status, self.paused = "paused", before
                return
            case "RunResumed":
                self._resumed(event)
                return
            case _:
                pass
        unstarted = before in ("pending", "paused") and event.name == "RunCancelled"
        live = before == "running" or unstarted
        self._require(live, event, f"of a run that is {before}")
        self._require(not open_, event, f"while {open_} have not ended")
        self._check_end(event)
        self.status, self.paused = ENDS[event.name], ""

    def _resumed(self, event: Logged) -> None:
        self._require(self.status == "paused", event, f"of a run that is {self.status}")
        at, free = event.data["at"], [one for one in self.steps.values() if one.waits]
        self._require(all(one.held for one in free), event, "with a timer that was not held")
        self.status, self.paused, self.resumed_at = self.paused or "running", "", at
        for visit in self.steps.values():
            if visit.status == "delayed" and event.data["timers"] == "skip":
                visit.due_at = min(visit.due_at, at)

    def _check_end(self, event: Logged) -> None:
        """Check that the end of the run agrees with the ends of its steps."""
        failed = any(visit.status == "failed" for visit in self.steps.values())
        if event.name == "RunCompleted":
            self._require(
                failed == event.data["has_errors"], event, "contradicts the outcomes of the steps"
            )
            self._require(bool(self.steps), event, "without a step")
        elif event.name == "RunFailed":
            by_loop = event.data["error"]["code"] == "LOOP_LIMIT"
            self._require(failed or by_loop, event, "without a failed step")

    def _step_begins(self, event: Logged) -> None:
        step, number = event.data["step_id"], event.data["visit"]
        before = self.steps.get(step)
        cause = event.data.get("cause", "start")
        attempt = event.data.get("attempt", 1)
        if cause == "start":
            begins = before is None or before.status != "awaited"
            fresh = before is None or not before.open
            self._require(fresh, event, "while the step has not ended")
            self._require(
                number == (before.number if before else 0) + begins, event, "with a wrong visit"
            )
            self._require(attempt == 1, event, "whose first attempt is not 1")
        else:
            self._next_attempt(event, before, cause)
        due_at = event.data.get("resume_at", 0)
        status = {"StepStarted": "running", "DelayStarted": "delayed"}.get(event.name, "done")
        losses = before.losses if before and cause in ("retry", "handover") else 0
        self.steps[step] = Visit(number, attempt, status, due_at, losses)  # type: ignore[arg-type]

    def _next_attempt(self, event: Logged, before: Visit | None, cause: str) -> None:
        """Apply the start of another attempt of the same visit."""
        data = event.data
        allowed = {
            "retry": ("backing off",),
            "handover": ("released",),
            "reopen": ("failed", "cancelled"),
        }[cause]
        if before is None or before.status not in allowed or before.number != data["visit"]:
            self._require(False, event, f"({cause}) of a step that is not {allowed}")
            return
        further = before.attempt if cause == "retry" else before.attempt + 1
        self._require(data["attempt"] == further, event, f"({cause}) with a wrong attempt")
        self._require_due(event, before)

    def _attempt_ends(self, event: Logged) -> None:
        """Apply the end of the current attempt."""
        visit = self.steps.get(event.data["step_id"])
        named = (event.data["visit"], event.data["attempt"])
        if visit is None or (visit.number, visit.attempt) != named:
            self._require(False, event, f"of attempt {named}, which is not the current one")
            return
        running = visit.status == "running"
        if event.name == "StepCancelled":
            fits = visit.open or visit.status == "awaited"
            self._require(fits, event, f"of a step that is {visit.status}")
            visit.status = "cancelled"
            return
        self._require(running, event, f"of a step that is {visit.status}")
        if event.name == "StepSucceeded":
            visit.status = "done"
        elif event.name == "StepReleased":
            visit.status = "released"
        else:
            lost = event.data.get("error", {}).get("code") == "EXECUTOR_LOST"
            often = visit.losses == len(BACKOFFS_AFTER_LOSSES) and event.data["final"]
            self._require(often or not lost, event, f"after {visit.losses} losses of its executor")
            visit.status = "failed" if event.data["final"] else "failed once"
        visit.due_at = 0

    def _step_waits(self, event: Logged) -> None:
        """Apply an event about a timer."""
        data, visit = event.data, self.steps.get(event.data["step_id"])
        if event.name == "RetryScheduled":
            self._back_off(event, visit)
            return
        if event.name in ("TimerHeld", "TimerSet"):
            self._hold_timer(event, visit)
            return
        if event.name == "SyncAwaited":
            self._require(visit is None or not visit.open, event, "of a step that is open")
            number = data["visit"]
            self.steps[data["step_id"]] = Visit(number, 0, "awaited", data["deadline_at"])
            return
        self._require(event.name == "DelayElapsed", event, "is not an event of a run")
        if visit is None or visit.status != "delayed" or visit.number != data["visit"]:
            self._require(False, event, "of a step that is not delayed")
            return
        self._require_due(event, visit)
        visit.status = "done"

    def _hold_timer(self, event: Logged, visit: Visit | None) -> None:
        """Apply TimerHeld or TimerSet."""
        holds = event.name == "TimerHeld"
        fits = visit is not None and visit.waits and visit.held != holds
        self._require(fits and bool(self.paused) == holds, event, "of a step that it doesn't fit")
        if visit is not None:
            visit.held = holds
            visit.due_at = event.data.get("due_at", visit.due_at)

    def _require_due(self, event: Logged, visit: Visit) -> None:
        """Require that a timer is due, and that no pause holds it."""
        at = event.data["at"]
        self._require(at >= visit.due_at, event, "before it was due")
        self._require(not visit.held or at == self.resumed_at, event, "although it was held")

    def _back_off(self, event: Logged, visit: Visit | None) -> None:
        """A retry follows a failure; after the loss of an executor it waits ever longer."""
        data, losses = event.data, visit.losses if visit else 0
        lost = data.get("cause") == "takeover"
        fits = visit is not None and visit.status == ("running" if lost else "failed once")
        fits = fits and visit is not None and visit.attempt + 1 == data["attempt"]
        self._require(fits, event, "without a failure before it")
        if lost:
            backoff = dict(enumerate(BACKOFFS_AFTER_LOSSES)).get(losses)
            waits = backoff == data["due_at"] - data["at"]
            self._require(waits, event, f"with a wrong backoff after {losses} losses")
        waiting = Visit(
            data["visit"], data["attempt"], "backing off", data["due_at"], losses + lost
        )
        self.steps[data["step_id"]] = waiting
