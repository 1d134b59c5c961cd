"""Pausing and resuming runs: events that are recorded during a pause, and none that is lost."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given as for_any
from hypothesis import settings
from hypothesis import strategies as st

from baton.domain.definition.graph import Case, Compute, Decision, Delay, Graph, Retry, Step, Sync
from baton.domain.run.control.pausing import MAX_FIRED_AT_ONCE, HeldTimer, held_timers
from baton.domain.run.decisions import DECIDER
from baton.domain.run.hold import BY_SERVER, Hold, InFlight, Timers
from baton.domain.run.messages import Command, Event
from baton.domain.run.messages.commands import (
    CancelRun,
    FireTimer,
    PauseRun,
    ReleaseAttempts,
    ReportOutcome,
    ResumeRun,
    RetryRun,
    StartRun,
    TakeOver,
)
from baton.domain.run.messages.run_events import (
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunPaused,
    RunResumed,
    RunStarted,
)
from baton.domain.run.messages.step_events import (
    DecisionTaken,
    DelayElapsed,
    RetryScheduled,
    StepCancelled,
    StepReleased,
    StepStarted,
    StepSucceeded,
    SyncReached,
    TimerHeld,
    TimerSet,
)
from baton.domain.run.outcome import Error, Failed, Outcome, Succeeded, Token
from baton.domain.run.state import State
from baton.domain.run.steps import NO_ATTEMPT
from tests.domain.examples import fail, fire, request, running, succeed, time_out, token
from tests.domain.random_runs import BIG, GRAPHS
from tests.domain.specification import given
from tests.kit.actors import BOB, EVE
from tests.kit.definitions import compute, dag, sequence

CHAIN = sequence(compute("a", next="b"), compute("b"))
NAP = sequence(Delay(id="nap", delay_ms=100, next="b"), compute("b"))
KEEN = sequence(compute("a", retry=Retry(max_attempts=3, backoff_ms=10)))
PAUSE = PauseRun(actor=BOB, at=40, reason="lunch")
CUT = replace(PAUSE, inflight="cancel")


def resume(graph: Graph, at: int = 500, timers: Timers = "fire") -> ResumeRun:
    return ResumeRun(graph=graph, actor=EVE, at=at, timers=timers)


def paused(inflight: InFlight = "finish") -> RunPaused:
    return RunPaused(actor=BOB, at=40, reason="lunch", inflight=inflight)


def resumed(at: int = 500, timers: Timers = "fire") -> RunResumed:
    return RunResumed(actor=EVE, at=at, timers=timers)


def begun(step_id: str, attempt: int = 1, at: int = 500, cause: str = "start") -> StepStarted:
    return StepStarted(
        step_id=step_id,
        visit=1,
        attempt=attempt,
        at=at,
        function=f"do-{step_id}",
        deadline_at=at + 300_000,
        cause=cause,  # type: ignore[arg-type]
    )


def held(step_id: str, attempt: int = 1, at: int = 40) -> TimerHeld:
    return TimerHeld(step_id=step_id, visit=1, attempt=attempt, at=at)


def elapsed(step_id: str, at: int = 500) -> DelayElapsed:
    return DelayElapsed(step_id=step_id, visit=1, at=at)


def test_an_outcome_that_arrives_in_a_paused_run_is_recorded_and_starts_nothing() -> None:
    run = running(CHAIN).when(PAUSE).then(paused())
    arrived = run.when(succeed(CHAIN, "a", at=50)).then(
        StepSucceeded(step_id="a", visit=1, attempt=1, at=50)
    )

    assert arrived.state.status == "paused"
    arrived.when(resume(CHAIN)).then(resumed(), begun("b"))


def test_a_paused_run_does_not_end_before_it_is_resumed() -> None:
    graph = sequence(compute("a"))
    run = running(graph).after(PAUSE, succeed(graph, "a", at=50))

    assert not run.state.final
    run.when(resume(graph)).then(resumed(), RunCompleted(at=500))


def test_pausing_again_decides_nothing() -> None:
    running(CHAIN).after(PAUSE).when(replace(CUT, at=60)).then_nothing()


def test_a_run_that_the_hold_paused_can_be_paused_by_a_user_too() -> None:
    hold, release = replace(PAUSE, actor=BY_SERVER), replace(resume(NAP, 80), actor=BY_SERVER)
    both = running(NAP).after(hold).when(replace(PAUSE, at=60))
    run = both.then(RunPaused(actor=BOB, at=60, reason="lunch"))

    assert run.state.hold == Hold(at=60, was="running", timers={"nap": 40})
    run.when(replace(PAUSE, at=70)).then_nothing()
    run.when(replace(hold, at=70)).then_nothing()
    run.when(release).then_nothing()
    run.when(resume(NAP)).then(resumed(), elapsed("nap"), begun("b"))


def test_a_pending_run_that_was_paused_twice_starts_when_it_is_resumed() -> None:
    run = given(DECIDER).after(request(CHAIN), replace(PAUSE, actor=BY_SERVER), PAUSE)

    run.when(resume(CHAIN)).then(resumed(), RunStarted(at=500), begun("a"))


def test_only_an_unfinished_run_is_paused_and_only_a_paused_one_resumed() -> None:
    over = running(CHAIN).after(fail(CHAIN, "a"))

    over.when(PAUSE).then_refused("conflict", reason="run_ended", status="failed")
    over.when(resume(CHAIN)).then_refused("conflict", reason="run_not_paused", status="failed")
    running(CHAIN).when(resume(CHAIN)).then_refused("conflict", status="running")
    given(DECIDER).when(PAUSE).then_refused("not_found", subject="run")
    given(DECIDER).when(resume(CHAIN)).then_refused("not_found", subject="run")


def test_a_run_paused_before_it_started_starts_when_it_is_resumed() -> None:
    run = given(DECIDER).after(request(CHAIN), PAUSE)

    run.when(StartRun(graph=CHAIN, at=50)).then_nothing()
    run.when(resume(CHAIN)).then(resumed(), RunStarted(at=500), begun("a"))


def test_a_delay_of_a_paused_run_does_not_end() -> None:
    run = running(NAP).when(PAUSE).then(paused(), held("nap"))

    run.when(fire(NAP, "nap", at=10**6)).then_nothing()


@pytest.mark.parametrize(
    ("at", "timers", "events"),
    [
        (500, "fire", [elapsed("nap"), begun("b")]),
        (60, "skip", [elapsed("nap", at=60), begun("b", at=60)]),
    ],
)
def test_a_delay_ends_when_its_run_is_resumed(
    at: int, timers: Timers, events: list[object]
) -> None:
    running(NAP).after(PAUSE).when(resume(NAP, at, timers)).then(resumed(at, timers), *events)


@pytest.mark.parametrize(("at", "timers", "due_at"), [(60, "fire", 120), (500, "shift", 580)])
def test_a_delay_continues_when_its_run_is_resumed(at: int, timers: Timers, due_at: int) -> None:
    again = TimerSet(step_id="nap", visit=1, attempt=1, kind="delay", due_at=due_at, at=at)
    run = running(NAP).after(PAUSE).when(resume(NAP, at, timers)).then(resumed(at, timers), again)

    run.when(fire(NAP, "nap", at=due_at - 1)).then_nothing()
    run.when(fire(NAP, "nap", at=due_at)).then(elapsed("nap", due_at), begun("b", at=due_at))


def test_a_backoff_that_begins_during_the_pause_is_held_from_then_on() -> None:
    run = running(KEEN).after(PAUSE).when(fail(KEEN, "a", at=90))
    later = run.then_ends_with(
        RetryScheduled(step_id="a", visit=1, attempt=2, due_at=100, at=90), held("a", 2, at=90)
    )
    again = TimerSet(step_id="a", visit=1, attempt=2, kind="backoff", due_at=510, at=500)

    later.when(resume(KEEN)).then(resumed(), begun("a", 2, cause="retry"))
    later.when(resume(KEEN, timers="shift")).then(resumed(timers="shift"), again)


def test_a_retry_without_backoff_waits_for_the_end_of_the_pause() -> None:
    graph = sequence(compute("a", retry=Retry(max_attempts=2, backoff_ms=0)))
    run = running(graph).after(PAUSE, fail(graph, "a", at=90))

    assert run.state.steps["a"].status == "backing_off"
    run.when(resume(graph)).then(resumed(), begun("a", 2, cause="retry"))


def test_the_deadline_of_an_attempt_runs_on() -> None:
    run = running(KEEN).after(PAUSE)

    assert len(run.when(fire(KEEN, "a", at=10**6)).decided()) == 3
    assert run.after(time_out(KEEN, "a", at=50)).state.steps["a"].status == "backing_off"


def test_attempts_are_cancelled_with_the_pause_and_start_again_without_a_failure() -> None:
    cut = StepReleased(step_id="a", visit=1, attempt=1, at=40, cause="pause")
    run = running(KEEN).when(CUT).then(paused("cancel"), cut)

    run.when(succeed(KEEN, "a", at=50)).then_refused("stale_attempt")
    run.when(TakeOver(graph=KEEN, at=50, lost=False)).then_nothing()
    again = run.when(resume(KEEN)).then(resumed(), begun("a", 2, cause="handover"))
    assert again.state.steps["a"].failures == 0


def test_an_executor_that_is_lost_or_stops_during_the_pause_loses_nothing() -> None:
    run = running(CHAIN).after(PAUSE)
    lost = run.after(TakeOver(graph=CHAIN, at=50))
    stopped = run.after(ReleaseAttempts(tokens=(token("a"),), at=50))

    assert lost.state.steps["a"].status == "backing_off"
    lost.when(fire(CHAIN, "a", attempt=2, at=10**6)).then_nothing()
    lost.when(resume(CHAIN, at=2_000)).then(resumed(2_000), begun("a", 2, 2_000, "retry"))
    stopped.when(TakeOver(graph=CHAIN, at=60, lost=False)).then_nothing()
    stopped.when(resume(CHAIN)).then(resumed(), begun("a", 2, cause="handover"))


def test_a_paused_run_is_cancelled_and_retried_like_any_other() -> None:
    cut = StepCancelled(step_id="nap", visit=1, attempt=1, at=50)
    run = running(NAP).after(PAUSE)
    run.when(RetryRun(graph=NAP, actor=EVE, at=50)).then_refused("conflict")
    over = run.when(CancelRun(actor=EVE, at=50)).then(cut, RunCancelled(actor=EVE, at=50))

    assert over.state.hold is None
    reopened = over.after(RetryRun(graph=NAP, actor=EVE, at=60))
    assert reopened.state.status == "running"
    assert reopened.after(fire(NAP, "nap", visit=2, at=160)).state.steps["b"].status == "running"


def test_a_decision_is_taken_with_the_data_of_the_resume() -> None:
    graph = sequence(
        compute("a", next="which"), Decision(id="which", cases=(Case(conditions=(BIG,), next="a"),))
    )
    run = running(graph, {"amount": 1}).after(PAUSE, succeed(graph, "a", at=50))
    _, taken, over = run.when(resume(graph)).decided()

    assert isinstance(taken, DecisionTaken)
    assert over == RunCompleted(at=500)


BOTH = dag(compute("a"), compute("b"), Sync(id="both", needs=("a", "b"), timeout_ms=100))
"""Both steps are awaited until 120; the pause begins at 40."""


def at_the_point(at: int) -> FireTimer:
    return FireTimer(token=Token("both", 1, NO_ATTEMPT), graph=BOTH, at=at)


def test_a_synchronization_point_does_not_time_out_while_its_run_is_paused() -> None:
    run = running(BOTH).after(succeed(BOTH, "a")).when(PAUSE).then(paused(), held("both", 0))

    run.when(at_the_point(10**6)).then_nothing()
    arrived = run.after(succeed(BOTH, "b", at=300))
    events = arrived.when(resume(BOTH)).decided()
    assert [type(one) for one in events] == [RunResumed, SyncReached, RunCompleted]


@pytest.mark.parametrize(
    ("timers", "at", "fails_at"), [("fire", 500, 500), ("skip", 100, 120), ("shift", 500, 580)]
)
def test_the_time_of_a_point_that_is_not_reached_in_the_pause_ends_after_it(
    timers: Timers, at: int, fails_at: int
) -> None:
    run = running(BOTH).after(succeed(BOTH, "a"), PAUSE, resume(BOTH, at, timers))

    if fails_at > at:
        run.when(at_the_point(fails_at - 1)).then_nothing()
        run = run.after(at_the_point(fails_at))
    end = run.history[-1]
    assert isinstance(end, RunFailed)
    assert (end.step_id, end.error.code, end.at) == ("both", "TIMEOUT", fails_at)


def test_due_timers_fire_in_order_and_too_many_are_left_to_the_scheduler() -> None:
    many = MAX_FIRED_AT_ONCE + 2
    naps = [Delay(id=f"n{place}", delay_ms=many - place) for place in range(many)]
    graph = Graph(steps=tuple(naps), flow="needs")
    run = running(graph).after(replace(PAUSE, at=20))
    first, *left, last = run.when(resume(graph, at=9_000)).decided()[: MAX_FIRED_AT_ONCE + 3]

    assert first == resumed(9_000)
    assert [one.step_id for one in left[:2]] == ["n1", "n0"]
    assert all(isinstance(one, TimerSet) and one.due_at < 9_000 for one in left[:2])
    assert left[2] == elapsed(f"n{many - 1}", 9_000)
    assert last == elapsed("n2", 9_000)


def test_the_held_timers_are_shown_as_the_resume_treats_them() -> None:
    state = running(NAP).after(PAUSE).state
    nap = HeldTimer(
        step_id="nap", visit=1, attempt=1, kind="delay", due_at=120, ends_at=120, fires=True
    )

    assert state.hold == Hold(at=40, was="running", timers={"nap": 40})
    assert held_timers(state, 500, "fire") == [nap]
    assert held_timers(state, 500, "shift") == [replace(nap, ends_at=580, fires=False)]
    assert held_timers(state, 60, "skip") == [replace(nap, ends_at=60)]


# --- any run, with and without pauses -------------------------------------------------------------

PAUSES = st.lists(
    st.tuples(
        st.integers(0, 12),
        st.integers(1, 6),
        st.sampled_from(("finish", "cancel")),
        st.sampled_from(("fire", "shift", "skip")),
    ),
    max_size=3,
)
"""Pauses of a run: after how many turns, for how many, and the options of both commands."""


def timeless(graph: Graph) -> Graph:
    """Return a graph whose runs depend neither on the order in which steps end nor on the time."""
    return replace(graph, steps=tuple(_timeless(one) for one in graph.steps))


def _timeless(step: Step) -> Step:
    if isinstance(step, Compute):
        return replace(step, when=(BIG,) if step.when else ())
    return replace(step, timeout_ms=None) if isinstance(step, Sync) else step


@dataclass(slots=True)
class Play:
    """Plays a run whose functions depend on nothing but step, visit and number of failures."""

    graph: Graph
    now: int = 100
    state: State = field(default_factory=State)
    history: list[Event] = field(default_factory=list)

    def command(self, command: Command) -> Sequence[object]:
        self.now += 7
        events, self.state = DECIDER.apply(command, self.state)
        self.history += events
        return events

    def start(self) -> None:
        self.command(request(self.graph, {"amount": 500}))
        self.command(StartRun(graph=self.graph, at=self.now))

    def turn(self, number: int) -> None:
        """Advance the open step that `number` chooses, or none if all are held."""
        able = [
            (step_id, step)
            for step_id, step in self.state.steps.items()
            if step.status == "running" or (step.open and self.state.hold is None)
        ]
        if not able:
            return
        step_id, step = able[number % len(able)]
        token = Token(step_id, step.visit, step.attempt)
        if step.status == "running":
            outcome = outcome_of(step_id, step.visit, step.failures)
            self.command(ReportOutcome(token=token, outcome=outcome, graph=self.graph, at=self.now))
        else:
            self.now = max(self.now, step.due_at)
            self.command(FireTimer(token=token, graph=self.graph, at=self.now))

    def ends(self) -> tuple[str, object, dict[str, tuple[object, ...]]]:
        """Play on to the end; return the status, the outputs and the outcome of each step."""
        for number in range(2_000):
            if self.state.final:
                break
            self.turn(number)
        steps = self.state.steps.items()
        outcomes: dict[str, tuple[object, ...]] = {
            name: (step.status, step.visit, step.failures) for name, step in steps
        }
        return self.state.status, self.state.outputs, outcomes


def outcome_of(step_id: str, visit: int, failures: int) -> Outcome:
    number = sum(map(ord, step_id)) * 7 + visit * 5 + failures * 3
    if number % 4 == 0:
        return Failed(error=Error(code="BROKEN", message="it broke"), retryable=number % 3 > 0)
    return Succeeded(output=number)


def play_with_pauses(graph: Graph, pauses: Sequence[tuple[int, int, InFlight, Timers]]) -> Play:
    run = Play(graph)
    run.start()
    for after, length, inflight, timers in pauses:
        for number in range(after):
            run.turn(number)
        if run.state.final:
            break
        run.command(PauseRun(actor=BOB, at=run.now, inflight=inflight))
        for number in range(length):
            run.now += 11
            run.turn(number)
        assert run.state.status == "paused"
        run.command(ResumeRun(graph=graph, actor=EVE, at=run.now, timers=timers))
    return run


@settings(max_examples=300)
@for_any(GRAPHS.map(timeless), PAUSES)
def test_a_run_ends_as_it_would_have_without_pauses(
    graph: Graph, pauses: list[tuple[int, int, InFlight, Timers]]
) -> None:
    plain = Play(graph)
    plain.start()

    assert play_with_pauses(graph, pauses).ends() == plain.ends()


def count(kind: type, events: Sequence[object]) -> int:
    return sum(isinstance(one, kind) for one in events)


@settings(max_examples=150)
@for_any(GRAPHS.map(timeless), st.integers(0, 12), st.sampled_from(("fire", "shift", "skip")))
def test_the_held_timers_are_those_that_the_resume_fires_or_sets(
    graph: Graph, turns: int, timers: Timers
) -> None:
    run = Play(graph)
    run.start()
    for number in range(turns):
        run.turn(number)
    if run.state.final:
        return
    run.command(PauseRun(actor=BOB, at=run.now))
    run.now += 40
    foretold = held_timers(run.state, run.now, timers)
    events = run.command(ResumeRun(graph=graph, actor=EVE, at=run.now, timers=timers))
    retries = [one for one in events if isinstance(one, StepStarted) and one.cause == "retry"]

    assert count(TimerSet, events) == sum(not one.fires for one in foretold)
    assert count(DelayElapsed, events) + len(retries) == sum(one.fires for one in foretold)
