"""Dead letters as rows of the table that both SQL databases have."""

from base64 import b64decode, b64encode
from typing import Any, Final, TypeAlias

import orjson

from baton.eventlog.ports.dead_letters import DeadLetter
from baton.eventlog.ports.topics import Message

COLUMNS: Final = "letter_id, source, reason, at, redriven_at, key, value, headers"
"""The columns in the order of a row; `headers` is JSON with the values in base64."""

Cell: TypeAlias = str | int | bytes | None

PAGE: Final = f"SELECT {COLUMNS} FROM {{table}} WHERE letter_id > $1 ORDER BY letter_id LIMIT $2"  # noqa: S608 - constants
NEWEST: Final = (
    f"SELECT {COLUMNS} FROM {{table}} WHERE (at, letter_id) < ($1, $2)"  # noqa: S608 - constants
    " ORDER BY at DESC, letter_id DESC LIMIT $3"
)
AFTER_ALL: Final = (2**62, "")
"""A time and an id that sort after every letter's."""
GET: Final = f"SELECT {COLUMNS} FROM {{table}} WHERE letter_id = $1"  # noqa: S608 - as above
MARK_REDRIVEN: Final = "UPDATE {table} SET redriven_at = $2 WHERE letter_id = $1"


def row_of(letter: DeadLetter) -> tuple[Cell, ...]:
    """Return a letter as a row of `COLUMNS`."""
    message = letter.message
    headers = [(name, b64encode(value).decode()) for name, value in message.headers]
    return (
        letter.letter_id,
        letter.source,
        letter.reason,
        letter.at,
        letter.redriven_at,
        message.key,
        message.value,
        orjson.dumps(headers),
    )


def letter_of(*row: Any) -> DeadLetter:
    """Return the letter of a row of `COLUMNS`."""
    letter_id, source, reason, at, redriven_at, key, value, headers = row
    decoded = tuple((name, b64decode(encoded)) for name, encoded in orjson.loads(headers))
    return DeadLetter(
        letter_id=letter_id,
        source=source,
        reason=reason,
        at=at,
        redriven_at=redriven_at,
        message=Message(key=key, value=value, headers=decoded),
    )
