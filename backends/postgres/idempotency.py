"""First answers by idempotency key, as rows."""

import time
from typing import NamedTuple

import asyncpg
import orjson

from baton.backends.postgres.database import Database
from baton.eventlog.errors import Unavailable
from baton.eventlog.idempotency import ABANDONED_MS, RETENTION_MS, StoredKey, evaluate_claim
from baton.eventlog.ports.keys import KeyClaim, StoredResponse

SWEEP_INTERVAL_MS = 60_000

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


class _Unsettled(NamedTuple):
    """What could not be written: the response to a claim, or None where it is given back."""

    tenant: str
    key: str
    response: StoredResponse | None
    until: float
    """On the monotonic clock, s: later on the claim may be somebody else's."""


class PostgresIdempotencyKeys:
    """Implements `IdempotencyKeys`.

    A claim that is settled while the database is away is settled before the next one is made, so
    that whoever asks again need not wait until it counts as abandoned.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._swept_at = 0
        self._unsettled: list[_Unsettled] = []

    async def claim(self, tenant: str, key: str, *, fingerprint: str, at: int) -> KeyClaim:
        """Claim the key for the request that `fingerprint` (method, path, body) names."""
        await self._sweep(at)
        await self._settle_pending()
        while True:
            if await self._database.fetch(_CLAIM, tenant, key, fingerprint, at):
                return KeyClaim("claimed")
            if claim := await self._judge(tenant, key, fingerprint, at):
                return claim

    async def complete(self, tenant: str, key: str, *, response: StoredResponse) -> None:
        """Keep the response of a claimed key."""
        await self._settle(tenant, key, response)

    async def release(self, tenant: str, key: str) -> None:
        """Give the key back: the command was refused."""
        await self._settle(tenant, key, None)

    async def _settle(self, tenant: str, key: str, response: StoredResponse | None) -> None:
        try:
            await self._write(tenant, key, response)
        except Unavailable:
            until = time.monotonic() + ABANDONED_MS / 1_000
            self._unsettled.append(_Unsettled(tenant, key, response, until))
            raise

    async def _settle_pending(self) -> None:
        """Settle what could not be settled in its time."""
        while self._unsettled:
            one = self._unsettled.pop()
            try:
                if time.monotonic() < one.until:
                    await self._write(one.tenant, one.key, one.response)
            except Unavailable:
                self._unsettled.append(one)
                raise

    async def _write(self, tenant: str, key: str, response: StoredResponse | None) -> None:
        if response is None:
            await self._database.fetch(_RELEASE, tenant, key)
            return
        headers = orjson.dumps(response.headers).decode()
        await self._database.fetch(_COMPLETE, tenant, key, response.status, headers, response.body)

    async def _judge(self, tenant: str, key: str, fingerprint: str, at: int) -> KeyClaim | None:
        """Return what the stored key means; None when it has just been given back."""
        async with self._database.transaction() as transaction:
            found = await transaction.fetchrow(_FIND, tenant, key)
            if found is None:
                return None
            claim = evaluate_claim(_kept(found), fingerprint=fingerprint, at=at)
            if claim.outcome == "claimed":
                await transaction.execute(_CLAIM_AGAIN, tenant, key, fingerprint, at)
            return claim

    async def _sweep(self, at: int) -> None:
        """Delete what is too old, now and then: it counts for nothing any more."""
        if abs(at - self._swept_at) >= SWEEP_INTERVAL_MS:
            self._swept_at = at
            await self._database.fetch(_SWEEP, at - RETENTION_MS)


def _kept(found: asyncpg.Record) -> StoredKey:
    if found["status"] is None:
        return StoredKey(found["fingerprint"], found["claimed_at"])
    headers = tuple((name, value) for name, value in orjson.loads(found["headers"]))
    response = StoredResponse(status=found["status"], headers=headers, body=found["body"])
    return StoredKey(found["fingerprint"], found["claimed_at"], response)
