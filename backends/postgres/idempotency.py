"""Idempotency keys in PostgreSQL."""

import time
from typing import NamedTuple

from baton.backends.postgres.database import Database, statement
from baton.backends.sql import idempotency_statements
from baton.backends.sql.idempotency_statements import completion, stored_key
from baton.eventlog.errors import Unavailable
from baton.eventlog.idempotency import ABANDONED_MS, RETENTION_MS, evaluate_claim
from baton.eventlog.ports.keys import KeyClaim, StoredResponse

DELETION_INTERVAL_MS = 60_000
"""The shortest time between two deletions of expired keys by one process."""

_TABLE = "baton.idempotency_keys"
_DELETE_EXPIRED = statement(idempotency_statements.DELETE_EXPIRED, table=_TABLE)
_FIND_LOCKED = statement(f"{idempotency_statements.FIND} FOR UPDATE", table=_TABLE)
_COMPLETE = statement(idempotency_statements.COMPLETE, table=_TABLE)
_RELEASE = statement(idempotency_statements.RELEASE, table=_TABLE)
_CLAIM = """
INSERT INTO baton.idempotency_keys (tenant, key, fingerprint, claimed_at) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING RETURNING 1"""
_CLAIM_AGAIN = """
UPDATE baton.idempotency_keys
SET fingerprint = $3, claimed_at = $4, status = NULL, headers = NULL, body = NULL
WHERE tenant = $1 AND key = $2"""


class _Unsettled(NamedTuple):
    """A claim whose response, or whose release (None), could not be written."""

    tenant: str
    key: str
    response: StoredResponse | None
    until: float
    """Seconds on the monotonic clock; after that another request may have claimed the key."""


class PostgresIdempotencyKeys:
    """Implements `IdempotencyKeys`.

    A claim that could not be completed or released because the database was unavailable is settled
    before the next claim. A client that repeats its request then needn't wait until the claim
    counts as abandoned.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._deleted_at = 0
        self._unsettled: list[_Unsettled] = []

    async def claim(self, tenant: str, key: str, *, fingerprint: str, at: int) -> KeyClaim:
        """Claim the key for the request that `fingerprint` identifies."""
        await self._delete_expired(at)
        await self._settle_pending()
        while True:
            if await self._database.fetch(_CLAIM, tenant, key, fingerprint, at):
                return KeyClaim("claimed")
            if claim := await self._claim_existing(tenant, key, fingerprint, at):
                return claim

    async def complete(self, tenant: str, key: str, *, response: StoredResponse) -> None:
        """Store the response of a claimed key."""
        await self._settle(tenant, key, response)

    async def release(self, tenant: str, key: str) -> None:
        """Give up the claim of a key whose command was refused."""
        await self._settle(tenant, key, None)

    async def _settle(self, tenant: str, key: str, response: StoredResponse | None) -> None:
        try:
            await self._write(tenant, key, response)
        except Unavailable:
            until = time.monotonic() + ABANDONED_MS / 1_000
            self._unsettled.append(_Unsettled(tenant, key, response, until))
            raise

    async def _settle_pending(self) -> None:
        while self._unsettled:
            claim = self._unsettled.pop()
            try:
                if time.monotonic() < claim.until:
                    await self._write(claim.tenant, claim.key, claim.response)
            except Unavailable:
                self._unsettled.append(claim)
                raise

    async def _write(self, tenant: str, key: str, response: StoredResponse | None) -> None:
        if response is None:
            await self._database.fetch(_RELEASE, tenant, key)
        else:
            await self._database.fetch(_COMPLETE, *completion(tenant, key, response))

    async def _claim_existing(
        self, tenant: str, key: str, fingerprint: str, at: int
    ) -> KeyClaim | None:
        """Claim a key that exists; None if it was released in the meantime."""
        async with self._database.transaction() as transaction:
            row = await transaction.fetchrow(_FIND_LOCKED, tenant, key)
            if row is None:
                return None
            claim = evaluate_claim(stored_key(*row), fingerprint=fingerprint, at=at)
            if claim.outcome == "claimed":
                await transaction.execute(_CLAIM_AGAIN, tenant, key, fingerprint, at)
            return claim

    async def _delete_expired(self, at: int) -> None:
        if abs(at - self._deleted_at) >= DELETION_INTERVAL_MS:
            self._deleted_at = at
            await self._database.fetch(_DELETE_EXPIRED, at - RETENTION_MS)
