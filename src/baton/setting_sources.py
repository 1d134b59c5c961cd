"""Reads settings from the files that variables name and from baton.toml, and finds unknown names.

In baton.toml files and modules with functions stand as `functions = […]`, or as `modules = […]`
under `[functions]`, beside declarations `[functions.NAME]`: TOML has no place for the first form
beside declarations.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Any, Final

from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    SettingsError,
    TomlConfigSettingsSource,
)

from baton.domain.nearest_name import did_you_mean, nearest_name

PREFIX: Final = "BATON_"
FILE: Final = "baton.toml"
FUNCTIONS, DECLARED, MODULES = "functions", "declared_functions", "modules"
"""Names of settings, and the member of `[functions]` that lists files and modules."""

_OTHER_VARIABLES: Final = frozenset(("TRACEBACK",))
"""Variables that are no settings, without the prefix."""
_LIST: Final = re.compile(r"^\s*functions\s*=", re.MULTILINE)
_TABLES: Final = re.compile(r"^\s*(\[\s*functions\s*[.\]]|functions\s*\.)", re.MULTILINE)


class UnreadableSettings(SettingsError):
    """A source of settings can't be read or has a name that isn't known; the message says all."""


class FilesSource(EnvSettingsSource):
    """Reads each setting X from the file that X_FILE names, without its last line end."""

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        super().__init__(settings_cls)
        named = (variable_of(name) for name in _named_by_file(settings_cls))
        found = ((variable, _content_of(variable)) for variable in named)
        self.env_vars = {name.lower(): text for name, text in found if text is not None}


class TomlSource(TomlConfigSettingsSource):
    """Reads baton.toml from the working folder; raises UnreadableSettings."""

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        try:
            super().__init__(settings_cls)
        except (TOMLDecodeError, UnicodeDecodeError) as error:
            raise UnreadableSettings(_unreadable(error)) from None

    def __call__(self) -> dict[str, Any]:
        """Return the settings by name."""
        read = dict(super().__call__())
        fields = self.settings_cls.model_fields
        for name in read:
            if name not in fields:
                raise UnreadableSettings(f"{FILE}: {name} is unknown{did_you_mean(name, fields)}")
        functions = read.get(FUNCTIONS)
        return _split_functions(read, functions) if isinstance(functions, dict) else read


def variable_of(name: str) -> str:
    """Return the environment variable of a setting."""
    return f"{PREFIX}{name.upper()}"


def unknown_variables(
    settings_cls: type[BaseSettings], environment: Iterable[str]
) -> Iterator[str]:
    """Yield a sentence about each variable that begins as Baton's do and isn't one of them."""
    known = {*map(str.upper, settings_cls.model_fields), *_OTHER_VARIABLES}
    files = {f"{name.upper()}_FILE" for name in _named_by_file(settings_cls)}
    for variable in sorted(environment):
        name = variable.upper().removeprefix(PREFIX)
        if variable.upper().startswith(PREFIX) and name not in known | files:
            nearest = nearest_name(name, files if name.endswith("_FILE") else known)
            hint = f"; did you mean '{PREFIX}{nearest}'?" if nearest else ""
            yield f"{variable} is unknown and ignored{hint}"


def _named_by_file(settings_cls: type[BaseSettings]) -> list[str]:
    """Return the settings that a file may hold: all without a setting of that name."""
    fields = settings_cls.model_fields
    return [name for name in fields if f"{name}_file" not in fields]


def _content_of(variable: str) -> str | None:
    """Return the content of a variable's file, None if none is named."""
    path = os.environ.get(f"{variable}_FILE")
    if path is None:
        return None
    if variable in os.environ:
        message = f"{variable} and {variable}_FILE are both set: leave one of them out"
        raise UnreadableSettings(message)
    try:
        return Path(path).read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UnreadableSettings(f"{variable}_FILE names {path}: {reason}") from None


def _split_functions(read: dict[str, Any], functions: Mapping[str, object]) -> dict[str, Any]:
    """Return the settings with the `[functions]` table as declarations and, if any, modules."""
    declared = dict(functions)
    del read[FUNCTIONS]
    if not isinstance(declared.get(MODULES, {}), dict):
        read[FUNCTIONS] = declared.pop(MODULES)
    for name, value in declared.items():
        if not isinstance(value, dict):
            raise UnreadableSettings(
                f"{FILE}: {name} under [functions] is unknown: write modules = […] for files and"
                f" modules, or [functions.{name}] with a url or a queue"
            )
    return {**read, DECLARED: declared}


def _unreadable(error: Exception) -> str:
    text = Path(FILE).read_text(encoding="utf-8", errors="replace")
    if _LIST.search(text) and _TABLES.search(text):
        return (
            f"{FILE} can't be read: TOML has no place for functions = … beside [functions.NAME]:"
            " write the files and modules as modules = […] under [functions]"
        )
    return f"{FILE} can't be read: {error}"
