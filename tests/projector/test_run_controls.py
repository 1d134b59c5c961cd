"""The controls of a run's document: the causes that the run waits for, and its actions."""

from collections.abc import Sequence

from hypothesis import given, settings

from baton.domain.definition.graph import Graph
from baton.domain.errors import InConflict
from baton.domain.run.control.actions import Action, refusal_of
from baton.domain.run.control.explain import explain
from baton.domain.run.decisions import DECIDER
from baton.domain.run.messages import Command
from baton.domain.run.messages.commands import CancelRun, PauseRun, ResumeRun, RetryRun
from baton.domain.run.messages.run_events import RunBranched, RunFailed
from baton.domain.run.state import State
from baton.eventlog.events.envelope import Recorded
from baton.projector.views.runs.view import VIEW, Document
from tests.domain.random_runs import CHOICES, GRAPHS, Choice, RandomRun
from tests.kit.actors import EVE
from tests.projector.run_events import BEGUN, RUN, ViewFold
from tests.projector.test_view_runs import ERROR, run


def commands(graph: Graph) -> dict[Action, Command]:
    return {
        "cancel": CancelRun(actor=EVE, at=10**9),
        "pause": PauseRun(actor=EVE, at=10**9),
        "resume": ResumeRun(graph=graph, actor=EVE, at=10**9),
        "retry": RetryRun(graph=graph, actor=EVE, at=10**9),
    }


def refusal(command: Command, state: State) -> InConflict | None:
    try:
        DECIDER.decide(command, state)
    except InConflict as refused:
        return refused
    return None


@settings(max_examples=150)
@given(GRAPHS, CHOICES)
def test_a_document_holds_the_actions_and_the_waits_of_its_run(
    graph: Graph, choices: Sequence[Choice]
) -> None:
    played = RandomRun(graph)
    played.play(choices)
    document = ViewFold(VIEW).after(played.history).only
    assert isinstance(document, Document)

    for action, command in commands(graph).items():
        refused = refusal_of(action, document.status, reopenable=document.reopenable)
        decided = refusal(command, played.state)
        assert (refused and refused.reason) == (decided and decided.reason), action
    explained = explain(graph, played.state, played.now, played.history)
    assert explained.because
    assert explained.status == document.status
    assert not explained.stuck
    assert document.idle is False
    if played.state.final:
        assert document.waits_for is None
    else:
        assert document.waits_for in {one.code for one in explained.because}


def test_a_run_without_an_open_step_is_idle_since_its_newest_event() -> None:
    begun = run(*BEGUN)

    assert (begun.idle, begun.idle_since, begun.waits_for) == (True, 20, None)
    assert VIEW.columns(begun)[8] == 1


def test_a_failed_run_is_handled_by_its_newest_rerun() -> None:
    failed = RunFailed(at=50, error=ERROR, step_id="a")
    views = ViewFold(VIEW).after([*BEGUN, failed])
    before = VIEW.columns(views.only)[9]
    branched = RunBranched(source=RUN, source_version=3, position=30, at=60)

    source: Document | None = None
    for rerun in ("rerun1", "rerun2"):
        event = Recorded(60, f"acme/run/{rerun}", 2, branched)
        assert VIEW.keys(event) == (("acme", rerun), ("acme", RUN))
        source = VIEW.evolve(views.only, event)
        assert source is not None
        assert source.rerun_id == rerun
        assert VIEW.evolve(None, event) is None
    assert source is not None
    assert (before, VIEW.columns(source)[9], source.version) == (0, 1, 3)
