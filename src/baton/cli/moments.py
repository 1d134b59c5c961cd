"""Reads durations and times of flags: 15m, 2d, 2027-01-01, 2027-01-01T09:00Z. Times are in UTC."""

import re
import time
from dataclasses import dataclass
from datetime import UTC
from typing import Final

import typer

from baton.protocols.iso_time import format_time, parse_time

UNITS_S: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_DURATION: Final = re.compile(r"([0-9]{1,9})([smhd])", re.ASCII)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The times from `since` up to, but not including, `until` (ms, UTC; None is open)."""

    since: int | None
    until: int | None

    def contains(self, at: int) -> bool:
        """Return whether a time lies in the period."""
        after = self.since is None or self.since <= at
        return after and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPoint:
    """A point of the log: after `position`, or before the first event after `at` (ms, UTC).

    With neither it is the end of the log.
    """

    position: int | None = None
    at: int | None = None

    @property
    def is_end(self) -> bool:
        """Whether it is the end of the log."""
        return self.position is None and self.at is None


def parse_duration_s(text: str) -> int:
    """Return a duration such as 90s, 15m, 1h or 30d in seconds; raises BadParameter."""
    match = _DURATION.fullmatch(text)
    if match is None or not int(match[1]):
        raise typer.BadParameter("write a number and s, m, h or d: 15m, 1h, 30d")
    return int(match[1]) * UNITS_S[match[2]]


def parse_instant(text: str) -> int:
    """Return a date or a time in ISO 8601 in ms; without an offset it is UTC. Raises ValueError."""
    return parse_time(f"{text}T00:00" if _DATE.fullmatch(text) else text, UTC)


def parse_moment(text: str) -> int:
    """Return a time, or the time that lies a duration ago, in ms, UTC; raises BadParameter."""
    if _DURATION.fullmatch(text):
        return max(0, int(time.time() * 1_000) - parse_duration_s(text) * 1_000)
    try:
        return parse_instant(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is neither a duration, such as 2h, nor a time, such as 2027-01-01T09:00"
        ) from None


def parse_log_point(text: str) -> LogPoint:
    """Return a position, or a time that `parse_moment` accepts; raises BadParameter."""
    if text.isascii() and text.isdecimal():
        return LogPoint(position=int(text))
    try:
        return LogPoint(at=parse_moment(text))
    except typer.BadParameter as error:
        raise typer.BadParameter(f"{error}, nor a position of the log") from None


def parse_as_of(text: str) -> str:
    """Return a point of the log as the API takes it: a position, or a time in ISO 8601.

    Raises BadParameter.
    """
    point = parse_log_point(text)
    return str(point.position) if point.at is None else format_time(point.at)
