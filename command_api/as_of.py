"""`asOf=`: reads as of a position or a time, for every dialect, in front of its handlers.

A handler gets services that hold nothing later than the position, so it needs no code for `asOf`.
The response names the position, so that a client can repeat the request with the same result.
"""

from dataclasses import dataclass, replace
from typing import Final, NoReturn

from aiohttp import web

from baton.command_api.dialect.contract import Route
from baton.command_api.http.query_parameters import AS_OF, single
from baton.command_api.http.refusal import refused_field
from baton.command_api.services import Services
from baton.projector.views.definitions.queries import DefinitionQueries
from baton.projector.views.run_steps.queries import RunStepQueries
from baton.projector.views.runs.queries import RunQueries
from baton.projector.views.schedules.queries import ScheduleQueries
from baton.protocols.iso_time import parse_rfc3339

HEADER: Final = "Baton-As-Of"
PRESENT_ONLY: Final = "isn't possible here: this shows only the present state"
READS_ONLY: Final = "is for reads only: nothing is written as of an earlier position"
_POSITION: Final = web.RequestKey("as-of-position", int)
_MAX_DIGITS: Final = 18


async def services_for(request: web.Request, route: Route, services: Services) -> Services:
    """Return the services for a handler: `services`, or those as of the requested position.

    Raises Refused 400 for a route that can't be read as of a position, for a position beyond the
    newest event, and for a value that is neither a position nor a time; and `Unavailable`.
    """
    if AS_OF not in request.query:
        return services
    if not route.as_of:
        refuse_as_of(PRESENT_ONLY if route.method == "GET" else READS_ONLY)
    position = request[_POSITION] = await _position(single(request.query, AS_OF) or "", services)
    return await services_as_of(services, position)


async def name_position(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Add the position to the headers of a response to `asOf`, before they are written."""
    position = request.get(_POSITION)
    if position is not None:
        response.headers[HEADER] = str(position)


async def services_as_of(services: Services, position: int) -> Services:
    """Return `services` with the events, the views and the time as of a position."""
    found = await services.past.as_of(position)
    return replace(
        services,
        store=found.events,
        definitions=DefinitionQueries(found.views),
        runs=RunQueries(found.views),
        run_steps=RunStepQueries(found.views),
        schedules=ScheduleQueries(found.views),
        clock=_StoppedClock(found.at),
        position=lambda: position,
    )


async def _position(text: str, services: Services) -> int:
    if text.isascii() and text.isdecimal():
        newest = await services.past.newest()
        if len(text) > _MAX_DIGITS or int(text) > newest:
            refuse_as_of(f"is beyond the newest event, which has the position {newest}")
        return int(text)
    try:
        at = parse_rfc3339(text)
    except ValueError:
        refuse_as_of("must be a position or an RFC 3339 time, such as 2027-01-01T09:00:00Z")
    return await services.past.position_at(at)


def refuse_as_of(reason: str) -> NoReturn:
    """Raise Refused 400 for the parameter `asOf`; the message is `asOf` with `reason`."""
    raise refused_field(f"{AS_OF} {reason}", AS_OF)


@dataclass(frozen=True, slots=True)
class _StoppedClock:
    """A clock that shows one time, in ms; implements `Clock`."""

    at: int

    def now(self) -> int:
        """Return the time."""
        return self.at

    async def sleep_until(self, due_at: float) -> None:
        """Raise an error: the time doesn't pass."""
        message = f"{due_at} never comes on a stopped clock"
        raise TypeError(message)

    async def idle(self, duration_ms: float) -> None:
        """Raise an error: the time doesn't pass."""
        message = f"{duration_ms} ms never pass on a stopped clock"
        raise TypeError(message)
