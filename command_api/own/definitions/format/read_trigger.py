"""Reads the triggers of a definition."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from baton.command_api.commands.signing_secrets import SigningSecrets
from baton.command_api.dialect.webhook import normalized_path
from baton.command_api.own.definitions.format.findings import (
    Findings,
    Members,
    Path,
    as_members,
)
from baton.command_api.own.definitions.format.vocabulary import (
    MISSED,
    OF_ANY_TRIGGER,
    OVERLAP,
    OVERLAP_LATER,
    TRIGGER_LATER,
    TRIGGER_MEMBERS,
    TRIGGERS,
)
from baton.domain.definition.trigger import (
    EventTrigger,
    ManualTrigger,
    ScheduleTrigger,
    Trigger,
    WebhookTrigger,
)
from baton.domain.definition.trigger_faults import MAX_TRIGGERS
from baton.domain.schedule import zone
from baton.domain.schedule.timetable import (
    Cron,
    Interval,
    MissedPolicy,
    Once,
    OverlapPolicy,
    Timetable,
)
from baton.protocols.iso_time import parse_time
from baton.protocols.standard_webhooks import secret_fault

_UTC: Final = "UTC"


@dataclass(frozen=True, slots=True)
class TriggerRead:
    """A trigger, and the signing secret that came with it."""

    trigger: Trigger
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class TriggersRead:
    """The triggers of a document without `manual` beside others, and the secrets of its webhooks.

    `places` are the paths of the triggers in the document, in the same order.
    """

    triggers: tuple[Trigger, ...]
    places: tuple[Path, ...]
    secrets: SigningSecrets = field(default_factory=dict)


_BY_HAND: Final = TriggerRead(ManualTrigger())


def read_triggers(document: Members) -> TriggersRead:
    """Return the member `trigger`; without one, runs are started by hand only."""
    path: Path = (*document.path, "trigger")
    if "trigger" not in document.value:
        return TriggersRead((_BY_HAND.trigger,), (path,))
    value = document.value["trigger"]
    if not isinstance(value, list):
        only = _trigger(value, path, document.findings)
        return TriggersRead((only.trigger,), (path,), _secrets([only]))
    if not 0 < len(value) <= MAX_TRIGGERS:
        document.fault(f"must have 1 to {MAX_TRIGGERS} triggers", "trigger")
        return TriggersRead((_BY_HAND.trigger,), (path,))
    places: list[Path] = [(*path, at) for at in range(len(value))]
    read = [
        (_trigger(one, at, document.findings), at) for one, at in zip(value, places, strict=True)
    ]
    causes = [cause for cause in read if not isinstance(cause[0].trigger, ManualTrigger)] or read[
        :1
    ]
    return TriggersRead(
        tuple(cause.trigger for cause, _ in causes),
        tuple(at for _, at in causes),
        _secrets(one for one, _ in causes),
    )


def _secrets(triggers: Iterable[TriggerRead]) -> SigningSecrets:
    return {
        one.trigger.path: one.secret
        for one in triggers
        if isinstance(one.trigger, WebhookTrigger) and one.secret is not None
    }


def _trigger(value: object, path: Path, findings: Findings) -> TriggerRead:
    members = as_members(value, path, findings)
    if members is None:
        return _BY_HAND
    kinds = [one for one in TRIGGERS if one in members.value]
    if not kinds:
        members.fault(f"must have one of {', '.join(TRIGGERS)}")
        members.only(OF_ANY_TRIGGER)
        return _BY_HAND
    kind, *others = kinds
    if others:
        members.fault(f"can't be combined with {kind}; write a list of triggers", others[0])
        return _BY_HAND
    members.only((kind, *TRIGGER_MEMBERS[kind]), TRIGGER_LATER[kind])
    match kind:
        case "event":
            event_type = members.text("event") or ""
            return TriggerRead(
                EventTrigger(event_type=event_type, structure=members.text("structure"))
            )
        case "webhook":
            return _webhook(members)
        case "manual":
            if members.value["manual"] is not True:
                members.fault("must be true", "manual")
            return _BY_HAND
        case _:
            return TriggerRead(_schedule(kind, members))


def _schedule(kind: str, members: Members) -> ScheduleTrigger:
    missed: tuple[MissedPolicy, ...] = MISSED
    overlap: tuple[OverlapPolicy, ...] = OVERLAP
    return ScheduleTrigger(
        timetable=_timetable(kind, members),
        missed=members.choice("missed", missed),
        overlap=members.choice("overlap", overlap, OVERLAP_LATER),
    )


def _timetable(kind: str, members: Members) -> Timetable:
    timezone = members.text("timezone") or _UTC
    if kind == "cron":
        return Cron(expression=members.text("cron") or "", timezone=timezone)
    if kind == "every":
        return Interval(every_ms=members.duration("every") or 0, timezone=timezone)
    return Once(at=_instant(members, timezone), timezone=timezone)


def _instant(members: Members, timezone: str) -> int:
    text = members.text("at")
    if text is None:
        return 0
    try:
        return parse_time(text, zone.load(timezone))
    except zone.UnknownZone as error:
        members.fault(str(error), "timezone")
    except ValueError as error:
        members.fault(str(error), "at")
    return 0


def _webhook(members: Members) -> TriggerRead:
    path = None if members.value["webhook"] is None else members.text("webhook")
    secret, signed = members.text("secret", literal=True), members.flag("signed")
    if secret is not None and (fault := secret_fault(secret)) is not None:
        members.fault(fault, "secret")
    trigger = WebhookTrigger(
        path=None if path is None else normalized_path(path),
        configured_path=path,
        validate_signature=secret is not None if signed is None else signed,
        signature_header=members.text("header"),
    )
    return TriggerRead(trigger, secret)
