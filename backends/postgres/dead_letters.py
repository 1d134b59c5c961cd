"""Dead letters as rows."""

from collections.abc import Sequence

from baton.backends.postgres.database import Database
from baton.backends.sql.dead_letter_rows import COLUMNS, letter_of, row_of
from baton.eventlog.ports.dead_letters import DeadLetter

_PUT = f"""
INSERT INTO baton.dead_letters ({COLUMNS})
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[],
    $6::bytea[], $7::bytea[], $8::bytea[]
)
ON CONFLICT (letter_id) DO NOTHING"""  # noqa: S608 - constants
_PAGE = f"""
SELECT {COLUMNS} FROM baton.dead_letters WHERE letter_id > $1 ORDER BY letter_id LIMIT $2"""  # noqa: S608 - as above
_GET = f"SELECT {COLUMNS} FROM baton.dead_letters WHERE letter_id = $1"  # noqa: S608 - as above
_REDRIVEN = "UPDATE baton.dead_letters SET redriven_at = $2 WHERE letter_id = $1"


class PostgresDeadLetters:
    """Implements `DeadLetters`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, letters: Sequence[DeadLetter]) -> None:
        """Keep `letters`; one whose id is known changes nothing."""
        columns = zip(*(row_of(letter) for letter in letters), strict=True)
        if letters:
            await self._database.fetch(_PUT, *columns)

    async def page(self, *, after: str = "", limit: int = 100) -> Sequence[DeadLetter]:
        """Return letters with ids behind `after`, in order of their ids."""
        return [letter_of(*row) for row in await self._database.look_up(_PAGE, after, limit)]

    async def get(self, letter_id: str) -> DeadLetter | None:
        """Return one letter."""
        found = await self._database.look_up(_GET, letter_id)
        return letter_of(*found[0]) if found else None

    async def mark_redriven(self, letter_id: str, *, at: int) -> None:
        """Note that the message was sent again."""
        await self._database.fetch(_REDRIVEN, letter_id, at)
