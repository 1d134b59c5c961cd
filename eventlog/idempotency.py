"""The rule for a request with a known idempotency key; every backend applies it."""

from dataclasses import dataclass

from baton.eventlog.ports.keys import KeyClaim, StoredResponse

RETENTION_MS = 24 * 3_600_000
"""The time for which a response is kept, counted from the claim, in ms."""

ABANDONED_MS = 20_000
"""The age at which a claim without a response counts as abandoned by a crashed process, in ms.

It is longer than an append and its retries may take. A request that waits for the end of a run may
take longer; performing it again changes nothing, because its ids are derived from the key.
"""


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A claimed key: the request's fingerprint, the time of the claim (ms), and its response."""

    fingerprint: str
    claimed_at: int
    response: StoredResponse | None = None


def evaluate_claim(stored: StoredKey | None, *, fingerprint: str, at: int) -> KeyClaim:
    """Return the result of a claim at `at` (ms); on "claimed", the backend stores the new claim."""
    if stored is None or stored.claimed_at <= at - RETENTION_MS:
        return KeyClaim("claimed")
    if stored.fingerprint != fingerprint:
        return KeyClaim("mismatch")
    if stored.response is not None:
        return KeyClaim("answered", stored.response)
    return KeyClaim("claimed" if stored.claimed_at <= at - ABANDONED_MS else "busy")
