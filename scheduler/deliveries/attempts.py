"""One attempt of a delivery: posts it to its receiver and records the outcome."""

import logging
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple

from baton.domain.actor import Actor
from baton.domain.delivery.decisions import BACKOFF_MS
from baton.domain.delivery.decisions import DECIDER as DELIVERY
from baton.domain.delivery.messages import ReportFailure, ReportSuccess
from baton.domain.delivery.state import State
from baton.domain.webhook.decisions import DECIDER as WEBHOOK
from baton.domain.webhook.messages import DisableWebhook
from baton.domain.webhook.state import State as Webhook
from baton.eventlog.errors import Unreadable
from baton.eventlog.loops.load import StreamState, load
from baton.eventlog.loops.retry import retry
from baton.eventlog.loops.transact import transact
from baton.eventlog.ports.backend import Stores
from baton.eventlog.ports.clock import Clock
from baton.protocols.http_client import HttpClient
from baton.protocols.webhook_post import GONE, TIMEOUT_MS, Answer, Message, post_message
from baton.scheduler.deliveries.counters import Counters
from baton.scheduler.deliveries.message_body import MessageBodies, Render
from baton.scheduler.deliveries.pending_deliveries import Pending
from baton.scheduler.deliveries.receivers import Receivers

_SYSTEM: Final = Actor("webhooks", "system")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """The configuration of sending: `render` makes the data of a body, `client` posts it.

    Ended deliveries are kept for `retention_ms`, or for ever if it is 0.
    """

    render: Render
    client: HttpClient
    backoff_ms: tuple[int, ...] = BACKOFF_MS
    timeout_ms: int = TIMEOUT_MS
    retention_ms: int = 0


class Posted(NamedTuple):
    """The outcome of an attempt; `sent` is whether a request was sent to the receiver."""

    answer: Answer
    sent: bool


class Attempts:
    """Performs attempts at the times that the caller chooses."""

    def __init__(
        self,
        stores: Stores,
        sending: Sending,
        receivers: Receivers,
        *,
        clock: Clock,
        counters: Counters | None = None,
    ) -> None:
        self._store = stores.events
        self._sending = sending
        self._receivers = receivers
        self._bodies = MessageBodies(stores.events, sending.render)
        self._clock = clock
        self._counters = counters or Counters()

    async def state_of(self, pending: Pending) -> State:
        """Return the delivery's state, read once; raises `Unavailable`."""
        if pending.known is None:
            pending.known = await load(self._store, DELIVERY, pending.stream)
            pending.version = max(pending.version, pending.known.version)
        return pending.known.state

    async def post(self, pending: Pending) -> Posted:
        """Post the delivery once and return the outcome; raises `Unavailable`."""
        webhook = await self._receivers.get(pending.tenant, pending.webhook_id)
        if (reason := _unwanted(webhook)) is not None:
            return Posted(Answer(error=reason, final=True), sent=False)
        now = self._clock.now()
        try:
            secrets = await self._receivers.secrets_of(webhook, now)
            body = await self._bodies.body_of(
                pending.run_stream, pending.run_version, pending.event
            )
        except Unreadable as error:
            _log.warning("delivery %s can't be sent: %s", pending.id, error)
            return Posted(Answer(error="UNREADABLE: a secret can't be read"), sent=False)
        except LookupError:
            return Posted(Answer(error="NO_EVENT: the event is not stored", final=True), sent=False)
        if not secrets:
            return Posted(Answer(error="NO_SECRET: the secret was deleted"), sent=False)
        message = Message(id=pending.id, url=webhook.url, body=body, secrets=secrets, at=now)
        answer = await post_message(
            self._sending.client, message, timeout_ms=self._sending.timeout_ms
        )
        return Posted(answer, sent=True)

    async def record(self, pending: Pending, answer: Answer) -> State:
        """Record the outcome of an attempt and return the delivery's state.

        Waits while the store is unavailable, because the message must not be posted twice.
        """
        doing = f"recording delivery {pending.id}"
        record = partial(self._record, pending, answer)
        state = await retry(record, clock=self._clock, log=_log, doing=doing)
        if answer.status == GONE:
            disable = partial(self._disable, pending)
            await retry(disable, clock=self._clock, log=_log, doing=doing)
        return state

    async def _record(self, pending: Pending, answer: Answer) -> State:
        attempt = (await self.state_of(pending)).attempts + 1
        at = self._clock.now()
        command: ReportSuccess | ReportFailure
        if answer.error is None:
            command = ReportSuccess(attempt=attempt, status=answer.status or 0, at=at)
        else:
            command = ReportFailure(
                attempt=attempt,
                error=answer.error,
                status=answer.status,
                backoff_ms=self._sending.backoff_ms,
                retry_after_ms=answer.retry_after_ms,
                fatal=answer.final,
                at=at,
            )
        result = await transact(self._store, DELIVERY, pending.stream, command, known=pending.known)
        pending.known = None
        if result.recorded:
            pending.version = result.recorded[-1].version
            pending.known = StreamState(result.state, pending.version)
            self._count(result.state)
        return result.state

    async def _disable(self, pending: Pending) -> None:
        command = DisableWebhook(reason="gone", actor=_SYSTEM, at=self._clock.now())
        result = await transact(self._store, WEBHOOK, pending.webhook_stream, command)
        self._receivers.changed(pending.webhook_stream)
        self._counters.disabled += result.changed

    def _count(self, state: State) -> None:
        match state.status:
            case "delivered":
                self._counters.delivered += 1
            case "dead":
                self._counters.dead += 1
            case _:
                self._counters.failed += 1


def _unwanted(webhook: Webhook) -> str | None:
    """Return why a registration gets no deliveries; None if it gets them."""
    if not webhook.exists:
        return "WEBHOOK_DELETED: the webhook was deleted"
    if webhook.disabled is not None:
        return "WEBHOOK_DISABLED: the receiver answered 410 and gets no more deliveries"
    return None if webhook.active else "WEBHOOK_INACTIVE: the webhook is not active"
