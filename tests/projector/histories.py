"""Random histories of every aggregate with a view, decided by the domain's own rules."""

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from random import Random
from typing import Any, get_args

from baton.domain.api_key.decisions import DECIDER as API_KEY
from baton.domain.api_key.messages import CreateApiKey, RevokeApiKey
from baton.domain.artifact import MAX_INLINE_BYTES, Artifact, UnreadableValue, Values
from baton.domain.bulk.decisions import DECIDER as BULK
from baton.domain.decider import Decider
from baton.domain.definition.decisions import DECIDER as DEFINITION
from baton.domain.definition.graph import (
    Case,
    Compute,
    Condition,
    Decision,
    Delay,
    Graph,
    Retry,
    Sync,
)
from baton.domain.definition.messages import (
    Body,
    DeleteDefinition,
    DisableVersion,
    PublishVersion,
    Status,
    UpdateDefinition,
)
from baton.domain.definition.trigger import (
    EventTrigger,
    ManualTrigger,
    ScheduleTrigger,
    Trigger,
    WebhookTrigger,
)
from baton.domain.delivery.decisions import DECIDER as DELIVERY
from baton.domain.errors import Rejected
from baton.domain.ids import derived_id
from baton.domain.json import JsonObject
from baton.domain.record.decisions import DECIDER as RECORD
from baton.domain.record.messages import ReceiveRecord
from baton.domain.run.decisions import DECIDER as RUN
from baton.domain.run.hold import InFlight, Timers
from baton.domain.run.messages import Command
from baton.domain.run.messages.commands import (
    CancelRun,
    FireTimer,
    PauseRun,
    ReleaseAttempts,
    ReportOutcome,
    RequestRun,
    ResumeRun,
    RetryRun,
    StartRun,
    TakeOver,
)
from baton.domain.run.outcome import Error, Failed, Outcome, Succeeded, TimedOut, Token
from baton.domain.run.trigger import BY_HAND, Branch, ByRecord, CopiedStep
from baton.domain.schedule.decisions import DECIDER as SCHEDULE
from baton.domain.schedule.messages import (
    CreateSchedule,
    DeleteSchedule,
    Fire,
    Miss,
    RecordTick,
    Skip,
)
from baton.domain.schedule.timetable import Cron, Interval
from baton.domain.stream import stream_name
from baton.domain.user.decisions import DECIDER as USER
from baton.domain.user.messages import AddUser, RemoveUser
from baton.domain.webhook.decisions import DECIDER as WEBHOOK
from baton.eventlog.events.envelope import Recorded
from tests.kit.actors import ANN, BOB, EVE
from tests.kit.definitions import compute, create_definition
from tests.projector.bulk_turns import bulk_turn
from tests.projector.webhook_turns import webhook_turn

START = 1_700_000_000_000
TENANTS = ("acme", "globex")
GRANT_EVERY = 10
"""Commands between two changes of access, which draw no random numbers."""
TELL_EVERY = 5
"""Commands between two turns of webhooks, which draw none either."""
BULK_EVERY = 9
"""Commands between two turns of bulks, which draw none either."""

PAUSE_EVERY = 7
"""Commands between two pauses of a run, where it is a run's turn."""

LOST = Artifact("ab" * 32, MAX_INLINE_BYTES + 1)
"""A large output that no store has any more."""
_LOST_VALUES: Values = {LOST.sha256: UnreadableValue("it is missing")}
_LOGS = Artifact("cd" * 32, 40)

_RETRY = Retry(max_attempts=3, backoff_ms=100)


_compute = partial(compute, retry=_RETRY)

