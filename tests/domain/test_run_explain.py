"""Explanations of runs: every state has a reason, and every announced event happens."""

from dataclasses import replace

from hypothesis import given as for_any
from hypothesis import settings

from baton.domain.definition.graph import Delay, Graph, Retry, Sync
from baton.domain.run.control.explain import explain
from baton.domain.run.control.explanation import Explanation, NextEvent
from baton.domain.run.decisions import DECIDER
from baton.domain.run.messages.commands import CancelRun, FireTimer, PauseRun, StartRun, TakeOver
from baton.domain.run.outcome import Token
from baton.domain.run.steps import Steps
from baton.eventlog.events.envelope import Recorded
from baton.projector.folding import fold_events
from baton.projector.views.runs.view import VIEW as RUNS
from tests.domain.examples import BROKEN, fail, request, running, succeed
from tests.domain.random_runs import CHOICES, GRAPHS, Choice, RandomRun
from tests.domain.specification import Given, given
from tests.kit.actors import BOB
from tests.kit.definitions import compute, dag, sequence

KEEN = sequence(compute("a", retry=Retry(max_attempts=3, backoff_ms=10)))
WIDE = dag(compute("a"), compute("b"), compute("join", needs=("a", "b")))


def explained(graph: Graph, run: Given, now: int = 100) -> Explanation:
    return explain(graph, run.state, now, run.history)


def codes(found: Explanation) -> list[tuple[str, str | None]]:
    return [(one.code, one.step_id) for one in found.because]


def test_a_running_step_names_its_function_attempt_and_deadline() -> None:
    found = explained(KEEN, running(KEEN))
    (reason,) = found.because

    assert (reason.code, reason.function, reason.attempt, reason.of) == ("RUNNING", "do-a", 1, 3)
    assert (reason.since, reason.due_at, reason.last_error) == (20, 300_020, None)
    assert found.next == (NextEvent(event="StepTimedOut", step_id="a", due_at=300_020),)


def test_a_backoff_names_the_failure_before_it() -> None:
    (reason,) = explained(KEEN, running(KEEN).after(fail(KEEN, "a"))).because

    assert (reason.code, reason.attempt, reason.due_at, reason.last_error) == (
        "BACKOFF",
        2,
        40,
        BROKEN,
    )


def test_a_delay_says_whether_it_is_due() -> None:
    graph = sequence(Delay(id="nap", delay_ms=100))
    early, late = (explained(graph, running(graph), now).because[0].text for now in (100, 200))

    assert (early, late) == ("It waits in a delay", "Its delay is due")


def test_a_step_names_what_it_needs_and_what_of_that_failed() -> None:
    waiting, blocked = (
        explained(WIDE, running(WIDE).after(*commands)).because[-1]
        for commands in ([succeed(WIDE, "a")], [fail(WIDE, "a")])
    )

    assert (waiting.code, waiting.needs, waiting.text) == ("NEEDS", ("b",), "It waits for 'b'")
    assert (blocked.needs, blocked.text) == (("a", "b"), "It never starts, because 'a' failed")


def test_a_step_that_needs_an_awaited_point_waits_for_it() -> None:
    graph = dag(
        compute("a"), Sync(id="point", needs=("a",), timeout_ms=500), compute("b", needs=("point",))
    )
    reasons = {one.step_id: one for one in explained(graph, running(graph)).because}

    assert (reasons["point"].text, reasons["point"].due_at) == ("It waits for 'a'", 520)
    assert reasons["b"].text == "It waits for 'point'"


def test_a_requested_run_waits_for_an_executor() -> None:
    found = explained(KEEN, given(DECIDER).after(request(KEEN)))

    assert (codes(found), found.next) == ([("QUEUED", None)], (NextEvent(event="RunStarted"),))


def test_a_finished_run_says_how_it_ended() -> None:
    failed = explained(KEEN, running(KEEN).after(fail(KEEN, "a", retryable=False)))
    cancelled = explained(KEEN, running(KEEN).after(CancelRun(actor=BOB, at=50, reason="enough")))

    assert failed.because[0].text == "The run failed at step 'a' with BROKEN: it broke"
    assert cancelled.because[0].text == f"{BOB.subject} cancelled the run: enough"
    assert failed.next == cancelled.next == ()


def test_a_paused_run_names_who_paused_it_and_the_events_that_follow() -> None:
    found = explained(WIDE, running(WIDE).after(PauseRun(actor=BOB, at=40, reason="lunch")))

    assert codes(found) == [
        ("PAUSED", None),
        ("RUNNING", "a"),
        ("RUNNING", "b"),
        ("NEEDS", "join"),
    ]
    assert found.because[0].text.startswith(f"{BOB.subject} paused the run (lunch)")
    assert [one.event for one in found.next] == ["RunResumed", "StepTimedOut", "StepTimedOut"]


def test_a_held_delay_keeps_the_time_at_which_it_began() -> None:
    graph = sequence(Delay(id="nap", delay_ms=100))
    pause, nap = explained(graph, running(graph).after(PauseRun(actor=BOB, at=40))).because

    assert (pause.since, nap.since, nap.due_at) == (40, 20, 120)


def test_a_planted_stuck_state_is_reported() -> None:
    lost = replace(running(KEEN).state, steps=Steps(), open=0)
    found = explain(KEEN, lost, 100)

    assert (found.stuck, found.next, codes(found)) == (True, (), [("STUCK", None)])


def play(run: RandomRun, announced: NextEvent) -> list[str]:
    """Let the event that an explanation announced happen; return the names of all events."""
    at = run.now if announced.due_at is None else max(run.now, announced.due_at)
    if announced.event == "RunStarted":
        events = DECIDER.decide(StartRun(graph=run.graph, at=at), run.state)
    elif announced.event == "RunResumed":
        run.resume()
        return [type(one).__name__ for one in run.history]
    elif announced.due_at is None:
        events = DECIDER.decide(TakeOver(graph=run.graph, at=at, lost=False), run.state)
    else:
        step = run.state.steps[str(announced.step_id)]
        token = Token(str(announced.step_id), step.visit, step.attempt)
        events = DECIDER.decide(FireTimer(token=token, graph=run.graph, at=at), run.state)
    return [type(one).__name__ for one in events if announced.step_id in (None, _step(one))]


def _step(event: object) -> object:
    return getattr(event, "step_id", None)


def shown_status(run: RandomRun) -> str:
    """Return the status that the view of runs shows."""
    recorded = [
        Recorded(stream="t/run/r1", version=version, position=version, event=event)
        for version, event in enumerate(run.history, 1)
    ]
    (document,) = fold_events(RUNS, recorded).values()
    return document.status


@settings(max_examples=300)
@for_any(GRAPHS, CHOICES)
def test_every_unfinished_run_is_explained_and_what_is_announced_happens(
    graph: Graph, choices: list[Choice]
) -> None:
    run = RandomRun(graph)
    run.play(choices)
    found = explain(graph, run.state, run.now, run.history)

    assert found.because
    assert found.status == shown_status(run)
    assert not found.stuck
    assert bool(found.next) != run.state.final
    for announced in found.next:
        assert announced.event in play(run, announced)
