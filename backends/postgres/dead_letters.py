"""Dead letters as rows."""

from collections.abc import Sequence

import asyncpg

from backends.postgres.database import Database
from eventlog.dead_letters import DeadLetter, packed, unpacked
from eventlog.topics import Message

_COLUMNS = "letter_id, source, reason, at, redriven_at, key, value, headers"
_PUT = f"""
INSERT INTO baton.dead_letters ({_COLUMNS})
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[],
    $6::bytea[], $7::bytea[], $8::bytea[]
)
ON CONFLICT (letter_id) DO NOTHING"""  # noqa: S608 - constants
_PAGE = f"""
SELECT {_COLUMNS} FROM baton.dead_letters WHERE letter_id > $1 ORDER BY letter_id LIMIT $2"""  # noqa: S608 - as above
_GET = f"SELECT {_COLUMNS} FROM baton.dead_letters WHERE letter_id = $1"  # noqa: S608 - as above
_REDRIVEN = "UPDATE baton.dead_letters SET redriven_at = $2 WHERE letter_id = $1"


class PostgresDeadLetters:
    """Implements `eventlog.dead_letters.DeadLetters`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, letters: Sequence[DeadLetter]) -> None:
        """Keep `letters`; one whose id is known changes nothing."""
        columns = zip(*(_row(letter) for letter in letters), strict=True)
        if letters:
            await self._database.fetch(_PUT, *columns)

    async def page(self, *, after: str = "", limit: int = 100) -> Sequence[DeadLetter]:
        """Return letters with ids behind `after`, in order of their ids."""
        return [_letter(row) for row in await self._database.look_up(_PAGE, after, limit)]

    async def get(self, letter_id: str) -> DeadLetter | None:
        """Return one letter."""
        found = await self._database.look_up(_GET, letter_id)
        return _letter(found[0]) if found else None

    async def redriven(self, letter_id: str, *, at: int) -> None:
        """Note that the message was sent again."""
        await self._database.fetch(_REDRIVEN, letter_id, at)


def _row(letter: DeadLetter) -> tuple[str | int | bytes | None, ...]:
    message = letter.message
    return (
        letter.letter_id,
        letter.source,
        letter.reason,
        letter.at,
        letter.redriven_at,
        message.key,
        message.value,
        packed(message.headers),
    )


def _letter(row: asyncpg.Record) -> DeadLetter:
    message = Message(key=row["key"], value=row["value"], headers=unpacked(row["headers"]))
    return DeadLetter(
        letter_id=row["letter_id"],
        source=row["source"],
        reason=row["reason"],
        at=row["at"],
        redriven_at=row["redriven_at"],
        message=message,
    )
