"""What a stored idempotency key means to a request that comes with it, in any backend."""

from dataclasses import dataclass

from baton.eventlog.ports.keys import Answer, Claim

KEPT_MS = 24 * 3_600_000
"""How long an answer is kept, from the claim on."""

ABANDONED_MS = 20_000
"""A claim without an answer for so long belongs to a process that died; another may have it.

That is longer than a command takes to be appended or given up. Answers that wait for the end of a
run may take longer: what they make has ids derived from the key, so doing it again changes nothing.
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored key: the request that claimed it, when (ms), and its answer once there is one."""

    fingerprint: str
    claimed_at: int
    answer: Answer | None = None


def judge(kept: Kept | None, *, fingerprint: str, at: int) -> Claim:
    """Return what claiming finds; "mine" means that the caller's claim is to be stored."""
    if kept is None or kept.claimed_at <= at - KEPT_MS:
        return Claim("mine")
    if kept.fingerprint != fingerprint:
        return Claim("mismatch")
    if kept.answer is not None:
        return Claim("answered", kept.answer)
    return Claim("mine" if kept.claimed_at <= at - ABANDONED_MS else "busy")
