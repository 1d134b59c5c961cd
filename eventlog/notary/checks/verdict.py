"""The result of a verification: the number of checked events, and the first break of the log."""

from dataclasses import asdict, dataclass
from typing import NoReturn

from baton.domain.json import JsonObject
from baton.domain.verification.messages import Finding
from baton.eventlog.events.envelope import Stored
from baton.eventlog.notary.signed_head import TreeHead
from baton.protocols.iso_time import format_time


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where the log has been changed.

    Attributes:
        reason: The fault at that place.
        stream: The stream of the event, None if the break isn't at one event.
        version: The version of the event in its stream.
        position: The position of the event, or the last one that a wrong head covers.
    """

    reason: str
    stream: str | None = None
    version: int | None = None
    position: int | None = None

    def __str__(self) -> str:
        if self.stream is None:
            at = "" if self.position is None else f"position {self.position}: "
            return f"{at}{self.reason}"
        return f"{self.stream} version {self.version} at {self.position}: {self.reason}"


class LogBroken(Exception):
    """A check found a break."""

    def __init__(self, first_break: Break) -> None:
        super().__init__(str(first_break))
        self.first_break = first_break


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The result of a verification.

    Attributes:
        events: The number of checked events.
        streams: The number of their streams.
        position: The position of the last event.
        sealed: The number of events covered by leaves; the others are checked only for version and
            order.
        heads: The number of signed heads that were checked.
        head: The newest head, None if there is none.
        signed_by: The keys that the heads were checked against; empty if no key was known.
        complete: Whether the events are the whole log up to the head.
        broken: The first break, None if there is none.
    """

    events: int
    streams: int
    position: int
    sealed: int
    heads: int
    head: TreeHead | None
    signed_by: tuple[str, ...]
    complete: bool = True
    broken: Break | None = None

    @property
    def document(self) -> JsonObject:
        """The verdict as JSON."""
        head = self.head
        return {
            "ok": self.broken is None,
            "events": self.events,
            "streams": self.streams,
            "position": self.position,
            "sealed": self.sealed,
            "unsealed": self.events - self.sealed,
            "complete": self.complete,
            "heads": self.heads,
            "head": None
            if head is None
            else {
                "origin": head.origin,
                "size": head.size,
                "root": head.root.hex(),
                "position": head.position,
                "time": format_time(head.at),
            },
            "signedBy": list(self.signed_by),
            "firstBreak": None if self.broken is None else asdict(self.broken),
        }

    @property
    def finding(self) -> Finding:
        """The verdict as an event records it."""
        broken = self.broken
        return Finding(
            events=self.events,
            streams=self.streams,
            position=self.position,
            sealed=self.sealed,
            heads=self.heads,
            head_size=None if self.head is None else self.head.size,
            head_root=None if self.head is None else self.head.root.hex(),
            signed_by=self.signed_by,
            break_reason=None if broken is None else broken.reason,
            break_stream=None if broken is None else broken.stream,
            break_version=None if broken is None else broken.version,
            break_position=None if broken is None else broken.position,
        )


def broken(reason: str, position: int | None = None) -> NoReturn:
    """Raise `LogBroken` for a break that isn't at one event."""
    raise LogBroken(Break(reason, position=position))


def broken_at(event: Stored, reason: str) -> NoReturn:
    """Raise `LogBroken` for a break at an event."""
    raise LogBroken(Break(reason, event.stream, event.version, event.position))
