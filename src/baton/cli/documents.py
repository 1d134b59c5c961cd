"""Documents that a verb is given: inline, in a file or on standard input; JSON or YAML."""

import json
import sys
from pathlib import Path
from typing import Any

from baton.cli.terminal.failures import Failed

STDIN = "-"


def parse_object(text: str) -> dict[str, Any]:
    """Return the object in `text`, in the file of `@FILE` or on stdin (`@-`); raises Failed."""
    place = text.removeprefix("@")
    raw = text if place == text else read_text(place)
    try:
        value = json.loads(raw)
    except ValueError as error:
        raise Failed(f"This is not JSON ({error}): {_short(raw)}") from None
    if not isinstance(value, dict):
        raise Failed(f"A JSON object is needed, not {_short(raw)}")
    return value


def load_document(place: str) -> Any:
    """Return what a JSON or YAML file holds (`-`: stdin); raises Failed."""
    raw = read_text(place)
    if place.endswith(".json") or raw.lstrip().startswith(("{", "[")):
        try:
            return json.loads(raw)
        except ValueError as error:
            raise Failed(f"{place} is not JSON: {error}") from None
    return _yaml(place, raw)


def read_text(place: str) -> str:
    """Return the text of a file (`-`: stdin); raises Failed."""
    try:
        return sys.stdin.read() if place == STDIN else Path(place).read_text(encoding="utf-8")
    except OSError as error:
        raise Failed(f"{place} can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Failed(f"{place} can't be read: it is not UTF-8") from None


def _yaml(place: str, raw: str) -> Any:
    import yaml

    try:
        value = yaml.safe_load(raw)
        json.dumps(value, allow_nan=False)
    except yaml.YAMLError as error:
        raise Failed(f"{place} is not YAML: {error}") from None
    except (TypeError, ValueError, RecursionError) as error:
        raise Failed(f"{place} holds what JSON has no form for, quote it: {error}") from None
    return value


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:60]}…")  # noqa: PLR2004 - to fit a line
