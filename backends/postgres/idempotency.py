"""First answers by idempotency key, as rows."""

import asyncpg
import orjson

from backends.postgres.database import Database
from eventlog.idempotency import KEPT_MS, Kept, judge
from eventlog.ports import Answer, Claim

SWEEP_MS = 60_000

_SWEEP = "DELETE FROM baton.idempotency_keys WHERE claimed_at <= $1"
_CLAIM = """
INSERT INTO baton.idempotency_keys (tenant, key, fingerprint, claimed_at) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING RETURNING 1"""
_FIND = """
SELECT fingerprint, claimed_at, status, headers, body FROM baton.idempotency_keys
WHERE tenant = $1 AND key = $2 FOR UPDATE"""
_CLAIM_AGAIN = """
UPDATE baton.idempotency_keys
SET fingerprint = $3, claimed_at = $4, status = NULL, headers = NULL, body = NULL
WHERE tenant = $1 AND key = $2"""
_COMPLETE = """
UPDATE baton.idempotency_keys SET status = $3, headers = $4, body = $5
WHERE tenant = $1 AND key = $2"""
_RELEASE = """
DELETE FROM baton.idempotency_keys WHERE tenant = $1 AND key = $2 AND status IS NULL"""


class PostgresIdempotencyKeys:
    """Implements `eventlog.ports.IdempotencyKeys`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._swept_at = 0

    async def claim(self, tenant: str, key: str, *, fingerprint: str, at: int) -> Claim:
        """Claim the key for the request that `fingerprint` (method, path, body) names."""
        await self._sweep(at)
        while True:
            if await self._database.fetch(_CLAIM, tenant, key, fingerprint, at):
                return Claim("mine")
            if claim := await self._judge(tenant, key, fingerprint, at):
                return claim

    async def complete(self, tenant: str, key: str, *, answer: Answer) -> None:
        """Keep the answer of a claimed key."""
        headers = orjson.dumps(answer.headers).decode()
        await self._database.fetch(_COMPLETE, tenant, key, answer.status, headers, answer.body)

    async def release(self, tenant: str, key: str) -> None:
        """Give the key back: the command was refused."""
        await self._database.fetch(_RELEASE, tenant, key)

    async def _judge(self, tenant: str, key: str, fingerprint: str, at: int) -> Claim | None:
        """Return what the stored key means; None when it has just been given back."""
        async with self._database.transaction() as transaction:
            found = await transaction.fetchrow(_FIND, tenant, key)
            if found is None:
                return None
            claim = judge(_kept(found), fingerprint=fingerprint, at=at)
            if claim.outcome == "mine":
                await transaction.execute(_CLAIM_AGAIN, tenant, key, fingerprint, at)
            return claim

    async def _sweep(self, at: int) -> None:
        """Delete what is too old, now and then: it counts for nothing any more."""
        if abs(at - self._swept_at) >= SWEEP_MS:
            self._swept_at = at
            await self._database.fetch(_SWEEP, at - KEPT_MS)


def _kept(found: asyncpg.Record) -> Kept:
    if found["status"] is None:
        return Kept(found["fingerprint"], found["claimed_at"])
    headers = tuple((name, value) for name, value in orjson.loads(found["headers"]))
    answer = Answer(status=found["status"], headers=headers, body=found["body"])
    return Kept(found["fingerprint"], found["claimed_at"], answer)