_BIG = Condition(path="steps.count.output.total", op="gt", value=3)
_NEVER = Condition(path="input.never", op="exists")
GRAPHS = (
    Graph(
        steps=(
            _compute("count", next="choose"),
            Decision(
                id="choose", cases=(Case(conditions=(_BIG,), next="rest"),), default_next="count"
            ),
            Delay(id="rest", delay_ms=50, next="last"),
            _compute("last", on_failure="end"),
        ),
        loop_limit=12,
    ),
    Graph(
        steps=(
            _compute("a"),
            _compute("b", needs=("a",)),
            _compute("c", needs=("a",), when=(_NEVER,)),
            Delay(id="d", delay_ms=70, needs=("a",)),
            Sync(id="all", needs=("b", "c", "d"), timeout_ms=600_000),
            _compute("z", needs=("all",)),
        ),
        flow="needs",
    ),
    Graph(steps=(Compute(id="only", function="noop"),)),
)
BY_RECORD = ByRecord(
    event_type="record.created", structure="orders", record_id="rec_1", event_id="e1"
)
TRIGGERS: tuple[Trigger, ...] = (
    ManualTrigger(),
    EventTrigger(event_type="record.created", structure="orders"),
    ScheduleTrigger(timetable=Interval(every_ms=60_000)),
    ScheduleTrigger(timetable=Cron(expression="0 9 * * *")),
    WebhookTrigger(path="hooks/stripe", configured_path="/hooks/stripe"),
)

STATUSES: tuple[Status, ...] = ("active", "active", "active", "paused", "draft")


