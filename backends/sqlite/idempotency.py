"""Idempotency keys in SQLite."""

from baton.backends.sql import idempotency_statements
from baton.backends.sql.idempotency_statements import completion, stored_key
from baton.backends.sqlite.database import statement
from baton.backends.sqlite.writing.transactions import Transactions
from baton.eventlog.idempotency import ABANDONED_MS, RETENTION_MS, evaluate_claim
from baton.eventlog.ports.keys import KeyClaim, StoredResponse

_TABLE = "idempotency_keys"
_DELETE_EXPIRED = statement(idempotency_statements.DELETE_EXPIRED, table=_TABLE)
_FIND = statement(idempotency_statements.FIND, table=_TABLE)
_COMPLETE = statement(idempotency_statements.COMPLETE, table=_TABLE)
_RELEASE = statement(idempotency_statements.RELEASE, table=_TABLE)
# Returns a row under the conditions for which `evaluate_claim` says "claimed".
_CLAIM = """
INSERT INTO idempotency_keys AS kept (tenant, key, fingerprint, claimed_at) VALUES (?, ?, ?, ?)
ON CONFLICT (tenant, key) DO UPDATE SET claimed_at = excluded.claimed_at
WHERE kept.fingerprint = excluded.fingerprint AND kept.status IS NULL AND kept.claimed_at <= ?
RETURNING 1"""


class SqliteIdempotencyKeys:
    """Implements `IdempotencyKeys`."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def claim(self, tenant: str, key: str, *, fingerprint: str, at: int) -> KeyClaim:
        """Claim the key for the request that `fingerprint` identifies."""
        _, claimed, rows = await self._transactions.run(
            (_DELETE_EXPIRED, (at - RETENTION_MS,)),
            (_CLAIM, (tenant, key, fingerprint, at, at - ABANDONED_MS)),
            (_FIND, (tenant, key)),
        )
        if claimed:
            return KeyClaim("claimed")
        return evaluate_claim(stored_key(*rows[0]), fingerprint=fingerprint, at=at)

    async def complete(self, tenant: str, key: str, *, response: StoredResponse) -> None:
        """Store the response of a claimed key."""
        await self._transactions.run((_COMPLETE, completion(tenant, key, response)))

    async def release(self, tenant: str, key: str) -> None:
        """Give up the claim of a key whose command was refused."""
        await self._transactions.run((_RELEASE, (tenant, key)))
