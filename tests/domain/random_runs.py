"""Random graphs of both kinds and random histories of their runs, for property tests."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TypeAlias, get_args

from hypothesis import strategies as st

from baton.domain.definition.graph import (
    Case,
    Compute,
    Condition,
    Decision,
    Delay,
    Graph,
    Retry,
    Step,
    Sync,
)
from baton.domain.errors import Rejected
from baton.domain.run.decisions import DECIDER
from baton.domain.run.hold import InFlight, Timers
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
from baton.domain.run.outcome import Error, Failed, Outcome, Succeeded, TimedOut, Token
from baton.domain.run.state import State
from tests.domain.examples import request
from tests.kit.actors import BOB, EVE

Choice: TypeAlias = tuple[int, int]
BIG = Condition(path="input.amount", op="gt", value=100)
DONE = Condition(path="steps.s0.output", op="eq", value=1)
STEPS = st.lists(st.binary(min_size=9, max_size=9), min_size=1, max_size=7)
"""Nine numbers that describe a step; drawing the steps themselves takes ten times as long."""


def _dag(drawn: Sequence[bytes]) -> Graph:
    """Return a graph of steps that need some of those drawn before them, in any order."""
    steps = [
        _step(
            f"s{place}",
            numbers,
            needs=tuple(f"s{each % place}" for each in numbers[6 : 6 + numbers[5] % 4])
            if place
            else (),
        )
        for place, numbers in enumerate(drawn)
    ]
    order = sorted(range(len(steps)), key=lambda place: drawn[place][5])
    return Graph(steps=tuple(steps[place] for place in order), flow="needs")


def _sequence(drawn: Sequence[bytes]) -> Graph:
    """Return a graph of steps with any next pointers; a low limit ends loops."""
    steps = [
        _step(f"s{place}", numbers, following=[_step_id(each, len(drawn)) for each in numbers[6:]])
        for place, numbers in enumerate(drawn)
    ]
    return Graph(steps=tuple(steps), loop_limit=1 + drawn[0][5] % 12)


def _step_id(number: int, steps: int) -> str | None:
    return None if number % 3 == 0 else f"s{number // 3 % steps}"


def _step(
    step_id: str,
    numbers: bytes,
    *,
    needs: tuple[str, ...] = (),
    following: Sequence[str | None] = (None, None, None),
) -> Step:
    first, second, third = following
    match numbers[0] % 6:
        case 4:
            delay_ms = numbers[1] % 50
            when = ((), (), (BIG,), (DONE,))[numbers[4] % 4]
            return Delay(id=step_id, delay_ms=delay_ms, next=first, needs=needs, when=when)
        case 5 if not needs and any(following):
            conditions = ((), (BIG,), (DONE,))[numbers[1] % 3]
            cases = [Case(conditions=conditions, next=each) for each in (first, second) if each]
            when = ((), (), (BIG,), (DONE,))[numbers[4] % 4]
            return Decision(id=step_id, cases=tuple(cases), default_next=third, when=when)
        case 5:
            timeout_ms = 300 if needs and numbers[1] % 2 else None
            when = ((), (), (BIG,), (DONE,))[numbers[4] % 4]
            return Sync(id=step_id, next=first, needs=needs, timeout_ms=timeout_ms, when=when)
        case _:
            return Compute(
                id=step_id,
                function="f",
                timeout_ms=1_000,
                retry=Retry(max_attempts=numbers[1] % 4, backoff_ms=numbers[2] * 2)
                if numbers[1] % 4
                else None,
                next=first,
                on_success_next=second,
                on_failure=("fail", "end", None)[numbers[3] % 3],
                needs=needs,
                when=((), (BIG,), (DONE,))[numbers[4] % 3],
            )


DAGS = STEPS.map(_dag)
GRAPHS = DAGS | STEPS.map(_sequence)
CHOICES = st.binary(max_size=80).map(
    lambda drawn: [
        (action % 20, target % 100) for action, target in zip(drawn[::2], drawn[1::2], strict=False)
    ]
)
"""Pairs (one of twenty actions, the target of the action), drawn as bytes because that is fast."""


@dataclass(slots=True)
class RandomRun:
    """A run of `graph` and its history; the time advances with each command."""

    graph: Graph
    now: int = 100
    state: State = field(default_factory=State)
    history: list[Event] = field(default_factory=list)
    reports: list[ReportOutcome] = field(default_factory=list)

    def command(self, command: Command) -> list[Event] | None:
        """Apply `command` and return its events, or None if it was refused."""
        self.now += 7
        try:
            events, self.state = DECIDER.apply(command, self.state)
        except Rejected:
            return None
        self.history += events
        if isinstance(command, ReportOutcome):
            self.reports.append(command)
        return events

    def start(self) -> None:
        self.command(request(self.graph, {"amount": 500}))
        self.command(StartRun(graph=self.graph, at=self.now))

    def open(self) -> list[tuple[str, Token]]:
        """Return the status and the token of each open step."""
        return [
            (step.status, Token(step_id=step_id, visit=step.visit, attempt=step.attempt))
            for step_id, step in self.state.steps.items()
            if step.open
        ]

    def play(self, choices: Sequence[Choice]) -> None:
        """Apply the commands that the random numbers choose, successes and failures."""
        self.start()
        for action, target in choices:
            command = self._chosen(action, target)
            if command is not None:
                self.command(command)

    def finish(self) -> None:
        """Let every open step succeed until the run ends; fails if it doesn't."""
        self.resume()
        for _ in range(1_000):
            if self.state.final:
                return
            status, token = self.open()[0]
            if status == "running":
                self.command(self._report(token, Succeeded(output=1)))
            elif status == "released":
                self.command(TakeOver(graph=self.graph, at=self.now, lost=False))
            else:
                self.now = max(self.now, self.state.steps[token.step_id].due_at)
                self.command(FireTimer(token=token, graph=self.graph, at=self.now))
        message = f"the run did not end: {self.state}"
        raise AssertionError(message)

    def resume(self) -> None:
        """Resume the run if it is paused."""
        if self.state.hold is not None:
            self.command(ResumeRun(graph=self.graph, actor=EVE, at=self.now))

    def end_indexes(self) -> Iterator[int]:
        """Yield the indexes of the events that ended the run."""
        for index, event in enumerate(self.history):
            if type(event).__name__ in ("RunCompleted", "RunFailed", "RunCancelled"):
                yield index

    def _chosen(self, action: int, target: int) -> Command | None:
        if action in (0, 19):
            return self._controlled(action, target)
        if action == 1:
            if target % 2:
                return TakeOver(graph=self.graph, at=self.now)
            tokens = tuple(token for status, token in self.open() if status == "running")
            return ReleaseAttempts(tokens=tokens[: target % 3 + 1], at=self.now)
        if action in (2, 3):
            step_id = None if action == 2 else self.graph.steps[target % len(self.graph.steps)].id
            return RetryRun(graph=self.graph, actor=EVE, at=self.now, step_id=step_id)
        if action == 4 and self.reports:
            return self.reports[target % len(self.reports)]
        late = [of for of, step in self.state.steps.items() if step.awaited]
        if action == 19 and late:
            return self._time_out(late[target % len(late)])
        return self._for_an_open_step(action, target)

    def _for_an_open_step(self, action: int, target: int) -> Command | None:
        open_steps = self.open()
        if not open_steps:
            return None
        status, token = open_steps[target % len(open_steps)]
        if status == "running" and action < 17:
            return self._report(token, _outcome(action, target))
        self.now += target * 20
        return FireTimer(token=token, graph=self.graph, at=self.now, jitter=target / 99)

    def _time_out(self, sync_id: str) -> FireTimer:
        """Return the timer of a synchronization point that is awaited, as it fires."""
        state = self.state.steps[sync_id]
        self.now = max(self.now, state.due_at)
        token = Token(step_id=sync_id, visit=state.visit, attempt=state.attempt)
        return FireTimer(token=token, graph=self.graph, at=self.now)

    def _controlled(self, action: int, target: int) -> Command:
        if action == 0:
            return CancelRun(actor=BOB, at=self.now)
        if self.state.hold is None:
            inflight: InFlight = "cancel" if target % 3 == 0 else "finish"
            return PauseRun(actor=BOB, at=self.now, inflight=inflight)
        timers = get_args(Timers)[target % 3]
        return ResumeRun(graph=self.graph, actor=EVE, at=self.now, timers=timers)

    def _report(self, token: Token, outcome: Outcome) -> ReportOutcome:
        return ReportOutcome(token=token, outcome=outcome, graph=self.graph, at=self.now)


def seeded_run(seed: int) -> RandomRun:
    """Return a random run, the same for a seed each time; two of three have ended."""
    random = Random(seed)
    drawn = [random.randbytes(9) for _ in range(1 + seed % 7)]
    run = RandomRun((_dag if seed % 2 else _sequence)(drawn))
    run.play([(random.randrange(20), random.randrange(100)) for _ in range(seed % 40)])
    if seed % 3:
        run.finish()
    return run


def _outcome(action: int, target: int) -> Outcome:
    if action in (5, 6, 7):
        error = Error(code="BROKEN", message="it broke")
        return Failed(error=error, retryable=target % 4 > 0, jitter=target / 99)
    if action == 8:
        return TimedOut(jitter=target / 99)
    return Succeeded(output=target % 3, context={"who": target} if target % 2 else None)