class History:
    """A log and the states it leads to; `act` appends the events of one random command.

    With `artifacts`, events name artifacts that no store has.
    """

    def __init__(self, random: Random, *, artifacts: bool = False) -> None:
        self._artifacts = artifacts
        self.events: list[Recorded] = []
        self._random = random
        self._now = START
        self._position = self._turns = 0
        self._states: dict[str, dict[str, Any]] = {
            kind: {} for kind in ("definition", "run", "schedule", "api_key", "user")
        }
        self._versions: dict[str, int] = {}

    def act(self) -> None:
        """Decide one command; a rejected one adds nothing."""
        self._now += self._random.randrange(1, 80)
        actions = [
            self._publish,
            self._request,
            *[self._advance_run] * 6,
            self._tick,
            self._schedule,
        ]
        actions += [self._stop, self._change, self._change, self._receive]
        with suppress(Rejected):
            self._random.choice(actions)()
        self._turns += 1
        if self._turns % GRANT_EVERY == 0:
            self._grant()
        if self._turns % TELL_EVERY == 0:
            for stream, command in webhook_turn(self._turns // TELL_EVERY - 1, self._now):
                self._decide(WEBHOOK if "/webhook/" in stream else DELIVERY, stream, command)
        if self._turns % BULK_EVERY == 0:
            self._decide(BULK, *bulk_turn(self._turns // BULK_EVERY - 1, self._now))

    def _publish(self) -> None:
        command = create_definition(
            derived_id("definition", str(self._position)),
            self._body(),
            tenant=self._random.choice(TENANTS),
            slug=f"slug-{self._position}",
            at=self._now,
        )
        stream = stream_name(command.tenant, "definition", command.definition_id)
        self._decide(DEFINITION, stream, command)

    def _change(self) -> None:
        if not (stream := self._any("definition")):
            return
        body = self._body()
        label = f"{self._random.randrange(9)}.{self._random.randrange(99)}"
        commands = (
            UpdateDefinition(body=body, actor=BOB, at=self._now),
            PublishVersion(body=body, actor=BOB, at=self._now, label=label, signature="a..b"),
            DisableVersion(version=self._random.randrange(1, 4), actor=BOB, at=self._now),
        )
        self._decide(DEFINITION, stream, self._random.choice(commands))

    def _stop(self) -> None:
        kind = self._random.choice(("definition", "schedule", "run"))
        if not (stream := self._any(kind)):
            return
        if kind == "run":
            self._decide(RUN, stream, CancelRun(actor=EVE, at=self._now, reason="enough"))
        elif kind == "schedule":
            self._decide(SCHEDULE, stream, DeleteSchedule(actor=EVE, at=self._now))
        else:
            self._decide(DEFINITION, stream, DeleteDefinition(actor=EVE, at=self._now))

    def _body(self) -> Body:
        return Body(
            name=f"Name {self._now % 7}",
            trigger=self._random.choice(TRIGGERS),
            graph=self._random.choice(GRAPHS),
            status=self._random.choice(STATUSES),
        )

    def _request(self) -> None:
        if not (stream := self._any("definition")):
            return
        ident = derived_id("run", str(self._position))
        definition = self._states["definition"][stream]
        command = RequestRun(
            run_id=ident,
            definition=definition,
            trigger=BY_RECORD if self._now % 3 else BY_HAND,
            actor=ANN,
            at=self._now,
            input={"n": self._now, "text": "größer", "list": [1, 2.5, None]},
            context={"from": "start"},
            correlation_id="c-1",
            branch=self._branch(definition.tenant, definition.body.graph),
        )
        run = stream_name(definition.tenant, "run", ident)
        self._decide(RUN, run, command)
        self._decide(RUN, run, StartRun(graph=definition.body.graph, at=self._now))

    def _branch(self, tenant: str, graph: Graph) -> Branch | None:
        """Return what every fourth run takes over from another; draws no random number."""
        first = graph.steps[0]
        runs = [one for one in self._states["run"] if one.startswith(f"{tenant}/")]
        if self._turns % 4 or len(graph.steps) == 1 or not runs:
            return None
        copied = CopiedStep(step_id=first.id, visit=1, kind="compute", output={"total": 5}, size=11)
        entry = graph.steps[1].id if graph.flow == "next" else None
        source = runs[self._turns // 4 % min(2, len(runs))].rpartition("/")[2]
        return Branch(source=source, source_version=7, position=3, copied=(copied,), entry=entry)

    def _advance_run(self) -> None:
        """Advance one run by an outcome, a timer, a release, a takeover, or a manual retry."""
        if not (stream := self._any("run")):
            return
        state = self._states["run"][stream]
        definition = self._states["definition"][
            stream_name(state.tenant, "definition", state.definition_id)
        ]
        graph = definition.versions[state.definition_version].graph
        if state.final or state.hold is not None or self._turns % PAUSE_EVERY == 0:
            self._control(stream, graph)
            return
        open_steps = [ident for ident, step in state.steps.items() if step.open]
        if not open_steps:
            return
        ident = self._random.choice(open_steps)
        step = state.steps[ident]
        token = Token(step_id=ident, visit=step.visit, attempt=step.attempt)
        if step.status == "released":
            command = TakeOver(graph=graph, at=self._now, lost=False, values=_LOST_VALUES)
            self._decide(RUN, stream, command)
        elif step.status != "running":
            self._now = max(self._now, step.due_at)
            fired = FireTimer(token=token, graph=graph, at=self._now, values=_LOST_VALUES)
            self._decide(RUN, stream, fired)
        elif (chance := self._random.random()) < 0.05:
            self._decide(RUN, stream, ReleaseAttempts(tokens=(token,), at=self._now))
        elif chance < 0.1:
            self._decide(RUN, stream, TakeOver(graph=graph, at=self._now, values=_LOST_VALUES))
        else:
            report = ReportOutcome(
                token=token,
                outcome=self._outcome(),
                graph=graph,
                at=self._now,
                values=_LOST_VALUES,
            )
            self._decide(RUN, stream, report)

    def _control(self, stream: str, graph: Graph) -> None:
        """Retry a run that has ended, resume a paused one, or pause it; draws no random number."""
        state = self._states["run"][stream]
        command: Command
        if state.final:
            command = RetryRun(graph=graph, actor=ANN, at=self._now, values=_LOST_VALUES)
        elif state.hold is None:
            inflight: InFlight = "cancel" if self._now % 2 else "finish"
            command = PauseRun(actor=BOB, at=self._now, reason="lunch", inflight=inflight)
        else:
            timers = get_args(Timers)[self._now % 3]
            command = ResumeRun(
                graph=graph, actor=EVE, at=self._now, timers=timers, values=_LOST_VALUES
            )
        self._decide(RUN, stream, command)

    def _outcome(self) -> Outcome:
        chance = self._random.random()
        if chance < 0.15:
            error = Error(code="BROKEN", message="it broke", stack="Traceback")
            return Failed(error=error, retryable=chance < 0.1, jitter=self._random.choice((0, 1)))
        if chance < 0.2:
            return TimedOut()
        if self._artifacts and chance > 0.95:
            return Succeeded(output=LOST, size=LOST.bytes)
        logs = _LOGS if self._artifacts and chance > 0.8 else None
        output = {"total": self._random.randrange(6)}
        context: JsonObject | None = {f"seen-{self._now % 3}": True} if chance < 0.5 else None
        warning = "w" if chance < 0.3 else None
        return Succeeded(output=output, context=context, warning=warning, logs=logs)

    def _schedule(self) -> None:
        if stream := self._any("definition"):
            tenant, _, definition_id = stream.split("/")
            ident = derived_id("schedule", str(self._position))
            command = CreateSchedule(
                definition_id=definition_id,
                timetable=Interval(every_ms=5_000),
                actor=ANN,
                at=self._now,
                input={"by": "clock"},
            )
            self._decide(SCHEDULE, stream_name(tenant, "schedule", ident), command)

    def _tick(self) -> None:
        stream = self._any("schedule")
        if stream is None or self._random.random() < 0.5:
            if not (definition := self._any("definition")):
                return
            tenant, _, ident = definition.split("/")
            stream = stream_name(tenant, "schedule", ident)
        outcome = self._random.choice((Fire("r" * 20), Miss("no scheduler"), Skip("paused")))
        command = RecordTick(nominal_at=self._now, outcome=outcome, at=self._now)
        self._decide(SCHEDULE, stream, command)

    def _receive(self) -> None:
        ident = derived_id("record", str(self._position))
        command = ReceiveRecord(
            event_id=ident,
            source="crm",
            type="record.created",
            tenant="acme",
            structure="orders",
            record_id="1",
            data={},
            time=self._now,
            at=self._now,
        )
        self._decide(RECORD, stream_name("acme", "record", ident), command)

    def _grant(self) -> None:
        """Create or revoke an API key, or add or remove a user: each in turn."""
        turn = self._turns // GRANT_EVERY
        tenant, ident = TENANTS[turn % 2], derived_id("access", str(self._position))
        match turn % 5:
            case 0 | 2:
                key = CreateApiKey(
                    tenant=tenant,
                    key_id=ident,
                    name=f"Key {turn}",
                    key_hash="ab" * 32,
                    scopes=("orchestrator:read",),
                    groups=("ops",) if turn % 5 else (),
                    expires_at=self._now + 1_000 if turn % 5 else None,
                    actor=ANN,
                    at=self._now,
                )
                self._decide(API_KEY, stream_name(tenant, "api_key", ident), key)
            case 1:
                user = AddUser(
                    tenant=tenant,
                    user_id=ident,
                    name=f"user-{turn}",
                    password_hash="$argon2id$…",
                    scopes=("orchestrator:read", "orchestrator:write"),
                    actor=ANN,
                    at=self._now,
                )
                self._decide(USER, stream_name(tenant, "user", ident), user)
            case 3:
                keys = list(self._states["api_key"])
                self._decide(API_KEY, keys[-1], RevokeApiKey(actor=EVE, at=self._now))
            case _:
                users = list(self._states["user"])
                if turn % 2:
                    self._decide(USER, users[-1], RemoveUser(actor=EVE, at=self._now))

    def _any(self, kind: str) -> str | None:
        streams = list(self._states[kind])
        return self._random.choice(streams) if streams else None

    def _decide(self, decider: Decider[Any, Any, Any], stream: str, command: object) -> None:
        states = self._states.setdefault(decider.name, {})
        decided, state = decider.apply(command, states.get(stream, decider.initial))
        if not decided:
            return
        states[stream] = state
        for event in decided:
            # Positions rise with gaps: a failed append uses one up.
            fixed = decider in (API_KEY, USER, WEBHOOK, DELIVERY, BULK)
            self._position += 1 if fixed else self._random.choice((1, 1, 1, 2))
            self._versions[stream] = self._versions.get(stream, 0) + 1
            recorded = Recorded(self._position, stream, self._versions[stream], event)
            self.events.append(recorded)

    @property
    def runs(self) -> dict[str, Any]:
        """The folded state of every run, by stream."""
        return self._states["run"]


def history(random: Random, commands: int, *, artifacts: bool = False) -> History:
    """Return the history of `commands` random commands."""
    made = History(random, artifacts=artifacts)
    for _ in range(commands):
        made.act()
    return made


def events_of(seed: int, commands: int, *, artifacts: bool = False) -> Sequence[Recorded]:
    """Return the history of a seed, which is always the same."""
    return history(Random(seed), commands, artifacts=artifacts).events
