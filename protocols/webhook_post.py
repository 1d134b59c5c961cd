"""Posts a signed message to the receiver of a webhook and returns the outcome.

Only a 2xx response means that the receiver has the message: a redirect is a failure too (Standard
Webhooks 1.0). The body of the response is not kept.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

from baton.protocols.address_policy import CODE as BLOCKED
from baton.protocols.http_client import HttpClient, Request, Response, Undelivered, succeeded
from baton.protocols.standard_webhooks import headers_signed_by

TIMEOUT_MS: Final = 15_000
"""The time in which a receiver must respond, in ms."""
GONE: Final = 410
"""The status by which a receiver says that it wants no more messages."""

_SECONDS = re.compile(r"[0-9]{1,8}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message for a receiver; `id` stays the same over its attempts and has no dot.

    `secrets` sign it, each with a signature of its own; `at` is the time of this attempt, in ms
    since the epoch, UTC.
    """

    id: str
    url: str
    body: bytes
    secrets: Sequence[str]
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The outcome of one attempt.

    `status` is the status of the response, None without a response. `error` says why the attempt
    failed, None if the receiver accepted the message. `retry_after_ms` is the delay that the
    receiver asked for. After a `final` failure the same request can't succeed.
    """

    status: int | None = None
    error: str | None = None
    retry_after_ms: int = 0
    final: bool = False


async def post_message(
    client: HttpClient, message: Message, *, timeout_ms: int = TIMEOUT_MS
) -> Answer:
    """Post the message once and return the outcome; network failures don't raise."""
    headers = {
        "Content-Type": "application/json",
        **headers_signed_by(message.secrets, message.id, message.at, message.body),
    }
    request = Request(
        method="POST",
        url=message.url,
        headers=headers,
        body=message.body,
        timeout_ms=timeout_ms,
    )
    try:
        response = await client.send(request)
    except Undelivered as error:
        return Answer(error=f"{error.code}: {error}", final=error.code == BLOCKED)
    if succeeded(response.status):
        return Answer(status=response.status)
    return Answer(
        status=response.status,
        error=f"HTTP_{response.status}: {_reason(response)}",
        retry_after_ms=_retry_after_ms(response, message.at),
        final=response.status == GONE,
    )


def _reason(response: Response) -> str:
    if 300 <= response.status < 400:  # noqa: PLR2004 - the class of redirects
        return "the receiver redirects, and deliveries follow no redirect"
    if response.status == GONE:
        return "the receiver wants no more deliveries"
    return "the receiver refused the delivery"


def _retry_after_ms(response: Response, now: int) -> int:
    """Return the time of a Retry-After header (RFC 9110, 10.2.3) from `now`, 0 without one."""
    text = response.headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(text):
        return int(text) * 1_000
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return 0
    return max(0, round(at.replace(tzinfo=at.tzinfo or UTC).timestamp() * 1_000) - now)
