"""Checks that precede every handler, and the record of each refused request."""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from aiohttp import web
from prometheus_client import CollectorRegistry

from baton.command_api.admission import refusal_log
from baton.command_api.admission.body import BodyReader
from baton.command_api.admission.connection import Connection
from baton.command_api.admission.hosts import Hosts, require_same_site
from baton.command_api.admission.peers import Peers
from baton.command_api.admission.refusal_log import RefusalLog
from baton.command_api.auditing.access_log import AccessLog
from baton.command_api.budgets import Budgets
from baton.command_api.http.origin import origin_of, recorded_text
from baton.command_api.http.refusal import STATUS, ErrorCode, Refusal, Refused
from baton.command_api.principal import Identity
from baton.domain.access.messages import Reason
from baton.domain.stream import SERVER

_LOGGED: frozenset[ErrorCode] = frozenset(
    (
        "unauthorized",
        "forbidden",
        "rate_limited",
        "request_timeout",
        "misdirected_request",
        "payload_too_large",
    )
)

Answer: TypeAlias = "tuple[Refusal, Mapping[str, str]]"


class Claimed(NamedTuple):
    """The user name that a sign-in gave, and the tenant of that user, if the user exists."""

    name: str
    tenant: str = SERVER


IDENTITY = web.RequestKey("identity", Identity)
"""The identity of the request's verified credential."""
CLAIMED = web.RequestKey("claimed", Claimed)
"""The user that a sign-in named."""


class Admission:
    """The admission of one application."""

    def __init__(
        self, budgets: Budgets, registry: CollectorRegistry, accesses: AccessLog | None = None
    ) -> None:
        """`accesses` records requests that are refused for a missing right, None for no record."""
        self.budgets = budgets
        self._accesses = accesses
        self.hosts = Hosts(budgets.limits.hosts)
        self.peers = Peers()
        self.log = RefusalLog(registry)
        self._limits = budgets.limits
        self._bodies = BodyReader(budgets)

    def check(self, request: web.Request) -> None:
        """Raise Refused for a request that must not reach any route."""
        if connection_of(request).unsupported:
            message = "The HTTP version of the request is not supported: use 1.0 or 1.1"
            raise Refused("validation_error", message)
        self.hosts.require_known(request)

    def check_open(self, request: web.Request) -> None:
        """Raise Refused for a request that must not reach an open route.

        Above the limit of connections, only requests with a valid token are admitted.
        """
        require_same_site(request)
        limit = self._limits.peer_connections
        if limit and connection_of(request).peer.connections > limit:
            message = "This peer has too many connections; try again later"
            raise Refused("rate_limited", message, headers={"Retry-After": "1"})

    def trust(self, request: web.Request, identity: Identity) -> None:
        """Remember a valid credential and its identity."""
        request[IDENTITY] = identity
        connection_of(request).trusted = True

    async def read_body(self, request: web.Request) -> bytes:
        """Return the decoded body; raises Refused and PeerLeft."""
        return await self._bodies.read(request, connection_of(request))

    def release(self, request: web.Request) -> None:
        """Return the budget that the request holds."""
        connection = connection_of(request)
        if connection.held:
            connection.release()

    async def refuse(
        self, request: web.Request, refusal: Refusal, headers: Mapping[str, str]
    ) -> Answer:
        """Count and log a refusal; return the one to send: above the budget, failures get 429."""
        if refusal.code not in _LOGGED:
            return refusal, headers
        if refusal.code in ("unauthorized", "forbidden"):
            self._record(request, refusal.code)
        await self.budgets.refusals.wait()
        peer = connection_of(request).peer.name
        if refusal.code == "unauthorized":
            wait_s = self.budgets.failed_authentications.take(peer)
            if wait_s:
                refusal, headers = _too_many_failures(refusal), {"Retry-After": str(wait_s)}
        identity = request.get(IDENTITY)
        self.log.refused(
            refusal_log.Refused(
                reason=refusal.code,
                status=STATUS[refusal.code],
                peer=peer,
                route=_route_of(request),
                subject="" if identity is None else identity.subject,
            )
        )
        return refusal, headers

    def _record(self, request: web.Request, reason: Reason) -> None:
        if self._accesses is None:
            return
        identity = request.get(IDENTITY)
        claimed = request.get(CLAIMED) or Claimed("", SERVER)
        self._accesses.refused(
            reason=reason,
            tenant=claimed.tenant if identity is None else identity.tenants[0],
            actor=None if identity is None else identity.actor,
            claimed=recorded_text(claimed.name),
            route=_route_of(request),
            origin=origin_of(request),
        )

    def peer_left(self, request: web.Request) -> None:
        """Count a peer that closed its connection in the middle of a request."""
        self.log.peer_left(connection_of(request).peer.name)


ADMISSION = web.AppKey("admission", Admission)
"""The admission of an application."""


def connection_of(request: web.Request) -> Connection:
    """Return the connection of a request; the server creates connections of this class only."""
    connection = request.protocol
    if not isinstance(connection, Connection):
        message = "The application must be served by baton.command_api.serve"
        raise TypeError(message)
    return connection


def _too_many_failures(refusal: Refusal) -> Refusal:
    message = "Too many failed authentications; try again later"
    return replace(refusal, code="rate_limited", message=message)


def _route_of(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return "" if resource is None else resource.canonical
