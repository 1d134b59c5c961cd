"""Makes untrusted text safe to print on a terminal or in a log.

Names, reasons, errors and values come from servers, files and user code. A terminal interprets
their control characters: they move the cursor, set its title, or reverse the reading order.
"""

from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from rich.text import Text

REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"


def visible(text: str) -> str:
    """Return `text` on one line, of the same length, with unprintable characters replaced.

    These are C0 (with ESC and line ends), DEL, C1, bidirectional controls, and characters without
    a width.
    """
    if text.isprintable():
        return text
    return "".join([_visible(character) for character in text])


def visible_text(text: "Text") -> "Text":
    """Return styled text with its plain text made visible; its styles stay where they are."""
    shown = visible(text.plain)
    if shown != text.plain:
        text = text.copy()
        text.plain = shown
    return text


def visible_json(text: str) -> str:
    """Return a JSON document with unprintable characters escaped; its value stays the same."""
    if text.isprintable():
        return text
    return "".join([_escaped(character) for character in text])


def visible_record(
    _logger: object, _method: str, record: "MutableMapping[str, Any]"
) -> "Mapping[str, Any]":
    """Make the texts of a log record visible; a further line of a text is indented."""
    for name, value in record.items():
        if isinstance(value, str):
            record[name] = _lines(value)
    return record


def _lines(text: str) -> str:
    return "\n    ".join(visible(line) for line in text.split("\n"))


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character.isspace() and character not in _CONTROLS else REPLACEMENT


def _escaped(character: str) -> str:
    if character.isprintable() or character == "\n":
        return character
    return "".join(f"\\u{unit:04x}" for unit in _utf16(character))


def _utf16(character: str) -> "list[int]":
    raw = character.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(raw[at : at + 2]) for at in range(0, len(raw), 2)]


_CONTROLS: Final = frozenset("\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029")
