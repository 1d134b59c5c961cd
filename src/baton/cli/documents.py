"""Reads the documents given to a verb: inline, from a file or from stdin, as JSON or YAML."""

import json
import sys
from pathlib import Path
from typing import Any

import typer

from baton.cli.option_checks import STDIN, check_input
from baton.cli.terminal.failures import Failed

YAML_SUFFIXES = (".yaml", ".yml")


def parse_object(text: str) -> dict[str, Any]:
    """Parse the value of an option: a JSON object, the file of `@FILE`, or stdin for `@-`.

    Raises BadParameter, whose message has the line and column of a syntax error.
    """
    source = text.removeprefix("@")
    prefix, raw = ("", text) if source == text else (f"{source}: ", _text_of_option(source))
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise typer.BadParameter(f"{prefix}not JSON ({error}): {_short(raw)}") from None
    if not isinstance(value, dict):
        raise typer.BadParameter(f"{prefix}expected a JSON object, got {_short(raw)}")
    return value


def load_document(source: Path) -> Any:
    """Return the content of a JSON or YAML file (`STDIN` too); raises Failed if it is neither."""
    raw = _read_text(source)
    looks_like_json = raw.lstrip().startswith(("{", "[")) and source.suffix not in YAML_SUFFIXES
    if source.suffix == ".json" or looks_like_json:
        try:
            return json.loads(raw)
        except ValueError as error:
            raise Failed(f"{source} is not JSON: {error}") from None
    return _parse_yaml(source, raw)


def _text_of_option(source: str) -> str:
    if not source:
        raise typer.BadParameter("name a file behind @")
    path = Path(source)
    check_input(path)
    try:
        return _read_text(path)
    except Failed as error:
        raise typer.BadParameter(str(error)) from None


def _read_text(source: Path) -> str:
    try:
        return sys.stdin.read() if source == STDIN else source.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise Failed(f"{source} can't be read: it is not UTF-8") from None


def _parse_yaml(source: Path, raw: str) -> Any:
    import yaml

    class Loader(yaml.SafeLoader):
        """Reads an unquoted time as a string, because JSON has no times."""

    Loader.yaml_implicit_resolvers = {
        first: [resolver for resolver in resolvers if resolver[0] != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    try:
        value = yaml.load(raw, Loader)  # noqa: S506 - a subclass of SafeLoader
        json.dumps(value, allow_nan=False)
    except yaml.MarkedYAMLError as error:
        raise Failed(f"{source} is not YAML: {_where(error)}") from None
    except yaml.YAMLError as error:
        raise Failed(f"{source} is not YAML: {error}") from None
    except (TypeError, ValueError, RecursionError) as error:
        raise Failed(
            f"{source} holds a value that JSON can't express; put it in quotes: {error}"
        ) from None
    return value


def _where(error: Any) -> str:
    """Return a YAML error as one line, with its line and column."""
    mark = error.problem_mark or error.context_mark
    place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else ""
    return f"{error.problem or error.context}{place}"


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:60]}…")  # noqa: PLR2004 - to fit a line
