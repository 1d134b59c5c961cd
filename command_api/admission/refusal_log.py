"""Records refusals: a count by reason, and log lines whose number is limited."""

import logging
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter

from baton.command_api.budgets.limits import Rate
from baton.command_api.budgets.token_buckets import TokenBuckets

_LOG = logging.getLogger(__name__)

LINES = Rate(burst=200, per_s=20)
"""The rate of log lines about refusals; further refusals are counted, and the count is logged."""

_MAX_SUBJECT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """One refused request, without anything that could be a secret.

    `route` is the template of the path, "" if none matches; `subject` is the subject of a verified
    token.
    """

    reason: str
    status: int
    peer: str
    route: str = ""
    subject: str = ""


class RefusalLog:
    """Counts and logs refused requests, and counts peers that leave in the middle of one."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._refused = Counter(
            "baton_http_refused_requests",
            "Requests that the admission refused, by reason",
            ("reason",),
            registry=registry,
        )
        self._left = Counter(
            "baton_http_peers_left",
            "Connections that their peer closed in the middle of a request",
            registry=registry,
        )
        self._lines = TokenBuckets(LINES)
        self._unlogged = 0

    def refused(self, refused: Refused) -> None:
        """Count a refusal, and log it within the rate of log lines."""
        self._refused.labels(refused.reason).inc()
        if self._lines.take(""):
            self._unlogged += 1
            return
        fields: dict[str, object] = {
            "peer": refused.peer,
            "route": refused.route,
            "reason": refused.reason,
            "status": refused.status,
        }
        if refused.subject:
            fields["subject"] = ascii(refused.subject[:_MAX_SUBJECT])[1:-1]
        if self._unlogged:
            fields["not_logged_before"], self._unlogged = self._unlogged, 0
        _LOG.warning("request refused", extra=fields)

    def peer_left(self, peer: str) -> None:
        """Count a peer that left."""
        self._left.inc()
        _LOG.debug("peer left in the middle of a request", extra={"peer": peer})
