"""Loads the settings for a verb; an error names the setting and its variable."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from baton.cli.terminal.failures import Failed, print_error

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from baton.settings import Settings

_warned: set[str] = set()
"""The warnings that this process has printed."""


def load_settings(*, data: Path | None = None, **flags: Any) -> "Settings":
    """Return the settings; flags take precedence, and None means that a flag wasn't given.

    A data folder given by flag takes precedence over BATON_STORE. An unknown variable that begins
    with BATON_ is named on stderr. Raises Failed.
    """
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    from baton.setting_sources import UnreadableSettings
    from baton.settings import Settings

    if data is not None:
        flags |= {"data": data, "store": ""}
    set_flags = {name: value for name, value in flags.items() if value is not None}
    try:
        settings = Settings(**set_flags)
    except ValidationError as error:
        raise Failed(_fault(error)) from None
    except UnreadableSettings as error:
        raise Failed(str(error)) from None
    except SettingsError as error:
        raise Failed(f"The environment can't be read: {error}") from None
    _warn_of_unknown(type(settings))
    return settings


def _warn_of_unknown(settings_cls: "type[Settings]") -> None:
    from baton.setting_sources import unknown_variables

    for sentence in unknown_variables(settings_cls, os.environ):
        if sentence not in _warned:
            _warned.add(sentence)
            print_error(sentence)


def _fault(error: "ValidationError") -> str:
    from baton.setting_sources import DECLARED, variable_of

    first = error.errors(include_url=False, include_input=False)[0]
    message = first["msg"].removeprefix("Value error, ")
    name, *inside = (str(part) for part in first["loc"] or ("settings",))
    if name == DECLARED and inside:
        return _fault_of_function(first, message, *inside)
    return f"{name} ({variable_of(name)}, or {name} in baton.toml): {message}"


def _fault_of_function(fault: "ErrorDetails", message: str, name: str, *inside: str) -> str:
    """Return a fault of `[functions.NAME]` or of one of its members."""
    from baton.domain.nearest_name import did_you_mean
    from baton.settings import DeclaredFunction

    member = ".".join(inside)
    if fault["type"] == "extra_forbidden":
        message = f"is unknown{did_you_mean(member, DeclaredFunction.model_fields)}"
    return f"baton.toml: [functions.{name}]{member and f' {member}'}: {message}"
