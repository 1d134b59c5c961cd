"""Reads the body of a request for a backtest."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import BaseModel, Field

from baton.command_api.backtest_jobs import BacktestRequest
from baton.command_api.dialect.contract import discover
from baton.command_api.http.json_body import parse_model
from baton.command_api.http.refusal import Refused, refused_field
from baton.command_api.http.request_context import RequestContext
from baton.command_api.http.strictness import unknown_members
from baton.command_api.own.definitions.format.read_definition import (
    faults_of_rules,
    read_definition,
)
from baton.command_api.own.definitions.render import DOCUMENT_EXAMPLE
from baton.domain.backtest.candidate import candidate_of
from baton.domain.definition.messages import Body
from baton.domain.definition.state import State as Definition
from baton.domain.errors import Fault
from baton.domain.json import Json, JsonObject
from baton.domain.nearest_name import did_you_mean
from baton.eventlog.backtests.selection import MAX_RUNS, RunSelection
from baton.protocols.iso_time import parse_rfc3339

_MAX_IDS: Final = 10_000
_MAX_STEPS: Final = 1_000
_OWN: Final = "baton"
_StepId = Annotated[str, Field(min_length=1, max_length=64)]
_RunId = Annotated[str, Field(min_length=1, max_length=200)]
_Status = Literal["pending", "running", "paused", "completed", "failed", "cancelled"]


class BacktestBody(BaseModel):
    """The body of POST /definitions/{definition}/backtests.

    `definition` is the changed one: in Baton's own format, where its slug may be left out, or in
    that of the `dialect`, which has its name from the index at /openapi. The newest `last` of the
    recorded runs are replayed: those requested at `since` or later, with one of the statuses and
    ids, if any are given. `map` gives steps, by their new id, the outcomes that were recorded under
    another one. `stubs` are outputs of steps without an outcome.
    """

    definition: JsonObject
    dialect: str = Field(default=_OWN, max_length=64)
    last: int = Field(default=MAX_RUNS, ge=1, le=MAX_RUNS)
    since: str | None = Field(default=None, json_schema_extra={"format": "date-time"})
    status: list[_Status] | None = Field(default=None, min_length=1, max_length=6)
    ids: list[_RunId] | None = Field(default=None, min_length=1, max_length=_MAX_IDS)
    map: dict[_StepId, _StepId] = Field(default_factory=dict, max_length=_MAX_STEPS)
    stubs: dict[_StepId, Json] = Field(default_factory=dict, max_length=_MAX_STEPS)

    def selection(self, recorded: Definition) -> RunSelection:
        """Return the runs to replay; raises Refused 400."""
        return RunSelection(
            tenant=recorded.tenant,
            definition_id=recorded.definition_id,
            last=self.last,
            since=self._since(),
            statuses=None if self.status is None else frozenset(self.status),
            ids=None if self.ids is None else frozenset(self.ids),
        )

    def _since(self) -> int:
        try:
            return 0 if self.since is None else parse_rfc3339(self.since)
        except ValueError:
            message = "must be an RFC 3339 time, such as 2027-01-01T09:00:00Z"
            raise refused_field(f"since {message}", "since") from None


EXAMPLE: Final[JsonObject] = {"definition": DOCUMENT_EXAMPLE, "last": 1_000}


async def read_request(context: RequestContext, recorded: Definition) -> BacktestRequest:
    """Return the backtest that a request describes; raises Refused 400, 415, and Invalid.

    Args:
        context: The request. Its answer names unknown members.
        recorded: The definition whose runs were recorded.
    """
    await context.json_object()  # refuses bodies that aren't JSON
    read = await context.in_turn(lambda: _read(context.body, recorded))
    context.judge_unknown(read.unknown)
    candidate = candidate_of(
        recorded, read.changed, recorded_as=read.body.map, stubs=read.body.stubs
    )
    return BacktestRequest(
        selection=read.body.selection(recorded),
        candidate=candidate,
        name=read.changed.name,
        slug=recorded.slug,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """The body of a request, the definition in it, and the unknown members."""

    body: BacktestBody
    changed: Body
    unknown: list[Fault]


def _read(raw: bytes, recorded: Definition) -> _Read:
    body, sent = parse_model(BacktestBody, raw)
    reading = _read_own if body.dialect == _OWN else _read_in_dialect
    changed, unknown = reading(body, recorded)
    of_body = unknown_members(body, sent)
    return _Read(body=body, changed=changed, unknown=[*of_body, *map(_within, unknown)])


def _read_own(body: BacktestBody, recorded: Definition) -> tuple[Body, Iterable[Fault]]:
    """Return the definition and its unknown members; raises Refused 400."""
    read, faults = read_definition(body.definition)
    if faults:
        raise _refused(faults)
    changed = read.replacing(recorded.body)
    if broken := faults_of_rules(read, changed):
        raise _refused(broken)
    return changed, read.unknown


def _read_in_dialect(body: BacktestBody, _recorded: Definition) -> tuple[Body, Iterable[Fault]]:
    """Return a definition in a dialect, read like a new one, and its unknown members."""
    checks = {
        dialect.name: dialect.check_definition for dialect in discover() if dialect.check_definition
    }
    if body.dialect not in checks:
        names = sorted((_OWN, *checks))
        hint = did_you_mean(body.dialect, names)
        raise refused_field(f"must be one of {', '.join(names)}{hint}", "dialect")
    checked = checks[body.dialect](json.dumps(body.definition).encode())
    if checked.body is None:
        raise _refused(checked.faults)
    return checked.body, checked.unknown


def _refused(faults: Iterable[Fault]) -> Refused:
    within = tuple(map(_within, faults))
    message = f"The definition is not valid: {within[0].place} {within[0].message}"
    return Refused("validation_error", message, faults=within)


def _within(fault: Fault) -> Fault:
    """Return a fault of the definition at its place in the body."""
    return Fault(("definition", *fault.path), fault.message)
