"""What a stored idempotency key means to a request that comes with it, in any backend."""

from dataclasses import dataclass

from baton.eventlog.ports.keys import KeyClaim, StoredAnswer

RETENTION_MS = 24 * 3_600_000
"""How long an answer is kept, from the claim on."""

ABANDONED_MS = 20_000
"""A claim without an answer for so long belongs to a process that died; another may have it.

That is longer than a command takes to be appended or given up. Answers that wait for the end of a
run may take longer: what they make has ids derived from the key, so doing it again changes nothing.
"""


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A stored key: the request that claimed it, when (ms), and its answer once there is one."""

    fingerprint: str
    claimed_at: int
    answer: StoredAnswer | None = None


def evaluate_claim(kept: StoredKey | None, *, fingerprint: str, at: int) -> KeyClaim:
    """Return what claiming finds; "claimed" means that the caller's claim is to be stored."""
    if kept is None or kept.claimed_at <= at - RETENTION_MS:
        return KeyClaim("claimed")
    if kept.fingerprint != fingerprint:
        return KeyClaim("mismatch")
    if kept.answer is not None:
        return KeyClaim("answered", kept.answer)
    return KeyClaim("claimed" if kept.claimed_at <= at - ABANDONED_MS else "busy")
