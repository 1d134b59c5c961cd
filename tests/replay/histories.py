"""The histories that this release writes: every event class, with every field set.

`python -m tests.replay.histories` prints them in their stored form. Each release adds that output
as `<version>.ndjson`; the file of a release never changes.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace

import orjson

from baton.domain.access.messages import (
    AccessRefused,
    ExportMade,
    LetterRedriven,
    Origin,
    SignedIn,
    SignedOut,
    ViewsChanged,
    WebhookTested,
)
from baton.domain.actor import Actor
from baton.domain.api_key.messages import ApiKeyCreated, ApiKeyRevoked
from baton.domain.artifact import Artifact
from baton.domain.audit_key.messages import AuditKeyRotated
from baton.domain.bulk.messages import (
    BulkCompleted,
    BulkProgressed,
    BulkRequested,
    BulkRetried,
    BulkStopped,
    BulkStopRequested,
    Item,
)
from baton.domain.claim.messages import NameClaimed, NameReleased
from baton.domain.conditions.evaluation import CaseEvaluation, ConditionEvaluation, DecisionResult
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
    DefinitionCreated,
    DefinitionDeleted,
    DefinitionUpdated,
    VersionDisabled,
)
from baton.domain.definition.trigger import (
    EventTrigger,
    ManualTrigger,
    ScheduleTrigger,
    WebhookTrigger,
)
from baton.domain.delivery.messages import (
    DeliveryDied,
    DeliveryFailed,
    DeliveryForgotten,
    DeliveryRedriven,
    DeliveryRequested,
    DeliverySucceeded,
)
from baton.domain.record.messages import RecordReceived, TriggersConsidered
from baton.domain.run.messages.run_events import (
    RunBranched,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunPaused,
    RunReopened,
    RunRequested,
    RunResumed,
    RunStarted,
)
from baton.domain.run.messages.step_events import (
    DecisionTaken,
    DelayElapsed,
    DelayStarted,
    RetryScheduled,
    StepCancelled,
    StepCopied,
    StepFailed,
    StepLogged,
    StepReleased,
    StepSkipped,
    StepStarted,
    StepSucceeded,
    StepTimedOut,
    StepUndecided,
    SyncAwaited,
    SyncReached,
    TimerHeld,
    TimerSet,
)
from baton.domain.run.outcome import Error
from baton.domain.run.trigger import BY_HAND, ByRecord, ByRerun, BySchedule, ByWebhook
from baton.domain.schedule.messages import (
    ScheduleCreated,
    ScheduleDeleted,
    ScheduleFired,
    ScheduleMissed,
    ScheduleSkipped,
)
from baton.domain.schedule.timetable import Cron, Interval, Once
from baton.domain.server_hold.messages import ServerHeld, ServerReleased
from baton.domain.user.messages import UserAdded, UserRemoved
from baton.domain.verification.messages import (
    Finding,
    LogVerified,
    VerificationFailed,
    VerificationRequested,
)
from baton.domain.webhook.messages import (
    SecretRotated,
    WebhookCreated,
    WebhookDeleted,
    WebhookDisabled,
    WebhookUpdated,
)
from baton.eventlog.events.codec import encode, topic_of
from tests.kit.actors import ANN, BOB

AT = 1_700_000_000_000
DEFINITION = "cm4definition0000000"
RUN = "cm4run00000000000000"

WALK = Graph(
    steps=(
        Compute(
            id="check",
            function="stock.check",
            name="Check stock",
            description="Asks the warehouse",
            config={"warehouse": 7, "tags": ["a", None, 1.5, True]},
            timeout_ms=5_000,
            retry=Retry(max_attempts=3, backoff_ms=100, multiplier=1.5),
            on_success_next="choose",
            on_failure="end",
        ),
        Decision(
            id="choose",
            when=(Condition(path="$.x", op="notExists"),),
            cases=(
                Case(
                    conditions=(
                        Condition(path="$.steps.check.output.left", op="gt", value=0),
                        Condition(path="$.input.qty", op="lte", value_path="$.context.max"),
                    ),
                    next="wait",
                ),
            ),
            default_next="meet",
            name="Choose",
            description="In stock?",
        ),
        Delay(id="wait", delay_ms=60_000, name="Wait", description="A minute", next="meet"),
        Sync(
            id="meet",
            name="Meet",
            description="All here",
            timeout_ms=1_000,
            next=None,
            when=(Condition(path="$.x", op="notExists"),),
        ),
    ),
    flow="next",
    loop_limit=50,
)
NEEDS = Graph(
    steps=(
        Compute(id="a", function="noop"),
        Compute(id="b", function="noop", needs=("a",), when=(Condition(path="$.x", op="exists"),)),
        Sync(id="c", needs=("a", "b"), timeout_ms=1_000),
    ),
    flow="needs",
)


def _body(trigger: object, graph: Graph = WALK) -> Body:
    return Body(
        name="Orders",
        trigger=trigger,  # type: ignore[arg-type]
        graph=graph,
        status="active",
        description="Takes orders",
        more_triggers=(EventTrigger(event_type="order.paid"),),
    )


def _step(visit: int = 1, attempt: int = 1) -> dict[str, object]:
    return {"step_id": "check", "visit": visit, "attempt": attempt, "at": AT}


ORIGIN = Origin("192.0.2.7", "curl/8.5.0")
ERROR = Error(code="STOCK_GONE", message="none left", stack="Traceback …")

HISTORIES: dict[str, list[object]] = {
    f"acme/definition/{DEFINITION}": [
        DefinitionCreated(
            tenant="acme",
            definition_id=DEFINITION,
            slug="orders",
            body=_body(EventTrigger(event_type="record.created", structure="orders")),
            actor=ANN,
            at=AT,
        ),
        DefinitionUpdated(
            version=2,
            body=_body(ScheduleTrigger(timetable=Interval(every_ms=5_000))),
            actor=BOB,
            at=AT,
        ),
        DefinitionUpdated(
            version=3,
            body=_body(
                ScheduleTrigger(timetable=Cron(expression="30 2 * * *", timezone="Europe/Berlin"))
            ),
            actor=BOB,
            at=AT,
        ),
        DefinitionUpdated(
            version=4, body=_body(ScheduleTrigger(timetable=Once(at=AT))), actor=BOB, at=AT
        ),
        DefinitionUpdated(
            version=5,
            body=replace(
                _body(
                    WebhookTrigger(
                        path="orders/new",
                        configured_path="/webhooks/orders/new",
                        validate_signature=True,
                        secret_id="cm4secret00000000000",
                        signature_header="X-Signature",
                    )
                ),
                more_triggers=(
                    WebhookTrigger(
                        path="orders/paid",
                        configured_path="orders/paid",
                        validate_signature=True,
                        secret_id="cm4secret00000000001",
                    ),
                    WebhookTrigger(),
                ),
            ),
            actor=BOB,
            at=AT,
        ),
        DefinitionUpdated(
            version=6,
            body=replace(_body(ManualTrigger(), NEEDS), annotations={"team": "stock"}),
            actor=BOB,
            at=AT,
            label="10.2",
            signature="eyJhbGciOiJIUzI1NiJ9..c2ln",
        ),
        VersionDisabled(version=6, in_force=5, body=_body(ManualTrigger()), actor=BOB, at=AT),
        DefinitionDeleted(actor=ANN, at=AT),
    ],
    "acme/claim/slug:orders": [
        NameClaimed(name="slug:orders", holder=DEFINITION, at=AT),
        NameReleased(name="slug:orders", holder=DEFINITION, at=AT),
    ],
    "_/server_hold/server": [
        ServerHeld(actor=ANN, at=AT, reason="the warehouse is down"),
        ServerReleased(actor=BOB, at=AT),
    ],
    "acme/api_key/cm4key00000000000000": [
        ApiKeyCreated(
            tenant="acme",
            key_id="cm4key00000000000000",
            name="nightly import",
            key_hash="ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            scopes=("orchestrator:read", "orchestrator:write"),
            actor=Actor("root", "system"),
            at=AT,
            groups=("ops",),
            expires_at=AT + 86_400_000,
        ),
        ApiKeyRevoked(actor=ANN, at=AT),
    ],
    "acme/user/cm4user0000000000000": [
        UserAdded(
            tenant="acme",
            user_id="cm4user0000000000000",
            name="eve@example.com",
            password_hash="$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaA",
            scopes=("orchestrator:admin",),
            actor=Actor("root", "system"),
            at=AT,
        ),
        UserRemoved(actor=ANN, at=AT),
    ],
    "acme/record/cm4record00000000000": [
        RecordReceived(
            event_id="e1",
            source="/shop",
            type="record.created",
            tenant="acme",
            structure="orders",
            record_id="o1",
            data={"qty": 2, "note": "é\U0001f600"},
            time=AT,
            at=AT,
            actor=ANN,
        ),
        TriggersConsidered(at=AT, fired=((DEFINITION, RUN),), skipped=(("d2", "paused"),)),
    ],
    "acme/access/cm4access0000000000a": [
        SignedIn(tenant="acme", actor=ANN, origin=ORIGIN, at=AT),
    ],
    "acme/access/cm4access0000000000b": [
        SignedOut(tenant="acme", actor=ANN, origin=ORIGIN, at=AT),
    ],
    "_/access/cm4access0000000000c": [
        AccessRefused(
            tenant="_",
            reason="unauthorized",
            actor=None,
            claimed="eve",
            count=3,
            route="/api/auth/login",
            origin=ORIGIN,
            since=AT - 1_000,
            at=AT,
        ),
    ],
    "acme/access/cm4access0000000000d": [
        ExportMade(tenant="acme", actor=ANN, route="/runs", origin=ORIGIN, at=AT),
    ],
    "acme/access/cm4access0000000000e": [
        WebhookTested(
            tenant="acme", actor=ANN, url="https://shop.example/hook", origin=ORIGIN, at=AT
        ),
    ],
    "acme/access/cm4access0000000000f": [
        LetterRedriven(
            tenant="acme", actor=ANN, letter_id="cm4letter0000000000a", origin=ORIGIN, at=AT
        ),
    ],
    "acme/access/cm4access0000000000g": [
        ViewsChanged(tenant="acme", actor=ANN, change="promote", number=3, origin=ORIGIN, at=AT),
    ],
    "acme/verification/cm4verification00000": [
        VerificationRequested(
            tenant="acme", verification_id="cm4verification00000", actor=ANN, at=AT
        ),
        LogVerified(
            finding=Finding(
                events=9,
                streams=3,
                position=9,
                sealed=8,
                heads=1,
                head_size=8,
                head_root="5" * 64,
                signed_by=("baton+c74f20a3+AZhE",),
                break_reason="its content differs from its leaf",
                break_stream="acme/run/r1",
                break_version=2,
                break_position=7,
            ),
            at=AT,
        ),
    ],
    "acme/verification/cm4verification00001": [
        VerificationRequested(
            tenant="acme", verification_id="cm4verification00001", actor=ANN, at=AT
        ),
        VerificationFailed(reason="the server stopped", at=AT),
    ],
    "_/audit_key/log": [
        AuditKeyRotated(
            former="baton+c74f20a3+AZhE",
            key="baton+0a1b2c3d+AQID",
            endorsement="baton audit key\n",
            actor=Actor("notary", "system"),
            at=AT,
        ),
    ],
    f"acme/schedule/{DEFINITION}": [
        ScheduleCreated(
            definition_id=DEFINITION,
            timetable=Interval(every_ms=5_000),
            actor=ANN,
            at=AT,
            input={"a": 1},
        ),
        ScheduleFired(nominal_at=AT, run_id=RUN, at=AT),
        ScheduleMissed(nominal_at=AT + 5_000, reason="no scheduler ran", at=AT),
        ScheduleSkipped(nominal_at=AT + 10_000, reason="an earlier run is still active", at=AT),
        ScheduleDeleted(actor=ANN, at=AT),
    ],
    f"acme/run/{RUN}": [
        RunRequested(
            tenant="acme",
            run_id=RUN,
            definition_id=DEFINITION,
            version=1,
            trigger=BY_HAND,
            actor=ANN,
            at=AT,
            input={"qty": 2, "price": 1.0, "big": 2**60},
            context={"max": 5},
            correlation_id="c1",
            traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ),
        RunStarted(at=AT),
        StepStarted(**_step(), function="stock.check", deadline_at=AT + 5_000),  # type: ignore[arg-type]
        StepFailed(**_step(), error=ERROR, final=False),  # type: ignore[arg-type]
        RetryScheduled(step_id="check", visit=1, attempt=2, due_at=AT + 100, at=AT),
        StepStarted(
            **_step(attempt=2),  # type: ignore[arg-type]
            function="stock.check",
            deadline_at=AT + 5_100,
            cause="retry",
        ),
        StepTimedOut(**_step(attempt=2), timeout_ms=5_000, final=True),  # type: ignore[arg-type]
        RunFailed(at=AT, error=ERROR, step_id="check"),
        RunReopened(actor=ANN, steps=("check",), at=AT),
        StepStarted(
            **_step(attempt=3),  # type: ignore[arg-type]
            function="stock.check",
            deadline_at=AT + 9_000,
            cause="reopen",
        ),
        StepReleased(**_step(attempt=3)),  # type: ignore[arg-type]
        StepStarted(
            **_step(attempt=4),  # type: ignore[arg-type]
            function="stock.check",
            deadline_at=AT + 9_000,
            cause="handover",
        ),
        StepLogged(**_step(attempt=4), logs=Artifact("5" * 64, 120)),  # type: ignore[arg-type]
        StepSucceeded(
            **_step(attempt=4),  # type: ignore[arg-type]
            output={"left": 3},
            context={"seen": True},
            warning="slow",
        ),
        DecisionTaken(
            step_id="choose",
            visit=1,
            result=DecisionResult(
                evaluated_cases=1,
                evaluations=(
                    CaseEvaluation(
                        case_index=0,
                        next="wait",
                        matched=True,
                        conditions=(
                            ConditionEvaluation(
                                path="$.steps.check.output.left",
                                operator="gt",
                                matched=True,
                                path_exists=True,
                                expected=0,
                                value_path=None,
                                actual=3,
                                error=None,
                            ),
                        ),
                    ),
                ),
                matched_case_index=0,
                selected="wait",
            ),
            at=AT,
        ),
        DelayStarted(step_id="wait", visit=1, delay_ms=60_000, resume_at=AT + 60_000, at=AT),
        DelayElapsed(step_id="wait", visit=1, at=AT + 60_000),
        SyncReached(step_id="meet", visit=1, at=AT + 60_000),
        RunCompleted(at=AT + 60_000, has_errors=False),
    ],
    "acme/run/cm4run00000000000001": [
        RunRequested(
            tenant="acme",
            run_id="cm4run00000000000001",
            definition_id=DEFINITION,
            version=6,
            trigger=BySchedule(schedule_id=DEFINITION, nominal_at=AT),
            actor=Actor(DEFINITION, "schedule"),
            at=AT,
        ),
        RunStarted(at=AT),
        SyncAwaited(step_id="c", visit=1, deadline_at=AT + 1_000, at=AT),
        StepSkipped(step_id="b", visit=1, at=AT, kind="sync", timed=True),
        StepStarted(**_step(), function="noop", deadline_at=AT + 1),  # type: ignore[arg-type]
        StepCancelled(**_step()),  # type: ignore[arg-type]
        RunCancelled(actor=ANN, at=AT, reason="changed her mind"),
    ],
    "acme/run/cm4run00000000000002": [
        RunRequested(
            tenant="acme",
            run_id="cm4run00000000000002",
            definition_id=DEFINITION,
            version=1,
            trigger=ByRecord(
                event_type="record.created", structure="orders", record_id="o1", event_id="e1"
            ),
            actor=Actor("/shop", "event"),
            at=AT,
        ),
    ],
    "acme/run/cm4run00000000000003": [
        RunRequested(
            tenant="acme",
            run_id="cm4run00000000000003",
            definition_id=DEFINITION,
            version=5,
            trigger=ByWebhook(path="/webhooks/orders/new"),
            actor=Actor("webhook", "webhook"),
            at=AT,
        ),
    ],
    "acme/run/cm4run00000000000004": [
        RunRequested(
            tenant="acme",
            run_id="cm4run00000000000004",
            definition_id=DEFINITION,
            version=1,
            trigger=BY_HAND,
            actor=Actor("bob", "key", "key-1"),
            at=AT,
        ),
    ],
    "acme/run/cm4run00000000000005": [
        RunRequested(
            tenant="acme",
            run_id="cm4run00000000000005",
            definition_id=DEFINITION,
            version=1,
            trigger=BY_HAND,
            actor=ANN,
            at=AT,
        ),
        RunStarted(at=AT),
        StepUndecided(
            step_id="choose",
            visit=1,
            at=AT,
            error=Error(code="ARTIFACT_UNREADABLE", message="input can't be read"),
            kind="decision",
        ),
        RunFailed(
            at=AT,
            error=Error(code="ARTIFACT_UNREADABLE", message="input can't be read"),
            step_id="choose",
        ),
    ],
    "acme/webhook/cm4webhook0000000000": [
        WebhookCreated(
            tenant="acme",
            webhook_id="cm4webhook0000000000",
            url="https://shop.example/hook?key=1",
            events=("workflow.execution.completed", "task.execution.failed"),
            secret_id="cm4secret00000000000",
            active=True,
            ordered=True,
            actor=ANN,
            at=AT,
        ),
        WebhookUpdated(
            url="https://shop.example/hook",
            events=("workflow.execution.started",),
            active=True,
            ordered=False,
            actor=BOB,
            at=AT,
        ),
        SecretRotated(
            secret_id="cm4secret00000000001",
            retired_id="cm4secret00000000000",
            retire_at=AT + 86_400_000,
            actor=BOB,
            at=AT,
        ),
        WebhookDisabled(reason="gone", actor=Actor("webhooks", "system"), at=AT),
        WebhookDeleted(actor=ANN, at=AT),
    ],
    "acme/delivery/cm4delivery000000000": [
        DeliveryRequested(
            tenant="acme",
            webhook_id="cm4webhook0000000000",
            event="task.execution.failed",
            run_id=RUN,
            run_version=5,
            step_id="check",
            ordered=True,
            at=AT,
        ),
        DeliveryFailed(attempt=1, error="HTTP_503: refused", status=503, next_at=AT + 5_000, at=AT),
        DeliveryDied(attempt=2, error="HTTP_TIMEOUT: no answer", status=None, at=AT + 5_000),
        DeliveryRedriven(actor=BOB, at=AT + 6_000),
        DeliverySucceeded(attempt=3, status=204, at=AT + 6_000),
        DeliveryForgotten(at=AT + 30 * 24 * 3_600_000),
    ],
    "acme/run/cm4run00000000000006": [
        RunRequested(
            tenant="acme",
            run_id="cm4run00000000000006",
            definition_id=DEFINITION,
            version=1,
            trigger=BY_HAND,
            actor=ANN,
            at=AT,
        ),
        RunStarted(at=AT),
        StepStarted(**_step(), function="stock.check", deadline_at=AT + 5_000),  # type: ignore[arg-type]
        RunPaused(actor=BOB, at=AT, reason="the warehouse is closed", inflight="cancel"),
        StepReleased(**_step(), cause="pause"),  # type: ignore[arg-type]
        RunResumed(actor=BOB, at=AT, timers="shift"),
        StepStarted(
            **_step(attempt=2),  # type: ignore[arg-type]
            function="stock.check",
            deadline_at=AT + 5_000,
            cause="handover",
        ),
        StepFailed(**_step(attempt=2), error=ERROR, final=False),  # type: ignore[arg-type]
        RetryScheduled(step_id="check", visit=1, attempt=3, due_at=AT + 100, at=AT),
        RunPaused(actor=BOB, at=AT + 40),
        TimerHeld(step_id="check", visit=1, attempt=3, at=AT + 40),
        RunResumed(actor=BOB, at=AT + 90, timers="shift"),
        TimerSet(step_id="check", visit=1, attempt=3, kind="backoff", due_at=AT + 150, at=AT + 90),
    ],
    "acme/run/cm4run00000000000007": [
        RunRequested(
            tenant="acme",
            run_id="cm4run00000000000007",
            definition_id=DEFINITION,
            version=1,
            trigger=ByRerun(run_id=RUN, from_step="meet"),
            actor=ANN,
            at=AT,
        ),
        RunBranched(
            source=RUN, source_version=19, position=41, at=AT, entry="meet", reason="once more"
        ),
        StepCopied(step_id="check", visit=1, kind="compute", at=AT, output={"left": 3}, size=10),
        StepCopied(
            step_id="choose",
            visit=1,
            kind="decision",
            at=AT,
            decision=DecisionResult(
                evaluated_cases=0, evaluations=(), matched_case_index=None, selected="wait"
            ),
        ),
        StepCopied(step_id="wait", visit=1, kind="delay", at=AT, status="skipped"),
        RunStarted(at=AT),
        SyncReached(step_id="meet", visit=1, at=AT),
        RunCompleted(at=AT),
    ],
    "acme/bulk/cm4bulk000000000000": [
        BulkRequested(
            tenant="acme",
            bulk_id="cm4bulk000000000000",
            action="rerun",
            args={"from": "failed", "reason": "once more"},
            filter={"status": ["failed"], "definition_id": DEFINITION},
            chunks={"0": Artifact("ef" * 32, 70)},
            count=3,
            position=41,
            per_second=20,
            actor=ANN,
            at=AT,
        ),
        BulkProgressed(
            round=1,
            through=2,
            items=(
                Item(run_id=RUN, outcome="done", new_run_id="cm4run00000000000007"),
                Item(run_id="r1", outcome="refused", code="not_found", message="Run not found"),
            ),
            at=AT,
        ),
        BulkProgressed(
            round=1,
            through=3,
            items=(
                Item(run_id="r2", outcome="failed", code="rate_limited", message="too many runs"),
            ),
            at=AT,
        ),
        BulkCompleted(at=AT),
        BulkRetried(chunks={"0": Artifact("fe" * 32, 24)}, count=1, actor=BOB, at=AT + 10),
        BulkStopRequested(actor=BOB, at=AT + 11),
        BulkStopped(at=AT + 12),
    ],
}


def lines(histories: Mapping[str, Sequence[object]] = HISTORIES) -> list[bytes]:
    """Return each event as one line: stream, version, topic, event."""
    return [
        orjson.dumps([stream, version, topic_of(event), orjson.Fragment(encode(event))])
        for stream, events in histories.items()
        for version, event in enumerate(events, 1)
    ]


if __name__ == "__main__":
    sys.stdout.buffer.write(b"\n".join(lines()) + b"\n")
