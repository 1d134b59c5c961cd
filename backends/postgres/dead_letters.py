"""Dead letters in PostgreSQL."""

from collections.abc import Sequence

from baton.backends.postgres.database import Database, statement
from baton.backends.sql import dead_letter_statements
from baton.backends.sql.dead_letter_statements import letter_of, row_of
from baton.eventlog.ports.dead_letters import DeadLetter

_TABLE = "baton.dead_letters"
_PUT = f"""
INSERT INTO {_TABLE} ({dead_letter_statements.COLUMNS})
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[],
    $6::bytea[], $7::bytea[], $8::bytea[]
)
ON CONFLICT (letter_id) DO NOTHING"""  # noqa: S608 - constants
_PAGE = statement(dead_letter_statements.PAGE, table=_TABLE)
_NEWEST = statement(dead_letter_statements.NEWEST, table=_TABLE)
_GET = statement(dead_letter_statements.GET, table=_TABLE)
_MARK_REDRIVEN = statement(dead_letter_statements.MARK_REDRIVEN, table=_TABLE)


class PostgresDeadLetters:
    """Implements `DeadLetters`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, letters: Sequence[DeadLetter]) -> None:
        """Insert `letters`; a letter whose id exists already changes nothing."""
        columns = zip(*(row_of(letter) for letter in letters), strict=True)
        if letters:
            await self._database.fetch(_PUT, *columns)

    async def page(self, *, after: str = "", limit: int = 100) -> Sequence[DeadLetter]:
        """Return letters with ids greater than `after`, ordered by id."""
        return [letter_of(*row) for row in await self._database.look_up(_PAGE, after, limit)]

    async def newest(
        self, *, before: tuple[int, str] | None = None, limit: int = 100
    ) -> Sequence[DeadLetter]:
        """Return letters by time and id, the newest first."""
        at, letter_id = before or dead_letter_statements.AFTER_ALL
        rows = await self._database.look_up(_NEWEST, at, letter_id, limit)
        return [letter_of(*row) for row in rows]

    async def get(self, letter_id: str) -> DeadLetter | None:
        """Return one letter."""
        rows = await self._database.look_up(_GET, letter_id)
        return letter_of(*rows[0]) if rows else None

    async def mark_redriven(self, letter_id: str, *, at: int) -> None:
        """Record that the message was sent again at `at`."""
        await self._database.fetch(_MARK_REDRIVEN, letter_id, at)
