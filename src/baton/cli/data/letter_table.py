"""The table of `baton deadletters list`, and its JSON."""

import base64
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from baton.cli.terminal.output import in_terminal, print_note
from baton.cli.terminal.tables import Column, print_table
from baton.cli.terminal.times import shown_time
from baton.protocols.iso_time import format_time

if TYPE_CHECKING:
    from baton.eventlog.ports.dead_letters import DeadLetter

COLUMNS: Final = (
    Column(name="ID"),
    Column(name="FAILED", drop_order=3),
    Column(name="SOURCE", kind="short", min_width=16, drop_order=2),
    Column(name="REASON", kind="wrapped", min_width=18),
    Column(name="REDRIVEN", drop_order=1),
)


def print_letters(letters: "Sequence[DeadLetter]") -> None:
    """Print a line for each letter."""
    if not letters and in_terminal():
        print_note("No dead letters.")
        return
    now = int(time.time() * 1_000)
    rows = [
        (
            letter.letter_id,
            shown_time(letter.at, now),
            letter.source,
            letter.reason,
            shown_time(letter.redriven_at, now),
        )
        for letter in letters
    ]
    print_table(COLUMNS, rows)


def letter_document(letter: "DeadLetter") -> dict[str, Any]:
    """Return a letter with the content of its message."""
    message = letter.message
    headers = [{"name": name, **_content("value", value)} for name, value in message.headers]
    return {
        "id": letter.letter_id,
        "source": letter.source,
        "reason": letter.reason,
        "at": format_time(letter.at),
        "redrivenAt": None if letter.redriven_at is None else format_time(letter.redriven_at),
        **_content("key", message.key),
        **_content("value", message.value),
        "headers": headers,
    }


def _content(name: str, content: bytes | None) -> dict[str, str | None]:
    """Return bytes as a JSON member: text, or base64 if they are not UTF-8."""
    if content is None:
        return {name: None}
    try:
        return {name: content.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(content).decode()}
