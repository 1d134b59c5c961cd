"""Reads settings from the files that variables name and from baton.toml, and reports unknown names.

Each setting X, in a variable or in baton.toml, may come from a file: `BATON_X_FILE`, or `X_file`.
baton.toml lists files and modules with functions as `functions = […]`, or, beside declarations
`[functions.NAME]`, as `modules = […]` under `[functions]`, because TOML doesn't allow the first
form there.
"""

import os
import re
from collections.abc import Container, Iterable, Iterator, Mapping
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
from baton.eventlog.errors import FileNotReadable

PREFIX: Final = "BATON_"
FILE: Final = "baton.toml"
FUNCTIONS, DECLARED, MODULES = "functions", "declared_functions", "modules"
"""Names of settings, and the member of `[functions]` that lists files and modules."""

_OTHER_VARIABLES: Final = frozenset(("TRACEBACK",))
"""Variables that aren't settings, without the prefix."""
_OF_TESTS: Final = "TEST_"
"""The beginning, after the prefix, of variables of Baton's own tests."""
_LIST: Final = re.compile(r"^\s*functions\s*=", re.MULTILINE)
_TABLES: Final = re.compile(r"^\s*(\[\s*functions\s*[.\]]|functions\s*\.)", re.MULTILINE)


class UnreadableSettings(SettingsError):
    """A source of settings can't be read or has an unknown name; the message is complete."""


class _TextSource(EnvSettingsSource):
    """Reads settings from texts, in the format of variables."""

    def __init__(self, settings_cls: type[BaseSettings], texts: Mapping[str, str]) -> None:
        super().__init__(settings_cls)
        self.env_vars = {variable_of(name).lower(): text for name, text in texts.items()}


class FilesSource(_TextSource):
    """Reads each setting X from the file that X_FILE names, without its last line end."""

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        texts: dict[str, str] = {}
        for name in _named_by_file(settings_cls):
            variable = variable_of(name)
            path = os.environ.get(f"{variable}_FILE")
            if path is not None:
                _refuse_both(os.environ, variable, f"{variable}_FILE")
                texts[name] = _content_of(f"{variable}_FILE", path)
        super().__init__(settings_cls, texts)


class TomlSource(TomlConfigSettingsSource):
    """Reads baton.toml from the working folder; raises UnreadableSettings.

    After a call, `named_by_file` holds the settings whose values come from a file.
    """

    named_by_file: frozenset[str] = frozenset()

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        try:
            super().__init__(settings_cls)
        except (TOMLDecodeError, UnicodeDecodeError) as error:
            raise UnreadableSettings(_unreadable(error)) from None

    def __call__(self) -> dict[str, Any]:
        """Return the settings by name."""
        read = dict(super().__call__())
        fields = self.settings_cls.model_fields
        files = {f"{name}_file": name for name in _named_by_file(self.settings_cls)}
        for name in read:
            if name not in fields and name not in files:
                known = files if name.endswith("_file") else fields
                raise UnreadableSettings(f"{FILE}: {name} is unknown{did_you_mean(name, known)}")
        functions = read.get(FUNCTIONS)
        if isinstance(functions, dict):
            read = _split_functions(read, functions)
        from_files = {files[key]: _toml_content(read, key) for key in files.keys() & read.keys()}
        self.named_by_file = frozenset(from_files)
        return {**read, **_TextSource(self.settings_cls, from_files)()}


def variable_of(name: str) -> str:
    """Return the environment variable of a setting."""
    return f"{PREFIX}{name.upper()}"


def unknown_variables(
    settings_cls: type[BaseSettings], environment: Iterable[str]
) -> Iterator[str]:
    """Yield a sentence about each unknown variable with Baton's prefix."""
    known = {*map(str.upper, settings_cls.model_fields), *_OTHER_VARIABLES}
    files = {f"{name.upper()}_FILE" for name in _named_by_file(settings_cls)}
    for variable in sorted(environment):
        name = variable.upper().removeprefix(PREFIX)
        ours = variable.upper().startswith(PREFIX) and not name.startswith(_OF_TESTS)
        if ours and name not in known | files:
            nearest = nearest_name(name, files if name.endswith("_FILE") else known)
            hint = f"; did you mean '{PREFIX}{nearest}'?" if nearest else ""
            yield f"{variable} is unknown and ignored{hint}"


def _named_by_file(settings_cls: type[BaseSettings]) -> list[str]:
    """Return the settings that a file may hold: all except those with a setting for their file."""
    fields = settings_cls.model_fields
    return [name for name in fields if f"{name}_file" not in fields]


def _toml_content(table: dict[str, Any], key: str, of: str = "") -> str:
    """Remove the member `key` of a table, and return the content of the file that it names."""
    path, shown = table.pop(key), f"{FILE}: {of}{key}"
    if not isinstance(path, str):
        raise UnreadableSettings(f"{shown} must be the path of a file")
    _refuse_both(table, key.removesuffix("_file"), key, f"{FILE}: {of}")
    return _content_of(shown, path)


def _refuse_both(names: Container[str], name: str, file: str, where: str = "") -> None:
    if name in names:
        message = f"{where}{name} and {file} are both set: leave one of them out"
        raise UnreadableSettings(message)


def _content_of(named_by: str, path: str) -> str:
    """Return the content of a file without its last line end; raises FileNotReadable."""
    try:
        return Path(path).read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
    except OSError as error:
        raise FileNotReadable(f"{named_by} names {path}: {error.strerror}") from None
    except ValueError:
        raise UnreadableSettings(f"{named_by} names {path}: it is not UTF-8") from None


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
        if "secret_file" in value:
            value["secret"] = _toml_content(value, "secret_file", f"[functions.{name}] ")
    return {**read, DECLARED: declared}


def _unreadable(error: Exception) -> str:
    text = Path(FILE).read_text(encoding="utf-8", errors="replace")
    if _LIST.search(text) and _TABLES.search(text):
        return (
            f"{FILE} can't be read: TOML has no place for functions = … beside [functions.NAME]:"
            " write the files and modules as modules = […] under [functions]"
        )
    return f"{FILE} can't be read: {error}"
